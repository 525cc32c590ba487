using System.CommandLine;
using Merlon.App.Backup;
using Merlon.App.Cli.Access;
using Merlon.App.Cli.Admission;
using Merlon.App.Cli.Audit;
using Merlon.App.Cli.Models;
using Merlon.App.Cli.Scanning;
using Merlon.App.Cli.Serving;
using Merlon.App.Cli.Signing;
using Merlon.App.Demo;
using Merlon.App.Roles;
using Merlon.App.Up;

namespace Merlon.App.Cli;

/// <summary>The command line: one verb, one file.</summary>
internal static class MerlonCli
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Merlon is the secure way into and out of an AI model.").With(
            UpCommand.Make(), DemoCommand.Make(),
            LoginCommand.Make(), LoginCommand.MakeLogout(), LoginCommand.MakeWhoAmI(),
            MfaCommand.Make(), PasswordCommand.Make(), SessionCommand.Make(),
            ModelCommand.Make(), SampleCommand.Make(), SignCommand.Make(), VerifyCommand.Make(), ScanCommand.Make(),
            AdmitCommand.Make(), ApproveCommand.Make(), PolicyCommand.Make(),
            DeployCommand.Make(), RollbackCommand.Make(), EndpointCommand.Make(),
            KeyCommand.Make(), PrincipalCommand.Make(), ServiceCommand.Make(), WorkloadCommand.Make(), SsoCommand.Make(), FederationCommand.Make(), RoleCommands.Make(), GroupCommand.Make(), BindingCommand.Make(), AccessCommand.Make(),
            ProjectCommand.Make(), OrganizationCommand.Make(), BreakGlassCommand.Make(),
            AuditCommand.Make(),
            BackupCommand.Make(), RestoreCommand.Make(), RoleCommand.Make());
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                Output.Error(error.Message, null);
            Output.Error($"See: merlon {string.Join(' ', CommandPath(parsed))}--help", null);
            return ExitCodes.Usage;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static IEnumerable<string> CommandPath(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var result = parsed.CommandResult; result?.Parent is not null; result = result.Parent as System.CommandLine.Parsing.CommandResult)
            names.Push(result.Command.Name);
        return names.Count == 0 ? [] : [.. names, ""];
    }
}
