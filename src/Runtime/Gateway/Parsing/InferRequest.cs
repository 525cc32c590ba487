using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Parsing;

/// <summary>One parsed request, ready to be sent to a worker. Reused from call to call; its buffers are pooled.</summary>
internal sealed class InferRequest : IDisposable
{
    private readonly byte[] _id = new byte[Limits.MaxIdBytes];
    private int _idLength = -1;

    /// <summary>The tensors, already in the worker protocol's layout.</summary>
    public TensorWriter Tensors { get; } = new();

    /// <summary>The first dimension of the batched inputs, or −1 when no input is batched.</summary>
    public long Batch { get; set; }

    /// <summary>Bytes of the JSON text that is being parsed.</summary>
    public int BodyLength { get; private set; }

    /// <summary>Requested outputs by their position in the contract; none means all.</summary>
    public ushort[] Outputs { get; } = new ushort[Limits.MaxTensors];
    public int OutputCount { get; set; }

    public bool HasId => _idLength >= 0;

    /// <summary>The caller's id, unescaped UTF-8.</summary>
    public ReadOnlySpan<byte> Id => _id.AsSpan(0, Math.Max(_idLength, 0));

    public void SetId(ReadOnlySpan<byte> id)
    {
        id.CopyTo(_id);
        _idLength = id.Length;
    }

    public void Reset(int bodyLength = 0)
    {
        BodyLength = bodyLength;
        Tensors.Reset();
        Batch = -1;
        OutputCount = 0;
        _idLength = -1;
    }

    public void Dispose() => Tensors.Dispose();
}
