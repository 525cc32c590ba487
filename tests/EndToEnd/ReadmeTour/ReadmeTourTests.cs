using System.Text.RegularExpressions;

namespace Merlon.EndToEnd.Tests.ReadmeTour;

/// <summary>The tour in README.md is what a stranger types. It is run as it stands, against a fresh installation.</summary>
public sealed partial class ReadmeTourTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly Instance _instance = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _instance.DisposeAsync();

    [GeneratedRegex(@"^```sh tour\s*\n(?<commands>[\s\S]*?)^```", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Tour();

    [Fact]
    public async Task Tour_OnAFreshInstallation_Works()
    {
        var readme = Path.Combine(PublishedProgram.Repository, "README.md");
        var tour = File.Exists(readme) ? Tour().Match(await File.ReadAllTextAsync(readme)) : Match.Empty;
        if (!tour.Success)
        {
            Console.Error.WriteLine("Skipped: README.md has no block fenced as 'sh tour'.");
            return;
        }
        await _instance.StartAsync();
        await RunAsync(tour.Groups["commands"].Value);
    }

    /// <summary>The commands of docs/access.md, in their order, as the administrator types them.</summary>
    [Fact]
    public async Task AccessDocument_OnAFreshInstallation_Works()
    {
        var blocks = Tour().Matches(await File.ReadAllTextAsync(Path.Combine(PublishedProgram.Repository, "docs", "access.md"))).Select(m => m.Groups["commands"].Value).ToList();
        Assert.InRange(blocks.Count, 4, 20);
        await _instance.StartAsync();
        await _instance.SignInAsync();
        await RunAsync(string.Join('\n', blocks));
    }

    /// <summary>The commands as one script that stops at the first failure, with the program on the path and the addresses of this installation.</summary>
    private async Task RunAsync(string commands)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_instance.Folder, "tour")).FullName;
        var script = Path.Combine(folder, "tour.sh");
        // The tour is typed in the repository, where ./merlon builds first; here it is built already, and the folder is another so that nothing is left there.
        var program = Path.Combine(folder, "merlon");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec '{PublishedProgram.Executable}' \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(script, "set -euo pipefail\n" + commands
            .Replace("https://localhost:8443", _instance.Server, StringComparison.Ordinal)
            .Replace("localhost:9443", $"localhost:{_instance.GatewayPort}", StringComparison.Ordinal)
            .Replace("/var/lib/merlon", _instance.Data, StringComparison.Ordinal));
        var result = await CommandLine.RunAsync("/bin/bash", [script], new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MERLON_CONFIG"] = _instance.Settings,
            ["DATA"] = _instance.Data,
            ["CODE"] = _instance.BootstrapCode,
            ["PATH"] = folder + ":/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = folder,
        }, folder, seconds: 120, converse: (said, input) => People.AnswerAsync(_instance.Settings, said, input));
        output.WriteLine(result.All);
        result.Exits(0);
    }
}
