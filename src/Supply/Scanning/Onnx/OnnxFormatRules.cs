using System.Collections.Immutable;
using System.Globalization;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Onnx;

/// <summary>Judges what the bounded reader found in one ONNX file. Every rule allows what is known and blocks the rest.</summary>
internal sealed class OnnxFormatRules(ScanRequest request, FindingList findings)
{
    private const long OldestIr = 3, NewestIr = 13;

    /// <summary>Operator sets that ONNX Runtime 1.27 runs. Training operators (ai.onnx.preview.training) have no place in serving.</summary>
    private static readonly Dictionary<string, (long From, long To)> s_opsets = new(StringComparer.Ordinal)
    {
        [""] = (7, 26),
        ["ai.onnx.ml"] = (1, 5),
    };

    /// <summary>TensorProto.DataType to the protocol's type.</summary>
    private static readonly Dictionary<int, TensorType> s_types = new()
    {
        [1] = TensorType.Fp32, [2] = TensorType.UInt8, [3] = TensorType.Int8, [4] = TensorType.UInt16, [5] = TensorType.Int16, [6] = TensorType.Int32,
        [7] = TensorType.Int64, [8] = TensorType.Bytes, [9] = TensorType.Bool, [10] = TensorType.Fp16, [11] = TensorType.Fp64, [12] = TensorType.UInt32,
        [13] = TensorType.UInt64, [16] = TensorType.Bf16,
    };

    /// <summary>Files of the artifact that tensors refer to, with the referenced ranges.</summary>
    public Dictionary<string, List<(long From, long To)>> Referenced { get; } = new(StringComparer.Ordinal);

    /// <summary>Judges one model. Returns its signature, or null when it is not one of tensors.</summary>
    public ModelSignature? Judge(string path, OnnxModelInfo model)
    {
        if (model.IrVersion is < OldestIr or > NewestIr)
            findings.Block("onnx.ir-version", $"The model has IR version {model.IrVersion}; supported are {OldestIr} to {NewestIr}.", path, "Export it again with a current onnx package.");
        JudgeOpsets(path, model);
        JudgeOperators(path, model);
        foreach (var oddity in model.Duplicates)
            findings.Block("onnx.duplicate-name", $"Names must be unique, but {oddity.What}.", At(path, oddity.At));
        foreach (var oddity in model.Unsupported)
            findings.Block("onnx.unsupported", $"The model has {oddity.What}, which is not served.", At(path, oddity.At));
        var folder = path.LastIndexOf('/') is var slash and >= 0 ? path[..(slash + 1)] : "";
        foreach (var external in model.ExternalData)
            JudgeExternal(path, folder, external);
        return Signature(path, model);
    }

    private void JudgeOpsets(string path, OnnxModelInfo model)
    {
        foreach (var opset in model.Opsets)
        {
            if (s_opsets.TryGetValue(opset.Domain, out var range) && (opset.Version < range.From || opset.Version > range.To))
                findings.Block("onnx.opset", $"The model uses version {opset.Version} of operator set '{Name(opset.Domain)}'; supported are {range.From} to {range.To}.", path);
        }
    }

    private void JudgeOperators(string path, OnnxModelInfo model)
    {
        var own = model.Functions.Select(function => (function.Domain, function.Name)).ToHashSet();
        foreach (var used in model.Operators)
        {
            if (s_opsets.ContainsKey(used.Domain) || request.AllowedDomains.Contains(used.Domain) || own.Contains((used.Domain, used.Type)))
                continue;
            findings.Block("onnx.operator-domain", $"Operator '{Text.Printable(used.Type, 80)}' is of domain '{Text.Printable(Name(used.Domain), 80)}', which is not allowed.",
                At(path, used.FirstOffset), "Export the model with standard operators, or allow the domain in the policy.");
        }
        // A function may not take the place of a standard operator: a reviewer would read one thing and the runtime run another.
        foreach (var function in model.Functions.Where(function => s_opsets.ContainsKey(function.Domain)))
            findings.Block("onnx.function-shadows", $"The model defines its own '{Text.Printable(function.Name, 80)}' in domain '{Name(function.Domain)}'.", path);
    }

