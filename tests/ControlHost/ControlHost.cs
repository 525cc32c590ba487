using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using Merlon.Access;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Storage;
using Merlon.Storage.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Merlon.ControlHost;

/// <summary>What a test adds to the bare control: its module's services, routes and tables.</summary>
public sealed record ControlParts
{
    public Action<IServiceCollection, string> AddServices { get; init; } = (_, _) => { };
    public Action<IEndpointRouteBuilder> MapRoutes { get; init; } = _ => { };
    public IReadOnlyList<Assembly> Tables { get; init; } = [];
}

/// <summary>
/// A control in this process: real Kestrel on a free loopback port, a real SQLite file and keyring in a folder of its own, the real route policies.
/// Only the ledger is replaced, by a list that can be made to fail.
/// </summary>
public sealed class ControlHost : IAsyncDisposable
{
    private readonly RootKey _root;
    private readonly Keyring _keyring;
    private readonly WebApplication _app;

    private ControlHost(string directory, StorageOptions storage, RootKey root, ControlClock time, ControlParts parts)
    {
        (Directory, Storage, Time, _root) = (directory, storage, time, root);
        _keyring = new Keyring(root, StorageModule.OpenKeyStore(storage), time);
        _app = Build(parts);
    }

    public const string NodeToken = "token-of-the-node";

    public string Directory { get; }

    // Beside the folder: tests read every file in it.
    private string ControlSocket => Directory + ".sock";
    public StorageOptions Storage { get; }
    public RecordedEvents Events { get; } = new();
    public RecordedRefusals Refusals { get; } = new();
    public ControlClock Time { get; }

    /// <summary>What no endpoint expected, in order; a test that must not see any looks here.</summary>
    public ConcurrentQueue<Exception> Faults { get; } = new();

    /// <summary>The endpoints that API keys can be made for, where the module that owns endpoints is not part of the test.</summary>
    public NamedEndpoints Endpoints { get; } = new();
    public CountedPublications Gateways { get; } = new();
    public Keyring Keyring => _keyring;
    public IServiceProvider Services => _app.Services;
    public HttpClient Anonymous { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    /// <summary>The first owner, through the bootstrap code. Null when the folder already had one.</summary>
    public ControlClient? Owner { get; private set; }

    /// <param name="directory">Folder of an earlier host, to start again on what it left; null makes a new one, removed at the end.</param>
    public static async Task<ControlHost> StartAsync(ControlParts parts, string? directory = null, ControlClock? time = null)
    {
        directory ??= System.IO.Directory.CreateTempSubdirectory("merlon-control-").FullName;
        time ??= new ControlClock();
        var root = RootKey.FromBytes([.. Enumerable.Repeat((byte)7, RootKey.Size)]);
        var storage = new StorageOptions { DatabasePath = Path.Combine(directory, "merlon.db"), OutboxKey = root.Derive("outbox") };
        if (StorageModule.Migrate(storage, time, [typeof(AccessModule).Assembly, .. parts.Tables]) is { IsRefused: true } refused)
            throw new InvalidOperationException(refused.Refusal.Detail);
        ControlHost host;
        try
        {
            host = new ControlHost(directory, storage, root, time, parts);
        }
        catch
        {
            // A control that must not start leaves nothing behind.
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            System.IO.Directory.Delete(directory, recursive: true);
            throw;
        }
        await host._app.StartAsync();
        host.Anonymous.BaseAddress = new Uri(host._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(a => !a.Contains("unix", StringComparison.Ordinal)));
        if (await AccessModule.MakeBootstrapCodeAsync(host.Services, recover: false, CancellationToken.None) is { } code)
            host.Owner = await host.SignInAsync(code);
        return host;
    }

    /// <summary>A client with its own connection and the given token.</summary>
    public ControlClient Client(string token, string principal = "")
    {
        var person = new StepUpHandler(Time);
        var http = new HttpClient(person) { BaseAddress = Anonymous.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new ControlClient(http, token, principal) { Person = person };
    }

    /// <summary>Enrols an authenticator, as everyone has to whose role can change something.</summary>
    public async Task<ControlClient> EnrolAsync(ControlClient client)
    {
        var authenticator = new Authenticator((await client.PostAsync("/me/totp")).Text("secret"));
        var confirmed = await client.PostAsync("/me/totp/confirm", new { code = await authenticator.NextAsync(Time) });
        if (!confirmed.IsSuccess)
            throw new InvalidOperationException($"The authenticator was not taken: {confirmed.Body}");
        client.Person!.Authenticator = authenticator;
        return client;
    }

    /// <summary>A new principal with a role, made by the owner.</summary>
    public async Task<ControlClient> AddAsync(string name, string role)
    {
        var created = await Owner!.PostAsync("/principals", new { name, role });
        var client = Client(created.Text("token"), created.Text("principal"));
        return (await client.GetAsync("/whoami")).Text("mfa") == "required" ? await EnrolAsync(client) : client;
    }

    /// <summary>A client that speaks as the node does, over the Unix socket.</summary>
    public ControlClient Node()
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(ControlSocket), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        var http = new HttpClient(handler) { BaseAddress = new Uri("http://control") };
        http.DefaultRequestHeaders.Add(RoleTokens.Header, NodeToken);
        return new ControlClient(http, NodeToken, "system:node");
    }

    private async Task<ControlClient> SignInAsync(string code)
    {
        var answer = await ControlAnswer.ReadAsync(await Anonymous.PostAsync("/bootstrap", ControlClient.Json(new { code, name = "admin" })));
        return await EnrolAsync(Client(answer.Text("token"), answer.Text("principal")));
    }

    private WebApplication Build(ControlParts parts)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.ListenUnixSocket(ControlSocket);
        });
        var services = builder.Services;
        services.AddSingleton<TimeProvider>(Time).AddSingleton(_keyring).AddSingleton<IEventSink>(Events).AddSingleton<IRefusalLog>(Refusals);
        services.AddSingleton<IWorkloadAuthority>(new TestAuthority(Time));
        services.AddStorage(Storage);
        services.AddAccess(new RoleTokens(new Dictionary<string, string> { ["node"] = NodeToken }));
        parts.AddServices(services, Directory);
        services.TryAddSingleton<IEndpointDirectory>(Endpoints);
        services.AddSingleton<IGatewayPublisher>(Gateways);
        var app = builder.Build();
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception e)
            {
                Faults.Enqueue(e);
                throw;
            }
        });
        app.UseRouting();
        app.UseRoutePolicies();
        app.MapAccess();
        parts.MapRoutes(app);
        ((IEndpointRouteBuilder)app).RequireDeclaredPolicies();
        return app;
    }

    /// <summary>Stops and leaves the folder, for another host to start on.</summary>
    public async Task<string> StopAsync()
    {
        Anonymous.Dispose();
        await _app.DisposeAsync();
        _keyring.Dispose();
        _root.Dispose();
        File.Delete(ControlSocket);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        return Directory;
    }

    public async ValueTask DisposeAsync() => System.IO.Directory.Delete(await StopAsync(), recursive: true);
}
