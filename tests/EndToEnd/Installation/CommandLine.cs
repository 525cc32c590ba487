using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>What one run of a program said.</summary>
public sealed partial record CommandResult(string Words, int ExitCode, string Output, string Error)
{
    public string All => Output + Error;

    public JsonNode Json => JsonNode.Parse(Output)!;

    /// <summary>Fails the test with all that was said when the exit code is another.</summary>
    public CommandResult Exits(int code)
    {
        Assert.True(ExitCode == code, $"'{Words}' ended with {ExitCode} instead of {code}:\n{All}");
        return this;
    }

    public CommandResult ExitsNot(int code)
    {
        Assert.True(ExitCode != code, $"'{Words}' ended with {code}:\n{All}");
        return this;
    }

    // "   at Namespace.Type.Method(" is how the runtime prints a stack.
    [GeneratedRegex(@"^\s+at [A-Z][\w.+<>`]+\(|Unhandled exception|--- End of stack trace", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Stack();

    public static void AssertNoStackTrace(string text, string where) => Assert.False(Stack().IsMatch(text), $"A stack trace came out of {where}:\n{text}");
}

/// <summary>Runs programs to their end.</summary>
public static class CommandLine
{
    public static async Task<CommandResult> RunAsync(
        string program, IEnumerable<string> words, IReadOnlyDictionary<string, string>? environment = null, string? directory = null, double seconds = 60,
        Func<StreamReader, StreamWriter, Task<string>>? converse = null)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = directory ?? "/",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        // What was read while conversing belongs to the output too.
        var said = converse is null ? "" : await converse(process.StandardOutput, process.StandardInput);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"'{program} {string.Join(' ', words)}' did not end within {seconds} seconds.");
        }
        var result = new CommandResult($"{Path.GetFileName(program)} {string.Join(' ', words)}", process.ExitCode, said + await output, await error);
        CommandResult.AssertNoStackTrace(result.All, result.Words);
        return result;
    }
}
