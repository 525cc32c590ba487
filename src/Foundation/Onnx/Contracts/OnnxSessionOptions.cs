namespace Merlon.Onnx.Contracts;

/// <summary>How much of the machine one session may use.</summary>
public sealed record OnnxSessionOptions
{
    /// <summary>Threads inside one operator. 1: the calling thread alone, with no pool.</summary>
    public int IntraOpThreads { get; init; } = 1;

    /// <summary>Threads across operators; more than 1 runs independent branches of the graph in parallel.</summary>
    public int InterOpThreads { get; init; } = 1;
}

/// <summary>A file of weights beside the model, by the location that the model names.</summary>
/// <param name="Address">First byte. Must stay readable and unchanged as long as the session lives.</param>
public readonly record struct ExternalFile(string Location, nint Address, long Length);