    private void JudgeExternal(string path, string folder, OnnxExternalData external)
    {
        var at = At(path, external.At);
        var tensor = Text.Printable(external.Tensor, 80);
        var (file, rule, problem) = ExternalLocation.Resolve(external.Location, folder);
        if (file is null)
        {
            findings.Block(rule!, $"The external data of '{tensor}' are at '{Text.Printable(external.Location, 120)}', which {problem}.", at,
                "Save the model with its weights in files beside it.");
            return;
        }
        foreach (var key in external.UnknownKeys)
            findings.Block("onnx.external-data.unknown-key", $"The external data of '{tensor}' have the key '{Text.Printable(key, 40)}', which is not understood.", at);
        var listed = request.Files.FirstOrDefault(candidate => candidate.Path == file);
        if (listed is null || file == path)
        {
            findings.Block("onnx.external-data.missing", $"The external data of '{tensor}' are in '{Text.Printable(file, 120)}', which is not a file of this artifact.", at, "Push the file too.");
            return;
        }
        if (!TryNumber(external.Offset, 0, out var offset) || !TryNumber(external.Length, null, out var length))
        {
            findings.Block("onnx.external-data.number", $"The external data of '{tensor}' have an offset or a length that is not a number.", at);
            return;
        }
        var size = length ?? external.Bytes ?? listed.Size - offset!.Value;
        if (offset > listed.Size || size > listed.Size - offset)
            findings.Block("onnx.external-data.range", $"The external data of '{tensor}' end past the {listed.Size} bytes of '{Text.Printable(file, 120)}'.", at);
        else if (external.Bytes is { } bytes && size != bytes)
            findings.Block("onnx.external-data.size", $"The external data of '{tensor}' have {size} bytes; its type and shape ask for {bytes}.", at);
        else
            Refer(file, offset!.Value, size);
    }

    private void Refer(string file, long offset, long size)
    {
        if (!Referenced.TryGetValue(file, out var ranges))
            Referenced[file] = ranges = [];
        ranges.Add((offset, offset + size));
    }

    private ModelSignature? Signature(string path, OnnxModelInfo model)
    {
        if (model.Outputs.Count == 0)
            findings.Block("onnx.no-output", "The model has no output.", path);
        return Specs(path, "input", model.Inputs) is { } inputs && Specs(path, "output", model.Outputs) is { } outputs ? new ModelSignature(inputs, outputs) : null;
    }

    private ImmutableArray<TensorSpec>? Specs(string path, string what, IReadOnlyList<OnnxValue> values)
    {
        var specs = ImmutableArray.CreateBuilder<TensorSpec>(values.Count);
        foreach (var value in values)
        {
            if (value.Kind != "tensor")
                findings.Block("onnx.not-a-tensor", $"The {what} '{Text.Printable(value.Name, 80)}' is a {value.Kind}, not a tensor.", path,
                    "Export the model with tensors only (for scikit-learn: with the option zipmap off).");
            else if (!s_types.TryGetValue(value.ElementType, out var type))
                findings.Block("onnx.element-type", $"The {what} '{Text.Printable(value.Name, 80)}' has element type {value.ElementType}, which is not served.", path);
            else if (value.Shape is null || value.Shape.Count > 8)
                findings.Block("onnx.shape", $"The {what} '{Text.Printable(value.Name, 80)}' declares no shape, or one of more than 8 dimensions.", path,
                    "Declare the shape when exporting; dimensions may be dynamic.");
            else
                specs.Add(new TensorSpec(value.Name, type, [.. value.Shape]));
        }
        return specs.Count == values.Count ? specs.MoveToImmutable() : null;
    }

    private static bool TryNumber(string? text, long? missing, out long? number)
    {
        number = missing;
        if (text is null)
            return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            return false;
        number = value;
        return true;
    }

    private static string Name(string domain) => domain.Length == 0 ? "ai.onnx" : domain;

    private static string At(string path, long offset) => string.Create(CultureInfo.InvariantCulture, $"{path}@{offset}");
}
