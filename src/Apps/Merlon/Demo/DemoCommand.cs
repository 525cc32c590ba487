using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Merlon.App.Cli;
using Merlon.App.Up;

namespace Merlon.App.Demo;

/// <summary>Tells with a real model and real attacks what Merlon is for.</summary>
internal static class DemoCommand
{
    public static Command Make()
    {
        var exit = new Option<bool>("--exit") { Description = "Stop at the end instead of leaving the server running" };
        return new Command("demo", "Show a model protected and attacks stopped, on fresh data and free ports").With(exit).Does(async (result, cancellationToken) =>
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
            void Stop(PosixSignalContext context)
            {
                context.Cancel = true;
                stop.Cancel();
            }

            var folder = Directory.CreateTempSubdirectory("merlon-demo-").FullName;
            try
            {
                return await RunAsync(folder, result.GetValue(exit), stop.Token);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
    }

    private static async Task<int> RunAsync(string folder, bool exit, CancellationToken cancellationToken)
    {
        // The roles drop root and must be able to pass.
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var steps = new DemoSteps();
        await using var stage = await DemoStage.StartAsync(folder, steps, cancellationToken);
        await new DemoJob(stage, steps).RunAsync(cancellationToken);
        await new DemoArtifactAttacks(stage, steps).RunAsync(cancellationToken);
        await new DemoCallAttacks(stage, steps).RunAsync(cancellationToken);
        await new DemoLedgerAttack(stage, steps).RunAsync(cancellationToken);
        steps.Summarise();
        if (!exit && steps.AllAsExpected)
            await StayAsync(stage, cancellationToken);
        return steps.AllAsExpected ? ExitCodes.Done : ExitCodes.Refused;
    }

    private static async Task StayAsync(DemoStage stage, CancellationToken cancellationToken)
    {
        Output.Line();
        Output.Line("The server is still running:");
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"  control    https://localhost:{stage.Supervisor.ControlPort}"));
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"  inference  https://localhost:{stage.Supervisor.GatewayPort}"));
        Output.Line($"  CA         {stage.Supervisor.Data.CaFile}");
        Output.Line("Call the model:");
        Output.Line($"  curl --cacert {stage.Supervisor.Data.CaFile} -H 'Authorization: Bearer {stage.Key}' -H 'Content-Type: application/json' \\");
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"    -d @{stage.WriteSampleRequest()} https://localhost:{stage.Supervisor.GatewayPort}/v2/models/fraud/infer"));
        Output.Line("Use the command line as administrator of this server, in another terminal:");
        Output.Line($"  export MERLON_CONFIG={stage.ConfigFolder}");
        Output.Line("Ctrl-C stops and removes everything.");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Output.Line("Stopping.");
        }
    }
}
