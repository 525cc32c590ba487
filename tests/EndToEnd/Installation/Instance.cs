using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>
/// One installation on this machine: its folder (data, root key, the administrator's settings), and while it is started the process of
/// <c>merlon up</c>. Everything it prints is kept and may be searched.
/// </summary>
public sealed partial class Instance : IAsyncDisposable
{
    private readonly StringBuilder _printed = new();
    private readonly bool _ownsFolder;
    private Process? _up;

    public Instance(string? folder = null)
    {
        _ownsFolder = folder is null;
        // All parents passable for the roles' users, which have no rights here.
        Folder = folder ?? Directory.CreateDirectory(
            Path.Combine("/var/tmp", "merlon-e2e-" + Guid.CreateVersion7().ToString("n")[^10..]),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherExecute).FullName;
        Data = Path.Combine(Folder, "data");
        RootKey = Path.Combine(Folder, "root.key");
    }

    public string Folder { get; }
    public string Data { get; init; }
    public string RootKey { get; set; }
    public string Settings => Path.Combine(Folder, "settings");
    public int ControlPort { get; private set; }
    public int GatewayPort { get; private set; }
    public string BootstrapCode { get; private set; } = "";
    public int ProcessId => _up!.Id;
    public bool IsRunning => _up is { HasExited: false };
    public int ExitCode => _up!.ExitCode;
    public TimeSpan StartTime { get; private set; }
    public string Server => string.Create(CultureInfo.InvariantCulture, $"https://localhost:{ControlPort}");
    public string CaFile => Path.Combine(Data, "ca.pem");
    public string Printed
    {
        get
        {
            lock (_printed)
                return _printed.ToString();
        }
    }

    public string Token => JsonNode.Parse(File.ReadAllText(Path.Combine(Settings, "credentials.json")))!["Token"]!.GetValue<string>();

    [GeneratedRegex(@"control\s+https://localhost:(?<control>\d+)[\s\S]*inference\s+https://localhost:(?<gateway>\d+)[\s\S]*Ctrl-C stops", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Addresses();

    [GeneratedRegex(@"--bootstrap (?<code>\S+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Bootstrap();

    /// <summary>Starts again on the ports of the last start.</summary>
    public bool KeepPorts { get; set; }

    /// <summary>Starts it and waits until it has printed its addresses.</summary>
    public async Task<Instance> StartAsync(params string[] more)
    {
        var before = Printed.Length;
        Launch(more);
        try
        {
            return await ReadyAsync(before);
        }
        catch
        {
            // A test whose preparation fails is not asked to clean up.
            if (IsRunning)
                await StopAsync();
            throw;
        }
    }

    private async Task<Instance> ReadyAsync(int before)
    {
        var clock = Stopwatch.StartNew();
        while (!Addresses().IsMatch(Printed[before..]))
        {
            Assert.False(_up!.HasExited, $"'merlon up' ended with {(_up.HasExited ? _up.ExitCode : 0)}:\n{Printed[before..]}\n{Logs()}");
            Assert.True(clock.Elapsed.TotalSeconds < 60, $"'merlon up' is not ready:\n{Printed[before..]}\n{Logs()}");
            await Task.Delay(10);
        }
        StartTime = clock.Elapsed;
        var addresses = Addresses().Match(Printed[before..]);
        ControlPort = int.Parse(addresses.Groups["control"].Value, CultureInfo.InvariantCulture);
        GatewayPort = int.Parse(addresses.Groups["gateway"].Value, CultureInfo.InvariantCulture);
        if (Bootstrap().Match(Printed[before..]) is { Success: true } code)
            BootstrapCode = code.Groups["code"].Value;
        return this;
    }

    private void Launch(string[] more)
    {
        string[] words = ["up", "--data", Data, "--root-key", RootKey, "--control-port", Port(ControlPort), "--gateway-port", Port(GatewayPort), .. more];
        _up = Process.Start(new ProcessStartInfo(PublishedProgram.Executable, words) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _up.OutputDataReceived += (_, e) => Keep(e.Data);
        _up.ErrorDataReceived += (_, e) => Keep(e.Data);
        _up.BeginOutputReadLine();
        _up.BeginErrorReadLine();
    }

    // 0 takes a free one.
    private string Port(int former) => (KeepPorts ? former : 0).ToString(CultureInfo.InvariantCulture);

    private void Keep(string? line)
    {
        lock (_printed)
            _printed.AppendLine(line);
    }

    /// <summary>Signs the administrator in with the code that the first start printed.</summary>
    public async Task<Instance> SignInAsync()
    {
        (await People.SignInAsync(Settings, "login", "--bootstrap", BootstrapCode, "--server", Server)).Exits(0);
        return this;
    }

    /// <summary>Points the settings to the port of this start; the token stays.</summary>
    public void FollowPort(string? settings = null)
    {
        var file = Path.Combine(settings ?? Settings, "credentials.json");
        var credentials = JsonNode.Parse(File.ReadAllText(file))!;
        credentials["Server"] = Server;
        File.WriteAllText(file, credentials.ToJsonString(new JsonSerializerOptions()));
    }

    /// <summary>Runs the program as the administrator of this installation.</summary>
    public Task<CommandResult> RunAsync(params string[] words) => RunAsAsync(Settings, words);

    public static Task<CommandResult> RunAsAsync(string settings, params string[] words) => People.RunAsync(settings, words);

    /// <summary>Makes a principal with its own settings folder, and returns that.</summary>
    public async Task<string> SignInAsAsync(string name, string role)
    {
        var made = (await RunAsync("principal", "create", name, "--role", role, "--json")).Exits(0).Json;
        var settings = Path.Combine(Folder, "settings-" + name);
        (await People.SignInAsync(settings, "login", "--token", made["token"]!.GetValue<string>(), "--server", Server, "--ca", CaFile)).Exits(0);
        return settings;
    }

    /// <summary>The process of a role, a child of <c>merlon up</c>; 0 while there is none.</summary>
    public int ProcessOf(string role) => ProcessTable.All().FirstOrDefault(id =>
        ProcessTable.ParentOf(id) == ProcessId && ProcessTable.CommandOf(id) is [.., "run-role", var name] && name == role);

    public ControlApi Api(string? token = null) => new(this, token ?? Token, token is null || token == Token ? People.AuthenticatorOf(Settings) : null);

    public string Logs() => Directory.Exists(Path.Combine(Data, "logs"))
        ? string.Join('\n', Directory.EnumerateFiles(Path.Combine(Data, "logs")).Select(f => $"== {Path.GetFileName(f)}\n{File.ReadAllText(f)}"))
        : "";

    /// <summary>Asks it to stop and waits until it has.</summary>
    public async Task<TimeSpan> StopAsync()
    {
        var clock = Stopwatch.StartNew();
        ProcessTable.Signal(ProcessId, ProcessTable.Terminate);
        await _up!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return clock.Elapsed;
    }

    /// <summary>kill -9 of the supervisor.</summary>
    public async Task KillAsync()
    {
        ProcessTable.Signal(ProcessId, ProcessTable.Kill);
        await _up!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await StopAsync();
        _up?.Dispose();
        if (_ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }
}
