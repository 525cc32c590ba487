using Merlon.Kernel;
using Merlon.Onnx.Contracts;

namespace Merlon.Onnx.Reader;

/// <summary>
/// ModelProto, GraphProto, NodeProto, AttributeProto and FunctionProto (onnx/onnx.proto, IR version 13). A field that is not listed here is refused:
/// what was not understood is not clean.
/// </summary>
internal sealed class ModelParser
{
    private readonly ProtobufReader _reader;
    private readonly ModelBuilder _model;
    private readonly TypeParser _types;
    private readonly TensorParser _tensors;
    private int _depth;

    public ModelParser(ProtobufReader reader)
    {
        _reader = reader;
        _model = new ModelBuilder(reader);
        _types = new TypeParser(reader);
        _tensors = new TensorParser(reader, _model);
    }

    public OnnxModelInfo Read()
    {
        var end = _reader.Length;
        var graphs = 0;
        while (_reader.TryReadField(end, out var field))
        {
            switch (field.Number)
            {
                case 1: _model.IrVersion = (long)Number(field); break;
                case 2: _model.Producer = _reader.ReadString(Bytes(field)); break;
                case 3 or 4 or 6: _reader.SkipTo(Bytes(field).End); break; // producer_version, domain, doc_string
                case 5: Number(field); break; // model_version
                case 7:
                    graphs++;
                    ReadGraph(field, main: true);
                    break;
                case 8: ReadOpset(field); break;
                case 14: ReadMetadata(field); break;
                case 20:
                    _model.AddUnsupported("a training graph", field.At);
                    _reader.SkipTo(Bytes(field).End);
                    break;
                case 25: ReadFunction(field); break;
                default: throw Unknown("ModelProto", field);
            }
        }
        if (graphs != 1)
            throw _reader.Error($"The file has {graphs} graphs; a model has one.", 0);
        if (_model.Opsets.Count == 0 || _model.IrVersion <= 0)
            throw _reader.Error("The file names no operator set or no IR version: it is not an ONNX model.", 0);
        return _model.Build();
    }

    private void ReadGraph(in Field graph, bool main)
    {
        Enter(graph);
        var initializers = new HashSet<UInt128>();
        var values = new HashSet<UInt128>();
        while (_reader.TryReadField(Bytes(graph).End, out var field))
        {
            switch (field.Number)
            {
                case 1: ReadNode(field, values); break;
                case 2 or 10: _reader.SkipTo(Bytes(field).End); break; // name, doc_string
                case 5:
                    _model.CountInitializer();
                    var name = _tensors.Read(Bytes(field), "initialiser");
                    if (!initializers.Add(ModelBuilder.Mark(name)))
                        _model.AddDuplicate($"two initialisers are called '{Text.Printable(name, 80)}'", field.At);
                    break;
                case 11: ReadValue(field, main ? _model.Inputs : null, values); break;
                case 12: ReadValue(field, main ? _model.Outputs : null, null); break;
                case 13: ReadValue(field, null, null); break; // value_info
                case 14 or 16: _reader.SkipTo(Bytes(field).End); break; // quantization_annotation, metadata_props: text only
                case 15:
                    _model.AddUnsupported("a sparse initialiser", field.At);
                    _reader.SkipTo(Bytes(field).End);
                    break;
                default: throw Unknown("GraphProto", field);
            }
        }
        _depth--;
    }

    private void ReadValue(in Field value, List<OnnxValue>? list, HashSet<UInt128>? names)
    {
        var read = _types.ReadValue(Bytes(value));
        if (list is not null)
        {
            _model.Add(list, read, Limits.InputsAndOutputs, "inputs or outputs");
            if (list.Count(other => other.Name == read.Name) > 1)
                _model.AddDuplicate($"two inputs or outputs are called '{Text.Printable(read.Name, 80)}'", value.At);
        }
        if (names is not null && !names.Add(ModelBuilder.Mark(read.Name)) && list is null)
            _model.AddDuplicate($"two values are called '{Text.Printable(read.Name, 80)}'", value.At);
    }

    private void ReadNode(in Field node, HashSet<UInt128> values)
    {
        Enter(node);
        string domain = "", type = "";
        while (_reader.TryReadField(Bytes(node).End, out var field))
        {
            switch (field.Number)
            {
                case 2:
                    var output = _reader.ReadString(Bytes(field));
                    if (output.Length > 0 && !values.Add(ModelBuilder.Mark(output)))
                        _model.AddDuplicate($"two values are called '{Text.Printable(output, 80)}'", field.At);
                    break;
                case 1 or 3 or 6 or 8 or 9: _reader.SkipTo(Bytes(field).End); break; // input, name, doc_string, overload, metadata_props
                case 4: type = _reader.ReadString(Bytes(field)); break;
                case 5: ReadAttribute(field); break;
                case 7: domain = _reader.ReadString(Bytes(field)); break;
                default: throw Unknown("NodeProto", field);
            }
        }
        if (type.Length == 0)
            throw _reader.Error("A node names no operator.", node.At);
        _model.AddOperator(domain == "ai.onnx" ? "" : domain, type, node.At);
        _depth--;
    }

