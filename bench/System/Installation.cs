using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Merlon.Bench.Whole;

/// <summary>A real installation of the published program, with a deployed model.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _program;
    private readonly Process _up;

    private Installation(string folder, string program, Process up)
    {
        _folder = folder;
        _program = program;
        _up = up;
    }

    public int GatewayPort { get; private set; }
    public int GatewayProcess { get; private set; }
    public string Key { get; private set; } = "";
    public string WorkerSocket { get; private set; } = "";
    public string Manifest { get; private set; } = "";
    public string ModelFile => Path.Combine(_folder, "fraud", "model.onnx");
    public string Folder => _folder;

    public static async Task<Installation> StartAsync(string root)
    {
        var folder = Directory.CreateTempSubdirectory("merlon-bench-").FullName;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var program = Path.Combine(root, "artifacts", "merlon", "merlon");
        var up = Process.Start(new ProcessStartInfo(program, ["up", "--data", $"{folder}/data", "--root-key", $"{folder}/root.key", "--control-port", "0", "--gateway-port", "0"]) { RedirectStandardOutput = true })!;
        var text = "";
        while (!text.Contains("Ctrl-C", StringComparison.Ordinal))
            text += await up.StandardOutput.ReadLineAsync() + "\n" ?? throw new IOException("merlon up ended: " + text);
        var installation = new Installation(folder, program, up)
        {
            GatewayPort = int.Parse(Regex.Match(text, @"inference\s+https://localhost:(\d+)", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value),
        };
        await installation.DeployAsync(text);
        return installation;
    }

    private async Task DeployAsync(string screen)
    {
        var login = Regex.Match(screen, @"merlon (login .*)", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value.Trim();
        await RunAsync(login.Split(' '));
        await RunAsync("sample", "fraud", $"{_folder}/fraud");
        await RunAsync("model", "push", "fraud", $"{_folder}/fraud");
        var deployed = JsonNode.Parse(await RunAsync("deploy", "fraud@1", "--endpoint", "fraud", "--env", "development", "--json"))!;
        Manifest = deployed["manifest"]!.GetValue<string>();
        var key = JsonNode.Parse(await RunAsync("key", "create", "--endpoint", "fraud", "--name", "bench", "--expires", "1d", "--rate", "1000000", "--json"))!;
        Key = key["key"]!.GetValue<string>();
        var endpoints = JsonNode.Parse(await RunAsync("endpoint", "list", "--json"))!;
        WorkerSocket = endpoints[0]!["worker"]!["socketPath"]!.GetValue<string>();
        GatewayProcess = Process.GetProcessesByName("dotnet").First(p => IsOurs(p.Id, "gateway")).Id;
    }

    private bool IsOurs(int processId, string role)
    {
        try
        {
            var command = File.ReadAllText($"/proc/{processId}/cmdline").Split('\0');
            var parent = File.ReadLines($"/proc/{processId}/status").First(l => l.StartsWith("PPid:", StringComparison.Ordinal))[5..].Trim();
            return command.Contains(role) && parent == _up.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        var info = new ProcessStartInfo(_program, arguments) { RedirectStandardOutput = true };
        info.Environment["MERLON_CONFIG"] = $"{_folder}/config";
        using var process = Process.Start(info)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"merlon {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _up.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        await _up.WaitForExitAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
