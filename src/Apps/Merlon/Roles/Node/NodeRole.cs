using Merlon.Access.Contracts;
using Merlon.App.Up;
using Merlon.Kernel;
using Merlon.Ledger;
using Merlon.Sandbox.Contracts;
using Merlon.Serving;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Merlon.App.Roles.Node;

/// <summary>The node role: starts sandboxes. The only role that may be root.</summary>
internal static class NodeRole
{
    private const string Name = "node";

    public static async Task<int> RunAsync(RoleStart start)
    {
        var time = TimeProvider.System;
        using var control = RoleClient.Connect(start.ControlSocket, start.Tokens[Name]);
        var launcher = ChooseLauncher(start, time);
        // What an earlier node left behind when it was killed.
        var sweeping = launcher.SweepAsync(CancellationToken.None);
        var identity = await RoleIdentity.FetchAsync(control, Name);
        await using var ledger = await RoleHost.OpenLedgerAsync(start, identity.LedgerSeed, identity.EventKeyOf);
        await sweeping;

        var builder = RoleHost.NewSilentBuilder();
        builder.Services.AddSingleton<IEventSink>(ledger);
        builder.Services.AddSingleton(launcher);
        builder.Services.AddSingleton(new RootfsBuilder(Path.Combine(start.CacheDirectory, "roots")));
        builder.Services.AddNode(Options(start));
        var host = builder.Build();
        await using var disposal = (IAsyncDisposable)host;
        await host.StartAsync();
        RoleHost.SayReady(new RoleReady(0, null, []));
        await host.WaitForShutdownAsync();
        return Cli.ExitCodes.Done;
    }

    private static NodeOptions Options(RoleStart start) => new()
    {
        ControlSocket = start.ControlSocket,
        RoleToken = start.Tokens[Name],
        BlobDirectory = Path.Combine(start.DataDirectory, "blobs"),
        SocketDirectory = start.WorkerSockets,
        ModelWorkerDirectory = Path.Combine(start.ProgramDirectory, "workers", "model"),
        ScanWorkerDirectory = Path.Combine(start.ProgramDirectory, "workers", "scan"),
        FirstWorkerUser = RoleUsers.FirstWorker,
        LastWorkerUser = RoleUsers.LastWorker,
        ScannerUser = RoleUsers.Scanner,
        GatewayGroup = RoleUsers.IsRoot ? RoleUsers.Gateway : null,
    };

    private static ISandboxLauncher ChooseLauncher(RoleStart start, TimeProvider time)
    {
        var runFolder = Path.Combine(start.RunDirectory, "sandboxes");
        var prefix = "merlon-" + start.Instance.ToString("n")[^8..];
        return start.Sandbox switch
        {
            "runc" or "auto" when RuncLauncher.IsAvailable => new RuncLauncher(runFolder, prefix, time),
            "bubblewrap" or "auto" when BubblewrapLauncher.IsAvailable => new BubblewrapLauncher(runFolder, prefix, time),
            _ => throw new IOException($"The isolation '{start.Sandbox}' is not available: install runc (and run as root) or bubblewrap."),
        };
    }
}
