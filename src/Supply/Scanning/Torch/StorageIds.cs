using Merlon.Kernel;
using Merlon.Scanning.Pickle;

namespace Merlon.Scanning.Torch;

/// <summary>
/// Judges the persistent ids of PyTorch files, <c>('storage', type, key, location, count[, view])</c>, and keeps how many bytes each storage has. Source:
/// torch/serialization.py.
/// </summary>
internal sealed class StorageIds
{
    private static readonly Dictionary<string, int> s_bytes = new(StringComparer.Ordinal)
    {
        ["DoubleStorage"] = 8, ["FloatStorage"] = 4, ["HalfStorage"] = 2, ["LongStorage"] = 8, ["IntStorage"] = 4, ["ShortStorage"] = 2, ["CharStorage"] = 1,
        ["ByteStorage"] = 1, ["BoolStorage"] = 1, ["BFloat16Storage"] = 2, ["ComplexDoubleStorage"] = 16, ["ComplexFloatStorage"] = 8, ["QUInt8Storage"] = 1,
        ["QInt8Storage"] = 1, ["QInt32Storage"] = 4, ["QUInt4x2Storage"] = 1, ["QUInt2x4Storage"] = 1, ["UntypedStorage"] = 1, ["_UntypedStorage"] = 1,
    };

    /// <summary>Bytes of each storage by its key.</summary>
    public Dictionary<string, long> Bytes { get; } = new(StringComparer.Ordinal);

    /// <summary>Null when the id is as PyTorch writes it.</summary>
    public string? Judge(PickleValue id, out PickleValue value)
    {
        value = new PickleValue(PickleKind.Persistent);
        // Old files carry the source of their classes beside them, as text that is compared and never run; the id stands for the class.
        if (id.Items is [{ Text: "module" }, { Kind: PickleKind.Global } type, { Kind: PickleKind.Text }, { Kind: PickleKind.Text }])
        {
            value = type;
            return null;
        }
        return JudgeStorage(id);
    }

    private string? JudgeStorage(PickleValue id)
    {
        if (id.Items is not [{ Text: "storage" }, { Name: { } type }, { Text: { } key }, { Kind: PickleKind.Text }, { Number: { } count }, ..])
            return "the id is no storage";
        if (id.Items.Length > 6 || (id.Items.Length == 6 && id.Items[5].Kind is not (PickleKind.Atom or PickleKind.Tuple)))
            return "the id has more parts than a storage has";
        if (!s_bytes.TryGetValue(type.Name, out var size) || type.Library != "torch")
            return $"{type} is no type of storage";
        if (count < 0 || count > long.MaxValue / 32)
            return "the storage is larger than any file";
        var bytes = count * size;
        if (Bytes.TryGetValue(key, out var known) && known != bytes)
            return $"the storage '{Text.Printable(key, 40)}' has two sizes";
        Bytes[key] = bytes;
        return null;
    }
}
