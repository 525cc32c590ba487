using System.Security.Cryptography;
using System.Text;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Reader;

/// <summary>Gathers what the parser meets, within the bounds.</summary>
internal sealed class ModelBuilder(ProtobufReader reader)
{
    private readonly Dictionary<(string Domain, string Type), (long Count, long At)> _operators = [];
    private readonly List<OnnxOddity> _duplicates = [];
    private readonly List<OnnxOddity> _unsupported = [];
    private long _nodes;
    private long _initializers;

    public long IrVersion { get; set; }
    public string Producer { get; set; } = "";
    public List<OnnxOpset> Opsets { get; } = [];
    public List<OnnxValue> Inputs { get; } = [];
    public List<OnnxValue> Outputs { get; } = [];
    public List<OnnxFunction> Functions { get; } = [];
    public List<OnnxExternalData> ExternalData { get; } = [];
    public List<KeyValuePair<string, string>> Metadata { get; } = [];
    public long Parameters { get; set; }

    public void Add<T>(List<T> list, T item, int bound, string what)
    {
        if (list.Count == bound)
            throw reader.Error($"The model has more than {bound} {what}.");
        list.Add(item);
    }

    public void AddOperator(string domain, string type, long at)
    {
        if (++_nodes > Limits.Nodes)
            throw reader.Error($"The model has more than {Limits.Nodes} nodes.");
        if (!_operators.TryGetValue((domain, type), out var seen))
        {
            if (_operators.Count == Limits.Operators)
                throw reader.Error($"The model uses more than {Limits.Operators} different operators.");
            seen = (0, at);
        }
        _operators[(domain, type)] = (seen.Count + 1, seen.At);
    }

    public void CountInitializer()
    {
        if (++_initializers > Limits.Initializers)
            throw reader.Error($"The model has more than {Limits.Initializers} initialisers.");
    }

    public void AddDuplicate(string what, long at) => AddOddity(_duplicates, what, at);

    public void AddUnsupported(string what, long at) => AddOddity(_unsupported, what, at);

    /// <summary>A name without its length: 16 bytes however long it is, so that a set of them is bounded by their number.</summary>
    public static UInt128 Mark(string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    public OnnxModelInfo Build() => new()
    {
        IrVersion = IrVersion,
        Producer = Producer,
        Opsets = Opsets,
        Inputs = Inputs,
        Outputs = Outputs,
        Operators = [.. _operators.Select(pair => new OnnxOperator(pair.Key.Domain, pair.Key.Type, pair.Value.Count, pair.Value.At))],
        Functions = Functions,
        ExternalData = ExternalData,
        Metadata = Metadata,
        Duplicates = _duplicates,
        Unsupported = _unsupported,
        Nodes = _nodes,
        Initializers = _initializers,
        Parameters = Parameters,
    };

    private static void AddOddity(List<OnnxOddity> list, string what, long at)
    {
        if (list.Count < Limits.Oddities)
            list.Add(new OnnxOddity(what, at));
    }
}
