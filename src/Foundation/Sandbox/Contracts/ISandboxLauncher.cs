namespace Merlon.Sandbox.Contracts;

/// <summary>Starts programs in isolation: with runc, or with bubblewrap where no container runtime may run.</summary>
public interface ISandboxLauncher
{
    /// <summary><c>runc</c> or <c>bubblewrap</c>.</summary>
    string Kind { get; }

    /// <summary>Starts the program and checks its isolation from outside.</summary>
    /// <exception cref="SandboxException">It did not start; the message holds what the launcher said.</exception>
    Task<SandboxHandle> StartAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>Removes what an earlier process of this launcher left behind (it may have been killed): containers, folders, cgroups. Call it before the first start.</summary>
    Task SweepAsync(CancellationToken cancellationToken);
}

/// <summary>A sandbox could not be started or removed.</summary>
public sealed class SandboxException(string message, Exception? innerException = null) : IOException(message, innerException);

/// <summary>Why a sandbox ended.</summary>
public enum SandboxExitReason
{
    /// <summary>The program ended by itself with code 0.</summary>
    Ended,

    /// <summary>The program ended with another code or by a signal of its own.</summary>
    Crashed,

    /// <summary>The kernel killed it: it was over its memory limit.</summary>
    OutOfMemory,

    /// <summary>We killed it.</summary>
    Killed,
}

/// <param name="ExitCode">As a shell gives it: 128 + signal for a signal.</param>
/// <param name="ErrorOutput">The beginning of what the program wrote to stderr: untrusted, made printable, at most 4 KiB.</param>
public sealed record SandboxExit(SandboxExitReason Reason, int ExitCode, string ErrorOutput);
