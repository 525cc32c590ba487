using System.Collections.Immutable;
using FsCheck;
using FsCheck.Fluent;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Publishing;
using Merlon.Gateway.Snapshots;
using Merlon.Gateway.Tests.EndToEnd;
using Merlon.Kernel;
using Microsoft.Extensions.Logging.Abstractions;

namespace Merlon.Gateway.Tests.Publishing;

public sealed class GatewayContractCheckTests
{
    private static readonly Gen<string> s_names = Gen.Elements("x", "y", "z", "x", "y", "z", "x", "y", "z", "x", "", "ü", "a\"b", "\0", "x\ud800", "\udc00", new string('n', 300), "y", null!);
    private static readonly Gen<double?> s_bounds = Gen.Elements<double?>(null, null, null, null, null, null, 0, -1, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0.5);
    private static readonly Gen<TensorType> s_types = Gen.Choose(-1, 16).Select(t => (TensorType)t);
    private static readonly Gen<ImmutableArray<long>> s_shapes = Gen.Elements<ImmutableArray<long>>([], [-1], [-1, 2], [-1, 2], [-1, 2], [2], [2], [-1, -1], [0], [long.MaxValue], [long.MinValue], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], default);
    private static readonly Gen<ImmutableArray<string>> s_categories = Gen.Elements<ImmutableArray<string>>([], [], [], [], [], [], ["a"], ["a", "a"], ["\ud800"], [null!], default);

    private static readonly Gen<ImmutableArray<ColumnRange>> s_columns = Gen.OneOf(
        Gen.Elements<ImmutableArray<ColumnRange>>([], [], [], [], [], [], [null!], default),
        from name in s_names from low in s_bounds from high in s_bounds select ImmutableArray.Create(new ColumnRange(name, low, high), new ColumnRange("b", null, high)));

    private static readonly Gen<InputTensor> s_inputs =
        from name in s_names
        from type in s_types
        from shape in s_shapes
        from low in s_bounds
        from high in s_bounds
        from categories in s_categories
        from columns in s_columns
        from bytes in Gen.Elements(4096, 4096, 4096, 0, -1, int.MaxValue)
        select new InputTensor { Name = name, Type = type, Shape = shape, Minimum = low, Maximum = high, Categories = categories, Columns = columns, MaxElementBytes = bytes };

    private static readonly Gen<OutputTensor> s_outputs =
        from name in s_names from type in s_types from shape in s_shapes select new OutputTensor { Name = name, Type = type, Shape = shape };

    private static readonly Gen<TensorContract> s_contracts =
        from inputs in Gen.Frequency((9, s_inputs.ListOf(1)), (1, s_inputs.ListOf(2)))
        from outputs in s_outputs.ListOf(1)
        from batch in Gen.Elements(64, 1, 16, 0, int.MaxValue)
        from body in Gen.Elements(4096, 2, 64, 0, int.MaxValue)
        from broken in Gen.Choose(0, 40)
        select new TensorContract
        {
            Inputs = broken == 0 ? default : broken == 1 ? [null!] : [.. inputs],
            Outputs = broken == 2 ? default : broken == 3 ? [null!] : [.. outputs],
            MaxBatch = batch,
            MaxBodyBytes = body,
        };

    private static EndpointRoute Route(TensorContract contract, string name = "fraud") => new()
    {
        Scope = Scope.Default,
        EndpointId = Guid.CreateVersion7(),
        Name = name,
        Environment = "production",
        RevisionId = Guid.CreateVersion7(),
        Model = "fraud",
        ModelVersion = 1,
        Manifest = GatewayHost.ManifestA,
        ContractDigest = Digest.Of("contract"u8),
        PolicyDigest = Digest.Of("policy"u8),
        Contract = contract,
        WorkerSocket = "/nowhere/w.sock",
    };

    private static SnapshotHolder Holder() => new(new GatewayOptions(), TimeProvider.System, NullLogger<SnapshotHolder>.Instance);

    [Fact]
    public void Check_AnyContract_RefusesItOrGatewaysServeIt_AlsoAfterStorage()
    {
        var accepted = 0;
        Prop.ForAll(s_contracts.ToArbitrary(), contract =>
        {
            if (new GatewayContractCheck().Check(contract) is not null)
                return true;
            accepted++;
            // As control keeps it and sends it.
            var kept = ContractDigest.Deserialize(ContractDigest.Serialize(contract));
            var sent = GatewaySnapshotJson.Read(GatewaySnapshotJson.Write(new GatewaySnapshot { Version = 1, IssuedAt = default, Endpoints = [Route(kept)] })).Value;
            using var holder = Holder();
            return holder.Apply(sent).Value && holder.Current.Targets.Count() == 1;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));
        Assert.InRange(accepted, 20, int.MaxValue);
    }

    [Fact]
    public void Apply_AnyContractInASnapshot_StillRevokesTheKey()
    {
        Prop.ForAll(s_contracts.ToArbitrary(), contract =>
        {
            using var holder = Holder();
            var good = Route(GatewayHost.Contract);
            holder.Apply(new GatewaySnapshot { Version = 1, IssuedAt = default, Endpoints = [good], Keys = [GatewayHost.Entry(ApiKeys.Mint(), good)] });
            var applied = holder.Apply(new GatewaySnapshot { Version = 2, IssuedAt = default, Endpoints = [good, Route(contract, "other")] });
            return applied.Value && !holder.Current.Callers.Any() && holder.Current.Targets.Any(t => t.Route.EndpointId == good.EndpointId);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }
}
