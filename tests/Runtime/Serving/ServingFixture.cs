using Merlon.Admission;
using Merlon.Admission.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry;
using Merlon.Registry.Contracts;
using Merlon.Serving.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Serving.Tests;

/// <summary>Registry, admission and serving together as control composes them, with a scripted node on the other side of the socket.</summary>
public sealed class ServingFixture : IAsyncLifetime
{
    internal ControlHost.ControlHost Host { get; private set; } = null!;
    internal ScriptedNode Node { get; private set; } = null!;
    internal ControlClient Owner => Host.Owner!;

    public async Task InitializeAsync()
    {
        Host = await ControlHost.ControlHost.StartAsync(new ControlParts
        {
            Tables = [typeof(RegistryModule).Assembly, typeof(AdmissionModule).Assembly, typeof(ServingModule).Assembly],
            AddServices = (services, directory) => services
                .AddRegistry(new RegistryOptions { BlobDirectory = Path.Combine(directory, "blobs"), StagingDirectory = Path.Combine(directory, "staging") })
                .AddAdmission().AddSingleton<IContractCheck, AnyContract>().AddServing(new ServingOptions { SocketDirectory = Path.Combine(directory, "sockets") }),
            MapRoutes = routes =>
            {
                routes.MapRegistry();
                routes.MapAdmission();
                routes.MapServing();
                routes.MapNodes();
                // Where the real node looks for them.
                routes.MapGroup("/internal").MapNodes();
            },
        });
        await AdmissionModule.EnsurePolicyAsync(Host.Services, CancellationToken.None);
        Node = new ScriptedNode(Host.Node());
    }

    public async Task DisposeAsync()
    {
        await Node.DisposeAsync();
        await Host.DisposeAsync();
    }

    /// <summary>Pushes one more version of <c>fraud</c> and deploys it to the endpoint <c>fraud</c>.</summary>
    internal async Task<ControlAnswer> PushAndDeployAsync(string content)
    {
        var pushed = await Owner.PushAsync("fraud", ("model.onnx", content));
        return await DeployAsync(pushed.Text("reference"));
    }

    internal Task<ControlAnswer> DeployAsync(string reference, string environment = "development") =>
        Owner.PostAsync("/endpoints/fraud/deployments", new { reference, environment });

    internal Task<ControlAnswer> RollBackAsync() => Owner.PostAsync("/endpoints/fraud/rollback");

    /// <summary>Number of the revision that answers, and the states of all by number.</summary>
    internal async Task<(int Current, string States)> EndpointAsync()
    {
        var endpoint = (await Owner.GetAsync("/endpoints")).Json!["items"]!.AsArray().Single()!;
        var revisions = endpoint["revisions"]!.AsArray().OrderBy(r => r!["number"]!.GetValue<int>()).ToList();
        var current = revisions.Single(r => r!["id"]!.GetValue<Guid>() == endpoint["currentRevision"]!.GetValue<Guid>())!["number"]!.GetValue<int>();
        return (current, string.Join(' ', revisions.Select(r => r!["state"]!.GetValue<string>())));
    }

    internal int Execute(string sql)
    {
        using var connection = new SqliteConnection(Host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    /// <summary>In the gateways' place: what they can enforce is tested with them.</summary>
    private sealed class AnyContract : IContractCheck
    {
        public Refusal? Check(TensorContract contract) => null;
    }
}