    private void ReadAttribute(in Field attribute)
    {
        Enter(attribute);
        while (_reader.TryReadField(Bytes(attribute).End, out var field))
        {
            switch (field.Number)
            {
                case 1 or 4 or 9 or 13 or 21: _reader.SkipTo(Bytes(field).End); break; // name, s, strings, doc_string, ref_attr_name
                case 2: Require(field, WireType.Fixed32); break; // f
                case 3 or 20: Number(field); break; // i, type
                case 5 or 10: _tensors.Read(Bytes(field), "attribute"); break; // t, tensors
                case 6 or 11: ReadGraph(field, main: false); break; // g, graphs
                case 7: SkipPacked(field, WireType.Fixed32); break; // floats
                case 8: SkipPacked(field, WireType.Varint); break; // ints
                case 14 or 15: _types.ReadType(Bytes(field)); break; // tp, type_protos
                case 22 or 23:
                    _model.AddUnsupported("a sparse tensor attribute", field.At);
                    _reader.SkipTo(Bytes(field).End);
                    break;
                default: throw Unknown("AttributeProto", field);
            }
        }
        _depth--;
    }

    private void ReadFunction(in Field function)
    {
        Enter(function);
        string domain = "", name = "";
        var values = new HashSet<UInt128>();
        while (_reader.TryReadField(Bytes(function).End, out var field))
        {
            switch (field.Number)
            {
                case 1: name = _reader.ReadString(Bytes(field)); break;
                case 2 or 3: Number(field); break; // since_version, status
                case 4 or 5 or 6 or 8 or 12 or 13 or 14: _reader.SkipTo(Bytes(field).End); break; // names, texts, value_info
                case 7: ReadNode(field, values); break;
                case 9: ReadOpset(field, own: false); break;
                case 10: domain = _reader.ReadString(Bytes(field)); break;
                case 11: ReadAttribute(field); break;
                default: throw Unknown("FunctionProto", field);
            }
        }
        _model.Add(_model.Functions, new OnnxFunction(domain, name), Limits.Functions, "functions");
        _depth--;
    }

    private void ReadOpset(in Field opset, bool own = true)
    {
        var domain = "";
        long version = 0;
        while (_reader.TryReadField(Bytes(opset).End, out var field))
        {
            switch (field.Number)
            {
                case 1: domain = _reader.ReadString(Bytes(field)); break;
                case 2: version = (long)Number(field); break;
                default: throw Unknown("OperatorSetIdProto", field);
            }
        }
        domain = domain == "ai.onnx" ? "" : domain;
        if (own && _model.Opsets.Any(other => other.Domain == domain))
            _model.AddDuplicate($"the operator set '{Text.Printable(domain, 80)}' is imported twice", opset.At);
        if (!_model.Opsets.Contains(new OnnxOpset(domain, version)))
            _model.Add(_model.Opsets, new OnnxOpset(domain, version), Limits.Opsets, "operator sets");
    }

    private void ReadMetadata(in Field entry)
    {
        string key = "", value = "";
        while (_reader.TryReadField(Bytes(entry).End, out var field))
        {
            switch (field.Number)
            {
                case 1: key = _reader.ReadString(Bytes(field)); break;
                case 2: value = _reader.ReadStart(Bytes(field), Limits.MetadataValue); break;
                default: throw Unknown("StringStringEntryProto", field);
            }
        }
        _model.Add(_model.Metadata, new KeyValuePair<string, string>(key, value), Limits.MetadataEntries, "metadata entries");
    }

    private void SkipPacked(in Field field, WireType single)
    {
        if (field.Type == WireType.Bytes)
            _reader.SkipTo(field.End);
        else
            Require(field, single);
    }

    private void Enter(in Field field)
    {
        if (++_depth > Limits.Depth)
            throw _reader.Error($"Messages stand more than {Limits.Depth} deep in one another.", field.At);
    }

    private Field Bytes(in Field field) => Require(field, WireType.Bytes);

    private ulong Number(in Field field) => Require(field, WireType.Varint).Value;

    private Field Require(in Field field, WireType type) =>
        field.Type == type ? field : throw _reader.Error($"Field {field.Number} has wire type {(int)field.Type}; it must be {(int)type}.", field.At);

    private OnnxFormatException Unknown(string message, in Field field) => _reader.Error($"{message} has a field {field.Number}, which is not understood.", field.At);
}
