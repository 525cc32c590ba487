namespace Merlon.Kernel;

/// <summary>How far an event must have come before the caller goes on.</summary>
public enum Durability
{
    /// <summary>In the page cache: survives the death of the process, not of the machine.</summary>
    PageCache,

    /// <summary>On disk (fsync): survives a power failure. Required for every control decision.</summary>
    Disk,
}

/// <summary>
/// Where events go. An implementation never drops an event silently: when it cannot record (a full disk), it throws
/// <see cref="EvidenceUnavailableException"/> and the caller refuses the operation with 503.
/// </summary>
public interface IEventSink
{
    /// <summary>Completes when the event is as durable as asked. Returns its index in the log.</summary>
    ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken);
}

/// <summary>The event could not be recorded, so what it tells of must not happen.</summary>
public sealed class EvidenceUnavailableException(string message, Exception? innerException = null) : IOException(message, innerException);
