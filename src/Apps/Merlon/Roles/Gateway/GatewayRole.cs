using Merlon.Access.Contracts;
using Merlon.Gateway;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Merlon.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.App.Roles.Gateway;

/// <summary>The gateway role: no keyring, no database, no privilege. It decides by its signed snapshot and writes its own log.</summary>
internal static class GatewayRole
{
    private const string Name = "gateway";

    public static async Task<int> RunAsync(RoleStart start)
    {
        var time = TimeProvider.System;
        using var control = RoleClient.Connect(start.ControlSocket, start.Tokens[Name]);
        var identity = await RoleIdentity.FetchAsync(control, Name);
        await using var ledger = await RoleHost.OpenLedgerAsync(start, identity.LedgerSeed, identity.EventKeyOf);

        var options = new GatewayOptions();
        var builder = RoleHost.NewBuilder();
        builder.Services.AddSingleton<IEventSink>(ledger);
        builder.Services.AddSingleton(_ => new RefusalAggregator(ledger, time, RefusalSealing.For(Name, identity.UnidentifiedKey)));
        builder.Services.AddSingleton<IRefusalFlood, GatewayRefusals>();
        builder.Services.AddSingleton(new ControlSnapshots(control, identity.SnapshotKey!).Source);
        builder.Services.AddGateway(options);
        builder.Services.AddSingleton(services => new PeerCertificates(identity.CaPem!, identity.TrustDomain!, services.GetRequiredService<IRefusalFlood>(), time));
        var certificate = await RoleHost.AddCertificateAsync(builder.Services, async cancellationToken =>
        {
            var renewed = await RoleIdentity.FetchAsync(control, Name, cancellationToken);
            return (renewed.CertificatePem!, renewed.CertificateKey!);
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            GatewayModule.ConfigureKestrel(kestrel, options);
            kestrel.Listen(RoleHost.Address(start), start.Port, listener =>
            {
                GatewayModule.LimitConnections(listener);
                var peers = listener.ApplicationServices.GetRequiredService<PeerCertificates>();
                certificate.UseOn(listener, peers.Ask);
                peers.UseOn(listener);
            });
        });
        await using var app = builder.Build();
        app.UseRouting();
        app.MapGateway();
        await app.StartAsync();
        RoleHost.SayReady(new RoleReady(RoleHost.BoundPort(app.Services), null, Notes(ledger)));
        await app.WaitForShutdownAsync();
        return Cli.ExitCodes.Done;
    }

    private static IReadOnlyList<string> Notes(LedgerLog ledger) => ledger.Recovery.DroppedRecords > 0 || ledger.Recovery.DroppedBodyBytes > 0
        ? [$"Ledger of the gateway: {ledger.Recovery.Summary}"]
        : [];
}
