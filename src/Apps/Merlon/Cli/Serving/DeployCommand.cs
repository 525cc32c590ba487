using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Serving;

/// <summary>Puts a version behind an endpoint.</summary>
internal static class DeployCommand
{
    public static Command Make()
    {
        var reference = CommandBase.ReferenceArgument();
        var endpoint = new Option<string>("--endpoint") { Description = "Name that clients call", Required = true };
        var environment = CommandBase.EnvironmentOption();
        var memory = new Option<int?>("--memory") { Description = "Memory of the worker in MiB (default 1024)" };
        var cpus = new Option<double?>("--cpus") { Description = "CPUs of the worker (default 2)" };
        var threads = new Option<int?>("--threads") { Description = "Threads of the runtime per call (default 1)" };
        var device = new Option<string[]>("--device") { Description = "Device node that the worker gets, as /dev/nvidia0; may be repeated" };
        var json = CommandBase.JsonOption();
        return new Command("deploy", "Deploy a version to an endpoint").With(reference, endpoint, environment, memory, cpus, threads, device, json).Does(async (result, cancellationToken) =>
        {
            CommandBase.Reference(result.GetValue(reference)!);
            using var api = ApiClient.Open();
            var answer = await api.PostAsync($"endpoints/{Uri.EscapeDataString(result.GetValue(endpoint)!)}/deployments", new
            {
                reference = result.GetValue(reference),
                environment = result.GetValue(environment),
                memoryBytes = result.GetValue(memory) is { } mib ? (long)mib << 20 : (long?)null,
                cpus = result.GetValue(cpus),
                threads = result.GetValue(threads),
                devices = result.GetValue(device),
            }, cancellationToken);
            if (!result.PrintedJson(json, answer))
                Show(answer);
            return ExitCodes.Done;
        });
    }

    internal static void Show(JsonNode answer)
    {
        Output.Line($"{answer.Get("endpoint")} -> {answer.Get("reference")}, revision {answer.Get("revision")} in {answer.Get("environment")}");
        Output.Line($"manifest {Output.ShortDigest(answer.Get("manifest"))}  contract {Output.ShortDigest(answer.Get("contract"))}  policy {Output.ShortDigest(answer.Get("policy"))}");
        var start = answer["startMilliseconds"]!.GetValue<double>().ToString("0", CultureInfo.InvariantCulture);
        Output.Line($"worker in {answer.Get("sandbox")}, isolation={answer.Get("isolation")}, first answer after {start} ms");
        foreach (var missing in answer["missingIsolation"].Items())
            Output.Line($"  missing: {missing}");
        if (!answer["effective"]!.GetValue<bool>())
            Output.Line("The gateway has not confirmed yet; it follows as soon as it is connected.");
    }
}
