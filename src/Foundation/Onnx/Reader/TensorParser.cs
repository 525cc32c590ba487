using Merlon.Kernel;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Reader;

/// <summary>TensorProto: where its data lie and how much they are. The data themselves are jumped over.</summary>
internal sealed class TensorParser(ProtobufReader reader, ModelBuilder model)
{
    private const int External = 1;

    /// <summary>Bits of one element by TensorProto.DataType; 0 where they vary (strings) or the number is unknown.</summary>
    private static readonly int[] s_bits = [0, 32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4, 4];

    /// <summary>Returns the tensor's name.</summary>
    public string Read(in Field tensor, string what)
    {
        var state = new State();
        while (reader.TryReadField(tensor.End, out var field))
            ReadField(field, state);
        Judge(tensor, what, state);
        return state.Name;
    }

    private void ReadField(in Field field, State state)
    {
        switch (field.Number)
        {
            case 1: ReadDimensions(field, state); break;
            case 2: state.Type = Require(field, WireType.Varint).Value; break;
            case 3:
                model.AddUnsupported("a segmented tensor", field.At);
                reader.SkipTo(Require(field, WireType.Bytes).End);
                break;
            case 4 or 5 or 7 or 10 or 11: // float, int32, int64, double and uint64 data, packed or one by one
                state.HasTyped = true;
                reader.SkipTo(field.End);
                break;
            case 6: // string_data
                state.HasTyped = true;
                reader.SkipTo(Require(field, WireType.Bytes).End);
                break;
            case 8: state.Name = reader.ReadString(Require(field, WireType.Bytes)); break;
            case 9:
                var raw = Require(field, WireType.Bytes);
                state.Raw = raw.End - reader.Position;
                reader.SkipTo(raw.End);
                break;
            case 12 or 16: reader.SkipTo(Require(field, WireType.Bytes).End); break; // doc_string, metadata_props
            case 13: ReadExternal(Require(field, WireType.Bytes), state); break;
            case 14: state.Place = Require(field, WireType.Varint).Value; break;
            default: throw reader.Error($"TensorProto has a field {field.Number}, which is not understood.", field.At);
        }
    }

    private void ReadDimensions(in Field field, State state)
    {
        if (field.Type == WireType.Varint)
        {
            AddDimension(field.Value, state, field.At);
            return;
        }
        var packed = Require(field, WireType.Bytes);
        while (reader.Position < packed.End)
            AddDimension(reader.ReadVarint(packed.End), state, field.At);
    }

    private void AddDimension(ulong value, State state, long at)
    {
        if (++state.Rank > Limits.Rank)
            throw reader.Error($"A tensor has more than {Limits.Rank} dimensions.", at);
        var high = Math.BigMul(value, (ulong)state.Elements, out var product);
        if (value > long.MaxValue || high != 0 || product > long.MaxValue / 128)
            throw reader.Error("A tensor's shape overflows.", at);
        state.Elements = (long)product;
    }

    private void ReadExternal(in Field entry, State state)
    {
        string key = "", value = "";
        while (reader.TryReadField(entry.End, out var field))
        {
            switch (field.Number)
            {
                case 1: key = reader.ReadString(Require(field, WireType.Bytes)); break;
                case 2: value = reader.ReadString(Require(field, WireType.Bytes)); break;
                default: throw reader.Error($"StringStringEntryProto has a field {field.Number}, which is not understood.", field.At);
            }
        }
        // A key given twice: readers differ in which one counts.
        if (!state.External.TryAdd(key, value))
            model.AddDuplicate($"the external data of a tensor give '{Text.Printable(key, 40)}' twice", entry.At);
        if (state.External.Count > 16)
            throw reader.Error("A tensor's external data have more than 16 keys.", entry.At);
    }

    private void Judge(in Field tensor, string what, State state)
    {
        model.Parameters = long.MaxValue - model.Parameters < state.Elements ? long.MaxValue : model.Parameters + state.Elements;
        var bits = state.Type < (ulong)s_bits.Length ? s_bits[state.Type] : 0;
        long? bytes = bits == 0 ? null : (state.Elements * bits + 7) / 8;
        var external = state.Place == External || state.External.Count > 0;
        if (external)
        {
            var unknown = state.External.Keys.Where(key => key is not ("location" or "offset" or "length" or "checksum")).ToArray();
            model.Add(model.ExternalData, new OnnxExternalData(state.Name, state.External.GetValueOrDefault("location"), state.External.GetValueOrDefault("offset"),
                state.External.GetValueOrDefault("length"), bytes, unknown, tensor.At), Limits.ExternalData, "tensors with external data");
            if (state.Raw is not null || state.HasTyped || state.Place != External)
                model.AddUnsupported($"the {what} '{Text.Printable(state.Name, 80)}' says both that its data are inside and outside the file", tensor.At);
        }
        else if (state.Raw is { } raw && (bytes is null || raw != bytes))
        {
            model.AddUnsupported($"the {what} '{Text.Printable(state.Name, 80)}' has {raw} bytes of data; type and shape ask for {bytes?.ToString() ?? "none"}", tensor.At);
        }
    }

    private Field Require(in Field field, WireType type) =>
        field.Type == type ? field : throw reader.Error($"Field {field.Number} has wire type {(int)field.Type}; it must be {(int)type}.", field.At);

    private sealed class State
    {
        public readonly Dictionary<string, string> External = new(StringComparer.Ordinal);
        public string Name = "";
        public ulong Type;
        public ulong Place;
        public int Rank;
        public long Elements = 1;
        public long? Raw;
        public bool HasTyped;
    }
}
