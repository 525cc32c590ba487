using System.Collections.Immutable;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Contract;

/// <summary>
/// Holds what the artifact declares against what the model itself says. A declaration may narrow (fix an open dimension, add a range);
/// one that contradicts the model is a finding, and the model does not pass.
/// </summary>
internal static class ContractReconciler
{
    public static (TensorContract? Contract, IReadOnlyList<Finding> Findings) Reconcile(ModelSignature signature, DeclaredContract? declared)
    {
        var findings = new List<Finding>();
        var inputs = new List<InputTensor>();
        foreach (var input in signature.Inputs)
            inputs.Add(Narrow(input, declared?.Inputs.Find(d => d.Name == input.Name), findings));
        foreach (var unknown in (declared?.Inputs ?? []).Where(d => signature.Inputs.All(i => i.Name != d.Name)))
            findings.Add(Contradiction($"The model has no input '{Text.Printable(unknown.Name, 80)}'."));
        if (findings.Count > 0)
            return (null, findings);
        return (new TensorContract
        {
            Inputs = [.. inputs],
            Outputs = [.. signature.Outputs.Select(o => new OutputTensor { Name = o.Name, Type = o.Type, Shape = [.. o.Shape] })],
            MaxBatch = declared?.MaxBatch ?? 64,
            MaxBodyBytes = declared?.MaxBodyBytes ?? 4 * 1024 * 1024,
        }, findings);
    }

    private static InputTensor Narrow(TensorSpec input, DeclaredInput? declared, List<Finding> findings)
    {
        var tensor = new InputTensor { Name = input.Name, Type = input.Type, Shape = [.. input.Shape] };
        if (declared is null)
            return tensor;
        if (declared.Type is not null && (!TensorTypes.TryParse(declared.Type, out var type) || type != input.Type))
            findings.Add(Contradiction($"The input '{input.Name}' is {input.Type.Name()}, not {Text.Printable(declared.Type, 20)}."));
        var shape = NarrowShape(input, declared, findings);
        CheckKinds(input, declared, findings);
        if (declared.Columns.Count > 0 && (shape.Length == 0 || shape[^1] != declared.Columns.Count))
            findings.Add(Contradiction($"The input '{input.Name}' has {(shape.Length == 0 ? 0 : shape[^1])} columns, and merlon.yaml lists {declared.Columns.Count}."));
        return tensor with
        {
            Shape = shape,
            Minimum = declared.Min,
            Maximum = declared.Max,
            AllowNonFinite = declared.AllowNonFinite,
            Categories = [.. declared.Categories],
            MaxElementBytes = declared.MaxElementBytes ?? tensor.MaxElementBytes,
            Columns = [.. declared.Columns.Select(c => new ColumnRange(c.Name, c.Min, c.Max))],
        };
    }

    private static ImmutableArray<long> NarrowShape(TensorSpec input, DeclaredInput declared, List<Finding> findings)
    {
        if (declared.Shape is not { } narrowed)
            return [.. input.Shape];
        var fits = narrowed.Count == input.Shape.Length && narrowed.Zip(input.Shape).All(pair => pair.First == pair.Second || (pair.Second == -1 && pair.First > 0));
        if (!fits)
            findings.Add(Contradiction($"The shape of '{input.Name}' is [{string.Join(',', input.Shape)}], and [{string.Join(',', narrowed)}] does not narrow it."));
        return fits ? [.. narrowed] : [.. input.Shape];
    }

    private static void CheckKinds(TensorSpec input, DeclaredInput declared, List<Finding> findings)
    {
        var numeric = input.Type is not (TensorType.Bytes or TensorType.Bool);
        if (!numeric && (declared.Min is not null || declared.Max is not null || declared.Columns.Exists(c => c.Min is not null || c.Max is not null)))
            findings.Add(Contradiction($"The input '{input.Name}' is {input.Type.Name()} and can have no range."));
        if (input.Type != TensorType.Bytes && declared.Categories.Count > 0)
            findings.Add(Contradiction($"The input '{input.Name}' is {input.Type.Name()} and can have no categories."));
        if (declared.AllowNonFinite && input.Type is not (TensorType.Fp16 or TensorType.Fp32 or TensorType.Fp64 or TensorType.Bf16))
            findings.Add(Contradiction($"The input '{input.Name}' is {input.Type.Name()}, which has no infinities."));
    }

    private static Finding Contradiction(string message) =>
        new("contract.contradiction", Verdict.Block, message, DeclaredContract.FileName, "Correct merlon.yaml: it may narrow the model's inputs, not change them.");
}
