using Merlon.Admission;
using Merlon.App.Backup;
using Merlon.App.Roles;
using Merlon.App.Roles.Control;
using Merlon.App.Roles.Control.Description;
using Merlon.ControlHost;
using Merlon.Gateway;
using Merlon.Registry;
using Merlon.Registry.Contracts;
using Merlon.Serving;
using Merlon.Serving.Contracts;
using Merlon.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.App.Tests.Roles;

/// <summary>A control with all of its routes, and one of each thing in it.</summary>
internal static class RouteHost
{
    private static readonly object s_body = new { environment = "production", reference = "alpha-model@1", name = "alpha-new" };

    public static async Task<ControlHost.ControlHost> StartAsync()
    {
        var host = await ControlHost.ControlHost.StartAsync(Parts());
        await AdmissionModule.EnsurePolicyAsync(host.Services, CancellationToken.None);
        return host;
    }

    public static ControlParts Parts(Action<Microsoft.AspNetCore.Routing.IEndpointRouteBuilder>? more = null) => new()
    {
        Tables = [typeof(RegistryModule).Assembly, typeof(AdmissionModule).Assembly, typeof(ServingModule).Assembly],
        AddServices = (services, directory) => services
            .AddRegistry(new RegistryOptions { BlobDirectory = Path.Combine(directory, "blobs"), StagingDirectory = Path.Combine(directory, "staging") })
            .AddApiDescription().AddConsole().AddAdmission().AddServing(new ServingOptions { SocketDirectory = Path.Combine(directory, "sockets") }).AddGatewayPublishing(new byte[32])
            .AddSingleton<AuditLogs>().AddSingleton<RoleStart>(_ => throw new InvalidOperationException("No route may come this far."))
            .AddSingleton<Merlon.Ledger.LedgerLog>(_ => throw new InvalidOperationException("No route may come this far."))
            .AddSingleton<Merlon.Keys.RootKey>(_ => throw new InvalidOperationException("No route may come this far.")),
        MapRoutes = routes =>
        {
            routes.MapApiDescription();
            routes.MapRegistry();
            routes.MapAdmission();
            routes.MapServing();
            routes.MapNodes();
            routes.MapGatewayPublishing();
            AuditEndpoints.Map(routes);
            BackupEndpoints.Map(routes);
            routes.MapGroup("/console").MapConsole();
            more?.Invoke(routes);
        },
    };

    public static async Task<ControlAnswer> SendAsync(HttpClient http, LiveRoute route)
    {
        using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Address);
        if (route.Method is "POST" or "PUT")
            request.Content = ControlClient.Json(s_body);
        return await ControlAnswer.ReadAsync(await http.SendAsync(request));
    }

    /// <summary>The owner of a second organisation.</summary>
    public static async Task<ControlClient> AddOtherTenantAsync(ControlHost.ControlHost host)
    {
        var made = await host.Owner!.PostAsync("/organizations", new { name = "other", owner = "stranger" });
        return await host.EnrolAsync(host.Client(made.Text("token"), made.Text("principal")));
    }

    public static async Task FillAsync(ControlHost.ControlHost host)
    {
        var owner = host.Owner!;
        Assert.True((await owner.PushAsync("alpha-model", ("model.onnx", "content"))).IsSuccess);
        await host.AddAsync("alpha-person", "auditor");
        foreach (var (path, body) in new (string, object)[]
        {
            ("/services", new { name = "alpha-service", role = "caller" }),
            ("/workloads", new { name = "alpha-workload", csr = Request() }),
            ("/projects", new { name = "alpha-project" }),
            ("/breakglass/seal", new { }),
            ("/roles", new { name = "alpha-role", verbs = new[] { "model:read" } }),
            ("/groups", new { name = "alpha-group", members = new[] { "alpha-person" } }),
            ("/bindings", new { role = "alpha-role", subject = "group:alpha-group", effect = "allow", scope = "model/alpha-model" }),
        })
            Assert.True((await owner.PostAsync(path, body)).IsSuccess);
    }

    private static string Request()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        return new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256).CreateSigningRequestPem();
    }
}
