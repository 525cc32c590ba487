using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Access;
using Merlon.Access.Contracts;
using Merlon.Admission;
using Merlon.App.Roles.Control.Description;
using Merlon.App.Up;
using Merlon.Gateway;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Ledger;
using Merlon.Registry;
using Merlon.Registry.Contracts;
using Merlon.Serving;
using Merlon.Serving.Contracts;
using Merlon.Storage;
using Merlon.Storage.Contracts;
using Merlon.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.App.Roles.Control;

/// <summary>The control role: API, registry, keys, policy. It alone has the database and the keyring.</summary>
internal static class ControlRole
{
    private const string Name = "control";

    public static async Task<int> RunAsync(RoleStart start)
    {
        var time = TimeProvider.System;
        using var root = RootKey.FromBytes(start.RootKey);
        var storage = new StorageOptions { DatabasePath = Path.Combine(start.DataDirectory, "db", "merlon.db"), OutboxKey = root.Derive("outbox") };
        if (!Migrate(storage, time))
            return Cli.ExitCodes.Refused;

        using var keyring = new Keyring(root, StorageModule.OpenKeyStore(storage), time);
        if (!await OpensAsync(keyring, start))
            return Cli.ExitCodes.Refused;
        var keys = new ControlKeys(keyring, Path.Combine(start.DataDirectory, "db", "ca.pem"), start.HostNames, start, time);
        await keys.OpenCaAsync();
        var eventKey = await keys.EventKeyAsync();
        await using var ledger = await RoleHost.OpenLedgerAsync(start, await keys.LedgerSeedAsync(Name), _ => eventKey);

        var builder = RoleHost.NewBuilder();
        var unidentified = await new SubjectKeys(keyring).GetOrCreateAsync(Scope.Default, SubjectKeys.Unidentified, CancellationToken.None);
        builder.Services.AddSingleton(_ => new RefusalAggregator(ledger, time, RefusalSealing.For(Name, unidentified)));
        AddServices(builder.Services, start, root, storage, keyring, keys, ledger, await keys.SnapshotSeedAsync());
        var certificate = await RoleHost.AddCertificateAsync(builder.Services, async _ =>
        {
            using var issued = await keys.IssueServerAsync();
            return (issued.CertificatePem, [.. issued.PrivateKey]);
        });
        Listen(builder, start, certificate);
        await using var app = builder.Build();
        ControlRoutes.Map(app);
        var notes = await RepairAsync(app.Services, ledger);
        await app.StartAsync();
        File.SetUnixFileMode(start.ControlSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
        var code = await AccessModule.MakeBootstrapCodeAsync(app.Services, start.Recover, CancellationToken.None);
        RoleHost.SayReady(new RoleReady(RoleHost.BoundPort(app.Services), code is null ? null : BootstrapText.Compose(code, keys.CaPem), notes, keys.CaPem));
        await app.WaitForShutdownAsync();
        return Cli.ExitCodes.Done;
    }

    private static bool Migrate(StorageOptions storage, TimeProvider time)
    {
        var migrated = StorageModule.Migrate(storage, time,
            typeof(AccessModule).Assembly, typeof(RegistryModule).Assembly, typeof(AdmissionModule).Assembly, typeof(ServingModule).Assembly);
        if (migrated.Try(out _, out var refusal))
            return true;
        Console.Error.WriteLine("merlon: " + refusal);
        return false;
    }

    /// <summary>Says in words when the root key is not the one under which this data was sealed.</summary>
    private static async Task<bool> OpensAsync(Keyring keyring, RoleStart start)
    {
        try
        {
            await keyring.SigningSeedAsync(Scope.Default, KeyNames.Ledger(Name));
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or System.Security.Cryptography.CryptographicException)
        {
            Console.Error.WriteLine($"merlon: The root key does not open the data in {start.DataDirectory}: it is the key of another installation, or the stored keys are damaged.");
            return false;
        }
    }

    private static void AddServices(
        IServiceCollection services, RoleStart start, RootKey root, StorageOptions storage, Keyring keyring, ControlKeys keys, LedgerLog ledger, byte[] snapshotSeed)
    {
        services.AddSingleton(start);
        services.AddSingleton(root);
        services.AddSingleton(keyring);
        services.AddSingleton(keys);
        services.AddSingleton<IWorkloadAuthority>(keys);
        services.AddSingleton(ledger);
        services.AddSingleton<IEventSink>(ledger);
        services.AddSingleton<IRefusalLog, ControlRefusals>();
        services.AddSingleton<AuditLogs>();
        services.AddStorage(storage);
        services.AddAccess(new RoleTokens(start.Tokens), new AccessOptions { SecondPersonAge = TimeSpan.FromDays(start.SecondPersonDays) });
        services.AddConsole();
        services.AddRegistry(new RegistryOptions
        {
            BlobDirectory = Path.Combine(start.DataDirectory, "blobs"),
            StagingDirectory = Path.Combine(start.DataDirectory, "staging"),
        });
        services.AddAdmission().AddRescanning();
        services.AddServing(new ServingOptions { SocketDirectory = start.WorkerSockets });
        // A malformed body becomes one sentence at the error boundary instead of an empty 400.
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
        services.AddGatewayPublishing(snapshotSeed);
        services.AddRouting();
        services.AddProblemDetails();
        // A body that cannot be bound comes to the error boundary, which has words for it.
        services.Configure<Microsoft.AspNetCore.Routing.RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase)));
        services.AddApiDescription();
        services.AddHostedService<OutboxRetry>();
    }

    private static void Listen(WebApplicationBuilder builder, RoleStart start, ServerCertificate certificate)
    {
        File.Delete(start.ControlSocket);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = 1024;
            kestrel.Limits.MaxRequestBodySize = 64L << 20;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Listen(RoleHost.Address(start), start.Port, certificate.UseOn);
            kestrel.ListenUnixSocket(start.ControlSocket, listener => listener.Protocols = HttpProtocols.Http1);
        });
    }

    /// <summary>Brings back to rest what a crash left, and says what was done.</summary>
    private static async Task<IReadOnlyList<string>> RepairAsync(IServiceProvider services, LedgerLog ledger)
    {
        var notes = new List<string>();
        if (ledger.Recovery.DroppedRecords > 0 || ledger.Recovery.DroppedBodyBytes > 0)
            notes.Add($"Ledger of control: {ledger.Recovery.Summary}");
        var delivered = await services.GetRequiredService<OutboxPump>().FlushAsync(CancellationToken.None);
        if (delivered > 0)
            notes.Add($"Delivered {delivered} events to the ledger that a stop had left in the outbox.");
        if (await RegistryModule.SweepAsync(services, CancellationToken.None) is { } swept)
            notes.Add(swept);
        await ServingModule.SettleAsync(services, CancellationToken.None);
        await AdmissionModule.EnsurePolicyAsync(services, CancellationToken.None);
        return notes;
    }
}
