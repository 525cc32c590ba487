using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Merlon.App.Cli;

namespace Merlon.App.Up;

/// <summary>Starts Merlon in the foreground.</summary>
internal static class UpCommand
{
    public static Command Make()
    {
        var data = new Option<string?>("--data") { Description = "Data folder (default /var/lib/merlon as root, the XDG data folder otherwise)" };
        var rootKey = new Option<string?>("--root-key") { Description = "File of the root key; made at the first start; never in the data folder" };
        var listen = new Option<string>("--listen") { Description = "Address to listen on", DefaultValueFactory = _ => "127.0.0.1" };
        var controlPort = new Option<int>("--control-port") { Description = "Port for people and automation; 0 takes a free one", DefaultValueFactory = _ => 8443 };
        var gatewayPort = new Option<int>("--gateway-port") { Description = "Port for inference; 0 takes a free one", DefaultValueFactory = _ => 9443 };
        var host = new Option<string[]>("--host-name") { Description = "Further host name for the server certificate; may be repeated" };
        var sink = new Option<string[]>("--checkpoint-sink") { Description = "Folder or URL that gets a copy of every signed checkpoint; may be repeated" };
        var sandbox = new Option<string>("--sandbox") { Description = "Isolation of workers", DefaultValueFactory = _ => "auto" };
        var recover = new Option<bool>("--recover") { Description = "Print a new bootstrap code for another owner, when nobody can sign in any more" };
        var secondPerson = new Option<int>("--second-person-days") { Description = "Days in which a principal does not approve changes of the rights of whoever made it (0 to 3650)", DefaultValueFactory = _ => 30 };
        sandbox.AcceptOnlyFromAmong("auto", "runc", "bubblewrap");
        return new Command("up", "Start Merlon: control, node and gateway").With(data, rootKey, listen, controlPort, gatewayPort, host, sink, sandbox, recover, secondPerson).Does(async (result, cancellationToken) =>
        {
            if (!IPAddress.TryParse(result.GetValue(listen), out var address))
                throw CliException.Usage($"'{result.GetValue(listen)}' is not an IP address.");
            var options = UpOptions.For(result.GetValue(data), result.GetValue(rootKey)) with
            {
                Listen = address,
                ControlPort = Port(result.GetValue(controlPort)),
                GatewayPort = Port(result.GetValue(gatewayPort)),
                HostNames = result.GetValue(host) ?? [],
                CheckpointSinks = result.GetValue(sink) ?? [],
                Sandbox = result.GetValue(sandbox)!,
                Recover = result.GetValue(recover),
                SecondPersonDays = result.GetValue(secondPerson) is >= 0 and <= 3_650 and var days ? days : throw CliException.Usage("--second-person-days is between 0 and 3650."),
            };
            return await RunAsync(options, cancellationToken);
        });
    }

    private static async Task<int> RunAsync(UpOptions options, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context));
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        await using var supervisor = await Supervisor.StartAsync(options, message => Console.Error.WriteLine("merlon: " + message), TimeProvider.System, stop.Token);
        Show(options, supervisor);
        try
        {
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("merlon: draining and stopping.");
        }
        return ExitCodes.Done;
    }

    private static int Port(int port) => port is >= 0 and <= 65535 ? port : throw CliException.Usage($"{port} is not a port.");

    private static void Show(UpOptions options, Supervisor supervisor)
    {
        var host = options.Listen.Equals(IPAddress.Any) || options.Listen.Equals(IPAddress.Loopback) ? "localhost" : options.Listen.ToString();
        foreach (var note in supervisor.Notes)
            Output.Line(note);
        Output.Line("Merlon is up.");
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"  control    https://{host}:{supervisor.ControlPort}   API and health"));
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"  inference  https://{host}:{supervisor.GatewayPort}   Open Inference Protocol v2"));
        Output.Line($"  CA         {supervisor.Data.CaFile}");
        Output.Line($"  data       {supervisor.Data.Path}   root key {options.RootKeyFile}");
        if (supervisor.Control.BootstrapCode is { } code)
        {
            var server = supervisor.ControlPort == 8443 && host == "localhost" ? "" : string.Create(CultureInfo.InvariantCulture, $" --server https://{host}:{supervisor.ControlPort}");
            Output.Line("Sign in from another terminal (the code is good once, for a day):");
            Output.Line($"  merlon login --bootstrap {code}{server}");
        }
        Output.Line("Ctrl-C stops.");
    }
}
