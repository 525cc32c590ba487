using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;
using Merlon.ControlHost;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>The people at the command lines: each enrols an authenticator when asked to, and gives a fresh code where the program asks for one.</summary>
public static partial class People
{
    private static readonly ConcurrentDictionary<string, Authenticator> s_authenticators = new(StringComparer.Ordinal);

    [GeneratedRegex(@"^\s+secret\s+(?<secret>[A-Z2-7]{32})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Secret();

    public static Authenticator? AuthenticatorOf(string settings) => s_authenticators.GetValueOrDefault(settings);

    /// <summary>Runs the program as who keeps these settings; where it says that the second factor is stale, proves it and runs it again.</summary>
    public static async Task<CommandResult> RunAsync(string settings, params string[] words)
    {
        var result = await OnceAsync(settings, words);
        if (result.ExitCode == 0 || !result.Error.Contains("merlon mfa verify", StringComparison.Ordinal) || AuthenticatorOf(settings) is not { } authenticator)
            return result;
        (await OnceAsync(settings, ["mfa", "verify", "--code", await authenticator.NextAsync(TimeProvider.System)])).Exits(0);
        return await OnceAsync(settings, words);
    }

    /// <summary>Signs in, and answers the questions of the first time: no password, and the code of a new authenticator.</summary>
    public static Task<CommandResult> SignInAsync(string settings, params string[] words) => CommandLine.RunAsync(
        PublishedProgram.Executable, words, Environment(settings), converse: (output, input) => AnswerAsync(settings, output, input));

    public static async Task<string> AnswerAsync(string settings, StreamReader output, StreamWriter input)
    {
        var said = new StringBuilder();
        await input.WriteLineAsync();
        await input.FlushAsync();
        while (await output.ReadLineAsync() is { } line)
        {
            said.AppendLine(line);
            if (Secret().Match(line) is not { Success: true } shown)
                continue;
            var authenticator = s_authenticators[settings] = new Authenticator(shown.Groups["secret"].Value);
            await input.WriteLineAsync(await authenticator.NextAsync(TimeProvider.System));
            await input.FlushAsync();
        }
        return said.ToString();
    }

    private static Task<CommandResult> OnceAsync(string settings, string[] words) => CommandLine.RunAsync(PublishedProgram.Executable, words, Environment(settings));

    private static Dictionary<string, string> Environment(string settings) => new(StringComparer.Ordinal) { ["MERLON_CONFIG"] = settings };
}
