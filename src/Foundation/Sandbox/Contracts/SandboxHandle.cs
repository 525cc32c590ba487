using Merlon.Sandbox.Isolation;

namespace Merlon.Sandbox.Contracts;

/// <summary>One running sandbox. Dispose kills it and removes everything it had.</summary>
public sealed class SandboxHandle : IAsyncDisposable
{
    private readonly SupervisedProcess _process;
    private readonly Func<Task> _kill;
    private int _killed;

    internal SandboxHandle(string name, int processId, IsolationReport isolation, SupervisedProcess process, Func<Task> kill, Func<int, bool, Task<SandboxExit>> cleanUp)
    {
        Name = name;
        ProcessId = processId;
        Isolation = isolation;
        _process = process;
        _kill = kill;
        Exited = WaitAsync(cleanUp);
    }

    public string Name { get; }

    /// <summary>The program's process id as the host sees it.</summary>
    public int ProcessId { get; }
    public IsolationReport Isolation { get; }

    /// <summary>Completes when the program has ended and everything it had is removed.</summary>
    public Task<SandboxExit> Exited { get; }

    /// <summary>Ends the program at once; returns when it is gone.</summary>
    public async Task<SandboxExit> KillAsync()
    {
        if (Interlocked.Exchange(ref _killed, 1) == 0 && !_process.Exited.IsCompleted)
            await _kill().ConfigureAwait(false);
        return await Exited.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync() => await KillAsync().ConfigureAwait(false);

    private async Task<SandboxExit> WaitAsync(Func<int, bool, Task<SandboxExit>> cleanUp)
    {
        var code = await _process.Exited.ConfigureAwait(false);
        return await cleanUp(code, Volatile.Read(ref _killed) == 1).ConfigureAwait(false);
    }
}
