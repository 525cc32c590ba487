using System.Collections.Immutable;
using Merlon.Admission.Contract;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Tests.Contract;

public sealed class ContractReconcilerTests
{
    private static readonly ModelSignature s_model = new(
        [new TensorSpec("x", TensorType.Fp32, [-1, 3]), new TensorSpec("kind", TensorType.Bytes, [-1]), new TensorSpec("n", TensorType.Int64, [-1])],
        [new TensorSpec("score", TensorType.Fp32, [-1, 1])]);

    private static (TensorContract? Contract, IReadOnlyList<Finding> Findings) With(DeclaredInput input) =>
        ContractReconciler.Reconcile(s_model, new DeclaredContract { Version = 1, Inputs = [input] });

    [Fact]
    public void Reconcile_NoDeclaration_IsTheModelsOwn()
    {
        var (contract, findings) = ContractReconciler.Reconcile(s_model, null);
        Assert.Empty(findings);
        Assert.Equal(["x", "kind", "n"], contract!.Inputs.Select(i => i.Name));
        Assert.Equal(new TensorContract { Inputs = [], Outputs = [] }.MaxBatch, contract.MaxBatch);
        Assert.Equal(ContractDigest.Of(contract), ContractDigest.Of(ContractDigest.Deserialize(ContractDigest.Serialize(contract))));
    }

    [Fact]
    public void Reconcile_NarrowingDeclaration_IsTaken()
    {
        var declared = new DeclaredInput
        {
            Name = "x",
            Type = "FP32",
            Shape = [16, 3],
            Min = -1,
            Max = 1,
            Columns = [new DeclaredColumn { Name = "a", Min = 0 }, new DeclaredColumn { Name = "b" }, new DeclaredColumn { Name = "c", Max = 2 }],
        };
        var (contract, findings) = With(declared);
        Assert.Empty(findings);
        var x = contract!.Inputs[0];
        Assert.Equal([16L, 3L], x.Shape.ToArray());
        Assert.Equal((-1.0, 1.0, 3), (x.Minimum, x.Maximum, x.Columns.Length));
        Assert.NotEqual(ContractDigest.Of(contract), ContractDigest.Of(ContractReconciler.Reconcile(s_model, null).Contract!));
    }

    public static TheoryData<string, DeclaredInput> Contradictions => new()
    {
        { "unknown input", new DeclaredInput { Name = "y" } },
        { "other letter case", new DeclaredInput { Name = "X" } },
        { "other type", new DeclaredInput { Name = "x", Type = "FP64" } },
        { "no type at all", new DeclaredInput { Name = "x", Type = "float" } },
        { "a fixed dimension changed", new DeclaredInput { Name = "x", Shape = [-1, 4] } },
        { "a fixed dimension opened", new DeclaredInput { Name = "x", Shape = [-1, -1] } },
        { "a dimension more", new DeclaredInput { Name = "x", Shape = [-1, 3, 1] } },
        { "a dimension less", new DeclaredInput { Name = "x", Shape = [-1] } },
        { "a dimension of nothing", new DeclaredInput { Name = "x", Shape = [0, 3] } },
        { "a negative dimension", new DeclaredInput { Name = "x", Shape = [-2, 3] } },
        { "a column too few", new DeclaredInput { Name = "x", Columns = [new DeclaredColumn { Name = "a" }, new DeclaredColumn { Name = "b" }] } },
        { "columns over an open dimension", new DeclaredInput { Name = "n", Columns = [new DeclaredColumn { Name = "a" }] } },
        { "categories of a number", new DeclaredInput { Name = "x", Categories = ["a"] } },
        { "a range of text", new DeclaredInput { Name = "kind", Min = 0 } },
        { "infinities of an integer", new DeclaredInput { Name = "n", AllowNonFinite = true } },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Reconcile_Contradiction_IsABlockingFinding_AndNoContract(string what, DeclaredInput declared)
    {
        var (contract, findings) = With(declared);
        Assert.True(contract is null, what);
        Assert.All(findings, f => Assert.Equal(("contract.contradiction", Verdict.Block, "merlon.yaml"), (f.Rule, f.Severity, f.Location)));
        Assert.NotEmpty(findings);
    }

    [Fact]
    public void Digest_EveryFieldThatTheGatewayEnforces_ChangesIt()
    {
        var contract = ContractReconciler.Reconcile(s_model, null).Contract!;
        var first = contract.Inputs[0];
        TensorContract Put(InputTensor input) => contract with { Inputs = contract.Inputs.SetItem(0, input) };
        TensorContract[] all =
        [
            contract, contract with { MaxBatch = 1 }, contract with { MaxBodyBytes = 1 }, Put(first with { Minimum = 0 }), Put(first with { Maximum = 0 }),
            Put(first with { AllowNonFinite = true }), Put(first with { Categories = ["a"] }), Put(first with { MaxElementBytes = 1 }),
            Put(first with { Columns = [new ColumnRange("a", null, null)] }), Put(first with { Shape = [1, 3] }), Put(first with { Type = TensorType.Fp64 }),
            Put(first with { Name = "z" }), contract with { Outputs = ImmutableArray<OutputTensor>.Empty },
        ];
        Assert.Equal(all.Length, all.Select(ContractDigest.Of).Distinct().Count());
    }
}
