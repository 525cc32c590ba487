using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Reader;

/// <summary>ValueInfoProto, TypeProto and TensorShapeProto.</summary>
internal sealed class TypeParser(ProtobufReader reader)
{
    private int _depth;

    public OnnxValue ReadValue(in Field value)
    {
        var name = "";
        var type = new OnnxValue("", "none", 0, null);
        while (reader.TryReadField(value.End, out var field))
        {
            Require(field, WireType.Bytes);
            switch (field.Number)
            {
                case 1: name = reader.ReadString(field); break;
                case 2: type = ReadType(field); break;
                case 3 or 4: reader.SkipTo(field.End); break; // doc_string, metadata_props
                default: throw Unknown("ValueInfoProto", field);
            }
        }
        return type with { Name = name };
    }

    public OnnxValue ReadType(in Field type)
    {
        if (++_depth > Limits.Depth)
            throw reader.Error($"Types stand more than {Limits.Depth} deep in one another.", type.At);
        var read = new OnnxValue("", "none", 0, null);
        while (reader.TryReadField(type.End, out var field))
        {
            Require(field, WireType.Bytes);
            read = field.Number switch
            {
                1 => ReadTensor(field, "tensor"),
                8 => ReadTensor(field, "sparse tensor"),
                4 => Contained(field, "sequence"),
                5 => Contained(field, "map"),
                9 => Contained(field, "optional"),
                7 => Contained(field, "opaque"),
                6 => Denotation(field, read),
                _ => throw Unknown("TypeProto", field),
            };
        }
        _depth--;
        return read;
    }

    private OnnxValue Denotation(in Field field, OnnxValue read)
    {
        reader.SkipTo(field.End);
        return read;
    }

    /// <summary>What is inside is not served and so not read: its kind alone decides.</summary>
    private OnnxValue Contained(in Field field, string kind)
    {
        reader.SkipTo(field.End);
        return new OnnxValue("", kind, 0, null);
    }

    private OnnxValue ReadTensor(in Field tensor, string kind)
    {
        var elementType = 0;
        List<long>? shape = null;
        while (reader.TryReadField(tensor.End, out var field))
        {
            switch (field.Number)
            {
                case 1:
                    elementType = (int)Math.Min(Require(field, WireType.Varint).Value, int.MaxValue);
                    break;
                case 2:
                    shape = ReadShape(Require(field, WireType.Bytes));
                    break;
                default: throw Unknown("TypeProto.Tensor", field);
            }
        }
        return new OnnxValue("", kind, elementType, shape);
    }

    private List<long> ReadShape(in Field shape)
    {
        var dimensions = new List<long>();
        while (reader.TryReadField(shape.End, out var field))
        {
            if (field.Number != 1)
                throw Unknown("TensorShapeProto", field);
            if (dimensions.Count == Limits.Rank)
                throw reader.Error($"A shape has more than {Limits.Rank} dimensions.", field.At);
            dimensions.Add(ReadDimension(Require(field, WireType.Bytes)));
        }
        return dimensions;
    }

    private long ReadDimension(in Field dimension)
    {
        long value = -1;
        while (reader.TryReadField(dimension.End, out var field))
        {
            switch (field.Number)
            {
                case 1:
                    value = (long)Require(field, WireType.Varint).Value;
                    if (value < 0)
                        throw reader.Error($"A dimension is {value}.", field.At);
                    break;
                case 2 or 3: reader.SkipTo(Require(field, WireType.Bytes).End); break; // dim_param, denotation
                default: throw Unknown("TensorShapeProto.Dimension", field);
            }
        }
        return value;
    }

    private Field Require(in Field field, WireType type) =>
        field.Type == type ? field : throw reader.Error($"Field {field.Number} has wire type {(int)field.Type}; it must be {(int)type}.", field.At);

    private OnnxFormatException Unknown(string message, in Field field) => reader.Error($"{message} has a field {field.Number}, which is not understood.", field.At);
}
