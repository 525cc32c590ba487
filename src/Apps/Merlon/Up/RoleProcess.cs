using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Merlon.App.Roles;

namespace Merlon.App.Up;

/// <summary>One role as a child process: started with its own user, watched, and started again when it dies.</summary>
internal sealed class RoleProcess(RoleStart start, ProgramStage program, int user, RoleLog log, Action<string> tell, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan s_startPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_stopPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);

    private const int KillSignal = 9;
    private const int MaxReadyLine = 64 << 10;
    private const int MaxLogLine = 16 << 10;
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stopping = new();
    private long _launchedAt;
    private Task _exited = Task.CompletedTask;
    private TaskCompletionSource<RoleReady> _ready = NewReady();
    private Process? _process;
    private Task _watch = Task.CompletedTask;
    private RoleStart _start = start;

    public string Role => _start.Role;
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Starts the role and waits until it is ready.</summary>
    /// <exception cref="Cli.CliException">It did not become ready; the last line of its log says why.</exception>
    public async Task<RoleReady> StartAsync(CancellationToken cancellationToken)
    {
        Launch();
        var exited = _exited;
        await Task.WhenAny(_ready.Task, exited, Task.Delay(s_startPatience, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_ready.Task.IsCompletedSuccessfully)
        {
            var why = exited.IsCompleted ? "stopped while it started" : "did not become ready";
            throw Cli.CliException.Refused($"The role {Role} {why}. {log.LastProblem}".TrimEnd(), $"Its log: {log.FilePath}");
        }
        var ready = await _ready.Task;
        // A restart must be reachable where the first start was.
        _start = _start with { Port = ready.Port, Recover = false };
        _watch = WatchAsync();
        return ready;
    }

    private void Launch()
    {
        _launchedAt = time.GetTimestamp();
        _ready = NewReady();
        var info = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var command = Command();
        info.FileName = command[0];
        foreach (var word in command[1..])
            info.ArgumentList.Add(word);
        SetEnvironment(info);
        var process = Process.Start(info) ?? throw new InvalidOperationException($"The role {Role} could not be started.");
        process.OutputDataReceived += (_, e) => OnLine(e.Data);
        process.ErrorDataReceived += (_, e) => OnLine(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.WriteLine(JsonSerializer.Serialize(_start));
        process.StandardInput.Flush();
        _process = process;
        _exited = ExitOf(process);
    }

    /// <summary>
    /// Completes when the process itself has ended. The framework's own wait also waits for the end of the output, which a grandchild that is still dying
    /// can hold open.
    /// </summary>
    private static Task ExitOf(Process process)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Exited += (_, _) => ended.TrySetResult();
        process.EnableRaisingEvents = true;
        if (process.HasExited)
            ended.TrySetResult();
        return ended.Task;
    }

    private List<string> Command()
    {
        List<string> run = [program.Dotnet, program.Assembly, "run-role", Role];
        if (!RoleUsers.IsRoot || user == 0)
            return run;
        var id = user.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return
        [
            "setpriv", $"--reuid={id}", $"--regid={id}", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all",
            "--", .. run,
        ];
    }

    private void SetEnvironment(ProcessStartInfo info)
    {
        // Nothing of the caller's environment reaches a role but what it needs to run.
        var path = info.Environment.TryGetValue("PATH", out var value) ? value : null;
        info.Environment.Clear();
        info.Environment["PATH"] = string.IsNullOrEmpty(path) ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" : path;
        // The roles' users have no home; the framework's certificate code asks for one and is content with an absent folder.
        info.Environment["HOME"] = "/nonexistent";
        info.Environment["DOTNET_ROOT"] = program.DotnetRoot;
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        info.Environment["DOTNET_gcServer"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "1";
        info.Environment["ORT_DISABLE_TELEMETRY"] = "1";
        info.WorkingDirectory = "/";
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        // Believed once, and never more than a line that reads well: a role that was taken over must not bring its parent down.
        if (!_ready.Task.IsCompleted && line.Length <= MaxReadyLine && line.StartsWith(RoleReady.Mark, StringComparison.Ordinal) && ParseReady(line) is { } ready)
            _ready.TrySetResult(ready);
        else
            log.Write(line.Length > MaxLogLine ? line[..MaxLogLine] : line);
    }

    private static RoleReady? ParseReady(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<RoleReady>(line.AsSpan(RoleReady.Mark.Length));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Starts the role again whenever it ends. Never fails itself: whatever goes wrong with one start, there is a next one.</summary>
    private async Task WatchAsync()
    {
        var pause = s_shortestPause;
        while (true)
        {
            await _exited;
            if (_stopping.IsCancellationRequested)
                return;
            tell($"{Role} stopped unexpectedly (exit {_process!.ExitCode}) after {time.GetElapsedTime(_launchedAt).TotalSeconds:0} s; starting it again.");
            // A role that was ready before it ended starts again at once; one that cannot start is given more and more time.
            pause = _ready.Task.IsCompleted ? s_shortestPause : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, s_longestPause.Ticks));
            do
            {
                await Task.Delay(pause, time);
                if (_stopping.IsCancellationRequested)
                    return;
            }
            while (!TryLaunch());
            _ = TellWhenReadyAsync(_process!.Id, _ready.Task, _exited);
        }
    }

    private bool TryLaunch()
    {
        var former = _process;
        try
        {
            Launch();
            former?.Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or Win32Exception or InvalidOperationException)
        {
            tell($"{Role} could not be started: {e.Message}");
            return false;
        }
    }

    /// <summary>Says what a restarted role repaired; ends one that does not become ready.</summary>
    private async Task TellWhenReadyAsync(int processId, Task<RoleReady> ready, Task exited)
    {
        await Task.WhenAny(ready, exited, Task.Delay(s_startPatience, time));
        if (exited.IsCompleted)
            return;
        if (!ready.IsCompletedSuccessfully)
        {
            tell($"{Role} did not become ready within {s_startPatience.TotalSeconds:0} seconds; ending it.");
            _ = RoleUsers.Signal(processId, KillSignal);
            return;
        }
        foreach (var note in (await ready).Notes)
            tell(note);
        if ((await ready).BootstrapCode is { } code)
            tell($"The bootstrap code is now {code}");
    }

    /// <summary>Asks the role to drain and stop; kills it when it does not.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        if (_process is null)
            return;
        const int terminate = 15;
        _ = RoleUsers.Signal(_process.Id, terminate);
        var exited = _exited;
        if (await Task.WhenAny(exited, Task.Delay(s_stopPatience, time)) != exited)
        {
            tell($"{Role} did not stop within {s_stopPatience.TotalSeconds:0} seconds; killing it.");
            _ = RoleUsers.Signal(_process.Id, KillSignal);
            await exited;
        }
        await _watch;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process?.Dispose();
        _stopping.Dispose();
    }

    private static TaskCompletionSource<RoleReady> NewReady() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
