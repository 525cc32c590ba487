using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli;

/// <summary>What the commands share: the options that several have, and how an action ends.</summary>
internal static class CommandBase
{
    public static Option<bool> JsonOption() => new("--json") { Description = "Print the answer as JSON" };

    public static Argument<string> ReferenceArgument() => new("NAME@N") { Description = "Model and version, as in fraud@1" };

    public static Option<string> EnvironmentOption() => new("--env") { Description = "Environment, as named in the policy", Required = true };

    /// <summary>Runs an action against the control API and turns refusals into exit codes.</summary>
    public static Command Does(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction((result, cancellationToken) => GuardAsync(() => action(result, cancellationToken)));
        return command;
    }

    public static TCommand With<TCommand>(this TCommand command, params Symbol[] symbols)
        where TCommand : Command
    {
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
                command.Arguments.Add(argument);
            else if (symbol is Option option)
                command.Options.Add(option);
            else if (symbol is Command child)
                command.Subcommands.Add(child);
        }
        return command;
    }

    public static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (CliException e)
        {
            Output.Error(e.Message, e.Remedy);
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            Output.Error("Stopped.", null);
            return ExitCodes.Refused;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException)
        {
            Output.Error(e.Message, null);
            return ExitCodes.Unreachable;
        }
        catch (JsonException)
        {
            Output.Error("The answer or file is not the JSON that was expected.", "Is there a Merlon server of the same version behind the address?");
            return ExitCodes.Refused;
        }
        catch (InvalidDataException e)
        {
            Output.Error(e.Message, null);
            return ExitCodes.Refused;
        }
        catch (Exception e)
        {
            // A defect of this program. Even then people get a sentence, and no picture of its inside.
            Output.Error($"Something went wrong that should not: {e.Message}", null);
            return ExitCodes.Refused;
        }
    }

    /// <summary>Prints the node as JSON when asked; says whether it did.</summary>
    public static bool PrintedJson(this ParseResult result, Option<bool> option, JsonNode node)
    {
        if (!result.GetValue(option))
            return false;
        Output.Json(node);
        return true;
    }

    public static (string Name, int Version) Reference(string text) => Registry.Contracts.ModelReference.TryParse(text, out var reference)
        ? (reference.Name, reference.Version)
        : throw CliException.Usage($"'{Kernel.Text.Printable(text, 80)}' is not a version.", "Write NAME@N, as in fraud@1.");

    public static IEnumerable<JsonNode> Items(this JsonNode? node) => node is JsonArray array ? array.OfType<JsonNode>() : [];
}
