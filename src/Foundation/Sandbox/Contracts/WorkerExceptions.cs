namespace Merlon.Sandbox.Contracts;

/// <summary>The worker cannot be reached, or the connection broke while calls were outstanding. The call may or may not have run.</summary>
public sealed class WorkerUnavailableException(string message, Exception? innerException = null) : IOException(message, innerException);

/// <summary>The peer broke the worker protocol. Its connection is closed; nothing it said is used.</summary>
public sealed class WorkerProtocolException(string message) : IOException(message)
{
    /// <summary>The worker serves an artifact other than the expected one: nothing that another start would mend.</summary>
    public bool IsOtherArtifact { get; init; }
}

/// <summary>Error codes of the worker protocol.</summary>
public enum WorkerErrorCode
{
    BadRequest = 1,
    RuntimeFailure = 2,
    Cancelled = 3,
    Overloaded = 4,
}

/// <summary>The worker answered a call with an error. <see cref="Exception.Message"/> is the worker's text: untrusted, made printable, at most 1 KiB.</summary>
public sealed class WorkerErrorException(WorkerErrorCode code, string message) : Exception(message)
{
    public WorkerErrorCode Code { get; } = code;
}
