using System.Collections.Immutable;
using Merlon.Admission.Contracts;
using Merlon.Admission.Policy;
using Merlon.Admission.Storage;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Admission.Tests.Admit;

/// <summary>The scan worker's place: answers what a test tells it.</summary>
internal sealed class ScriptedScanner : IScanDispatcher
{
    public static readonly ScanReport Clean = new()
    {
        Findings = [],
        MainFile = "model.onnx",
        Signature = new ModelSignature([new TensorSpec("x", TensorType.Fp32, [-1, 2])], [new TensorSpec("y", TensorType.Fp32, [-1, 1])]),
        Facts = ImmutableDictionary<string, string>.Empty.Add("rules", "test"),
    };

    /// <summary>What the last scan was asked to follow.</summary>
    public ScanPolicy? Policy { get; private set; }

    public Func<Result<ScanReport>> Answer { get; set; } = () => Clean;

    public Task<Result<ScanReport>> ScanAsync(Guid versionId, ScanPolicy? policy, CancellationToken cancellationToken)
    {
        Policy = policy;
        return Task.FromResult(Answer());
    }
}

/// <summary>Serving's place: what a test says is deployed.</summary>
internal sealed class ScriptedDeployments : IDeployedVersions
{
    public List<Guid> Versions { get; } = [];

    public Task<IReadOnlyList<Guid>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<Guid>>(Versions);
}

/// <summary>A control with registry and admission, the default policy, and one pushed version <c>fraud@1</c>.</summary>
public sealed class AdmissionFixture : IAsyncLifetime
{
    internal ScriptedScanner Scanner { get; } = new();
    internal ScriptedDeployments Deployed { get; } = new();
    internal ControlHost.ControlHost Host { get; private set; } = null!;
    internal ControlClient Owner => Host.Owner!;

    public async Task InitializeAsync()
    {
        Host = await ControlHost.ControlHost.StartAsync(new ControlParts
        {
            Tables = [typeof(RegistryModule).Assembly, typeof(AdmissionModule).Assembly],
            AddServices = (services, directory) => services
                .AddRegistry(new RegistryOptions { BlobDirectory = Path.Combine(directory, "blobs"), StagingDirectory = Path.Combine(directory, "staging") })
                .AddAdmission().AddSingleton<IContractCheck, AnyContract>().AddSingleton<IScanDispatcher>(Scanner).AddSingleton<IDeployedVersions>(Deployed),
            MapRoutes = routes =>
            {
                routes.MapRegistry();
                routes.MapAdmission();
            },
        });
        await AdmissionModule.EnsurePolicyAsync(Host.Services, CancellationToken.None);
        Assert.True((await Owner.PushAsync("fraud", ("model.onnx", "weights"), ("README.md", "text"))).IsSuccess);
    }

    internal Task<ControlAnswer> AdmitAsync(string environment, int version = 1) =>
        Owner.PostAsync($"/models/fraud/versions/{version}/admit", new { environment });

    internal async Task SetPolicyAsync(string environments, string keys = "[]") =>
        Assert.True((await Owner.PutAsync("/policy", new { text = $"version: 1\ntrusted_keys: {keys}\nenvironments:\n{environments}" })).IsSuccess);

    internal async Task WithDbAsync(Func<AdmissionDb, Task> use)
    {
        await using var scope = Host.Services.CreateAsyncScope();
        await use(scope.ServiceProvider.GetRequiredService<AdmissionDb>());
    }

    internal static string Gate(ControlAnswer answer, string gate) =>
        answer.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == gate)!["verdict"]!.GetValue<string>();

    internal static string Rule(ControlAnswer answer, string gate) =>
        answer.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == gate)!["findings"]![0]!["rule"]!.GetValue<string>();

    public async Task DisposeAsync() => await Host.DisposeAsync();
}

/// <summary>What gateways can enforce is the gateway's to test; here every contract is.</summary>
internal sealed class AnyContract : IContractCheck
{
    public Refusal? Check(TensorContract contract) => null;
}
