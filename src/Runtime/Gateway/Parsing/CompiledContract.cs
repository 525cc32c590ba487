using System.Collections.Immutable;
using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Kernel;

namespace Merlon.Gateway.Parsing;

/// <summary>A tensor contract made ready for the hot path: names as UTF-8, bounds per column and type. Immutable.</summary>
internal sealed class CompiledContract
{
    private CompiledContract(TensorContract contract, CompiledInput[] inputs, CompiledOutput[] outputs)
    {
        Inputs = inputs;
        Outputs = outputs;
        MaxBatch = contract.MaxBatch;
        MaxBodyBytes = contract.MaxBodyBytes;
        AllOutputsFitJson = outputs.All(o => o.Type is not (TensorType.Fp16 or TensorType.Bf16));
    }

    public CompiledInput[] Inputs { get; }
    public CompiledOutput[] Outputs { get; }
    public int MaxBatch { get; }
    public int MaxBodyBytes { get; }
    public bool AllOutputsFitJson { get; }

    /// <summary>The contract, or why it cannot be enforced. What cannot be enforced is not served.</summary>
    public static Result<CompiledContract> Compile(TensorContract contract)
    {
        if (!IsComplete(contract))
            return Broken("The contract lacks a part, or a name in it is not well-formed Unicode.");
        if (contract.MaxBatch is < 1 or > Limits.MaxBatch)
            return Broken($"The largest batch is {contract.MaxBatch}; allowed are 1 to {Limits.MaxBatch}.");
        if (contract.MaxBodyBytes is < 2 or > Limits.MaxBodyBytes)
            return Broken($"The largest body is {contract.MaxBodyBytes} bytes; allowed are 2 to {Limits.MaxBodyBytes}.");
        if (contract.Inputs.Length is 0 or > Limits.MaxTensors || contract.Outputs.Length is 0 or > Limits.MaxTensors)
            return Broken($"A contract has 1 to {Limits.MaxTensors} inputs and outputs.");

        var inputs = new CompiledInput[contract.Inputs.Length];
        for (var i = 0; i < inputs.Length; i++)
        {
            if (!CompiledInput.Compile(contract.Inputs[i], i).Try(out var input, out var refusal))
                return refusal;
            inputs[i] = input;
        }
        var outputs = new CompiledOutput[contract.Outputs.Length];
        for (var i = 0; i < outputs.Length; i++)
        {
            var output = contract.Outputs[i];
            if (CheckShape("output", output.Name, output.Type, output.Shape) is { } refusal)
                return refusal;
            outputs[i] = new CompiledOutput(output, i);
        }
        if (inputs.DistinctBy(i => i.Name).Count() != inputs.Length || outputs.DistinctBy(o => o.Name).Count() != outputs.Length)
            return Broken("Two inputs, or two outputs, have the same name.");
        return new CompiledContract(contract, inputs, outputs);
    }

    /// <summary>Contracts come from files and over the wire: a part that a record requires can still be null there.</summary>
    private static bool IsComplete(TensorContract contract) =>
        contract is { Inputs.IsDefault: false, Outputs.IsDefault: false }
        && contract.Outputs.All(o => o is not null && IsText(o.Name))
        && contract.Inputs.All(i => i is { Categories.IsDefault: false, Columns.IsDefault: false } && IsText(i.Name)
            && i.Categories.All(IsText) && i.Columns.All(c => c is not null && IsText(c.Name)));

    /// <summary>JSON cannot carry half a surrogate pair.</summary>
    private static bool IsText(string? text)
    {
        for (var rest = text.AsSpan(); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var read) != System.Buffers.OperationStatus.Done)
                return false;
            rest = rest[read..];
        }
        return text is not null;
    }

    /// <summary>The position of the input with that name, or −1.</summary>
    public int FindInput(scoped ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < Inputs.Length; i++)
        {
            if (name.SequenceEqual(Inputs[i].NameUtf8))
                return i;
        }
        return -1;
    }

    /// <summary>The position of the output with that name, or −1.</summary>
    public int FindOutput(scoped ReadOnlySpan<byte> name)
    {
        for (var i = 0; i < Outputs.Length; i++)
        {
            if (name.SequenceEqual(Outputs[i].NameUtf8))
                return i;
        }
        return -1;
    }

    internal static Refusal Broken(string detail) => new(RefusalKind.Invalid, "contract.invalid", detail);

    internal static Refusal? CheckShape(string what, string name, TensorType type, ImmutableArray<long> shape)
    {
        var shown = Text.Printable(name, Limits.MaxQuoted);
        if (string.IsNullOrEmpty(name) || Encoding.UTF8.GetByteCount(name) > Limits.MaxNameBytes)
            return Broken($"The {what} '{shown}' needs a name of 1 to {Limits.MaxNameBytes} bytes.");
        if (type is < TensorType.Bool or > TensorType.Bf16)
            return Broken($"The {what} '{shown}' has no known type.");
        if (shape.IsDefault || shape.Length > Limits.MaxRank)
            return Broken($"The {what} '{shown}' has more than {Limits.MaxRank} dimensions.");
        foreach (var dimension in shape)
        {
            if (dimension is < -1 or 0 or > Limits.MaxDimension)
                return Broken($"The {what} '{shown}' has the dimension {dimension}; allowed are -1 and 1 to {Limits.MaxDimension}.");
        }
        return null;
    }
}

/// <summary>One output of a contract, with the parts of the answer that never change.</summary>
internal sealed class CompiledOutput
{
    public CompiledOutput(OutputTensor output, int index)
    {
        Name = output.Name;
        NameUtf8 = Encoding.UTF8.GetBytes(output.Name);
        Type = output.Type;
        Shape = [.. output.Shape];
        Index = index;
        var name = System.Text.Json.JsonEncodedText.Encode(output.Name);
        Head = Encoding.UTF8.GetBytes($$"""{"name":"{{name}}","datatype":"{{output.Type.Name()}}","shape":[""");
    }

    public string Name { get; }
    public byte[] NameUtf8 { get; }
    public TensorType Type { get; }
    public long[] Shape { get; }
    public int Index { get; }

    /// <summary>The answer's JSON text up to the first dimension.</summary>
    public byte[] Head { get; }
    public bool IsBatched => Shape.Length > 0 && Shape[0] == -1;
}
