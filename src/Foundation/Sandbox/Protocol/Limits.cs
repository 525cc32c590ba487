namespace Merlon.Sandbox.Protocol;

/// <summary>Every bound of the worker protocol. Both sides treat the other as hostile.</summary>
internal static class Limits
{
    /// <summary>Largest value of a frame's length field, in bytes.</summary>
    public const int MaxFrame = 64 * 1024 * 1024;

    /// <summary>Largest payload: a frame without kind and id.</summary>
    public const int MaxPayload = MaxFrame - FrameHeader.AfterLength;

    /// <summary>Largest JSON signature in Hello, in bytes.</summary>
    public const int MaxSignature = 1024 * 1024;

    /// <summary>Longest message of an Error frame, in bytes.</summary>
    public const int MaxErrorMessage = 1024;

    /// <summary>Dimensions of one tensor.</summary>
    public const int MaxRank = 8;

    /// <summary>Tensors in one payload.</summary>
    public const int MaxTensors = 1024;

    /// <summary>Largest single dimension.</summary>
    public const long MaxDimension = int.MaxValue;

    /// <summary>Calls that one client may have outstanding on its connection.</summary>
    public const int MaxOutstanding = 4096;

    /// <summary>Bytes that a client may have queued and not yet written.</summary>
    public const long MaxQueuedSend = 2L * MaxFrame;

    /// <summary>Connections that a worker serves at once.</summary>
    public const int MaxConnections = 64;

    /// <summary>Bytes of requests that may wait or run in a worker.</summary>
    public const long MaxWaitingBytes = 4L * MaxFrame;
}
