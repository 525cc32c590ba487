using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli.Models;

/// <summary>The registry from the command line.</summary>
internal static class ModelCommand
{
    public static Command Make() => new Command("model", "Push, list, show, verify, pull and compare models")
        .With(PushCommand.Make(), List(), Show(), Verify(), Scan(), PullCommand.Make(), Diff());

    private static Command List()
    {
        var json = CommandBase.JsonOption();
        return new Command("list", "List the models of the project").With(json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var models = await api.ListAsync("models", cancellationToken);
            if (result.PrintedJson(json, models))
                return ExitCodes.Done;
            if (models.Count == 0)
                Output.Line("No models yet. Push one: merlon model push NAME PATH");
            else
                Output.Table(["MODEL", "LATEST", "SIZE", "DIGEST", "PUSHED"], models.Items().Select(m => new[]
                {
                    m.Get("name"), $"@{m.Get("latest")}", Output.Bytes(Number(m, "totalBytes")), Output.ShortDigest(m.Get("manifest")), Output.Time(m.Get("pushedAt")),
                }));
            return ExitCodes.Done;
        });
    }

    private static Command Show()
    {
        var json = CommandBase.JsonOption();
        var name = new Argument<string>("NAME[@N]") { Description = "A model, or one version of it" };
        return new Command("show", "Show a model's versions, or one version's files").With(name, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var text = result.GetValue(name)!;
            if (!text.Contains('@', StringComparison.Ordinal))
            {
                var versions = await api.GetAsync($"models/{Uri.EscapeDataString(text)}", cancellationToken);
                if (!result.PrintedJson(json, versions))
                    Output.Table(["VERSION", "FILES", "SIZE", "DIGEST", "PUSHED"], versions.Items().Select(v => new[]
                    {
                        v.Get("reference"), (v["files"] as JsonArray)!.Count.ToString(CultureInfo.InvariantCulture), Output.Bytes(Number(v, "totalBytes")),
                        Output.ShortDigest(v.Get("manifest")), Output.Time(v.Get("createdAt")),
                    }));
                return ExitCodes.Done;
            }
            var (model, number) = CommandBase.Reference(text);
            var version = await api.GetAsync($"models/{model}/versions/{number}", cancellationToken);
            if (result.PrintedJson(json, version))
                return ExitCodes.Done;
            Output.Line($"{version.Get("reference")}   {version.Get("manifest")}");
            Output.Line($"pushed {Output.Time(version.Get("createdAt"))} by {version.Get("author")}, {Output.Bytes(Number(version, "totalBytes"))}");
            Output.Table(["FILE", "SIZE", "SHA-256"], version["files"].Items().Select(f => new[]
            {
                f.Get("path"), Output.Bytes(Number(f, "size")), Output.ShortDigest(f.Get("sha256")),
            }));
            return ExitCodes.Done;
        });
    }

    private static Command Verify()
    {
        var json = CommandBase.JsonOption();
        var reference = CommandBase.ReferenceArgument();
        return new Command("verify", "Read a version again from its sealed form and compare every byte").With(reference, json).Does(async (result, cancellationToken) =>
        {
            var (model, number) = CommandBase.Reference(result.GetValue(reference)!);
            using var api = ApiClient.Open();
            var answer = await api.PostAsync($"models/{model}/versions/{number}/verify", null, cancellationToken);
            var intact = answer["intact"]!.GetValue<bool>();
            if (!result.PrintedJson(json, answer))
            {
                foreach (var file in answer["files"].Items().Where(f => !f["intact"]!.GetValue<bool>()))
                    Output.Error($"{file.Get("path")}: {file.Get("problem")}", null);
                Output.Line(intact ? $"{answer.Get("reference")} is intact: {answer.Get("manifest")}" : $"{answer.Get("reference")} is damaged.");
            }
            return intact ? ExitCodes.Done : ExitCodes.Refused;
        });
    }

    private static Command Scan()
    {
        var json = CommandBase.JsonOption();
        var reference = CommandBase.ReferenceArgument();
        return new Command("scan", "Show the newest scan of a version, and by which rules").With(reference, json).Does(async (result, cancellationToken) =>
        {
            var (model, number) = CommandBase.Reference(result.GetValue(reference)!);
            using var api = ApiClient.Open();
            var scan = await api.GetAsync($"models/{model}/versions/{number}/scan", cancellationToken);
            var blocked = scan.Get("verdict") == "block";
            if (result.PrintedJson(json, scan))
                return blocked ? ExitCodes.Refused : ExitCodes.Done;
            Output.Line($"{scan.Get("reference")}: {scan.Get("verdict")}, scanned {Output.Time(scan.Get("scannedAt"))} under rules {Output.ShortDigest(scan.Get("rules"))}"
                + (scan["current"]!.GetValue<bool>() ? "" : " (the rules have changed since; it will be scanned again)"));
            if (scan["findings"].Items().Any())
                Output.Table(["SEVERITY", "RULE", "WHERE", "WHAT"], scan["findings"].Items().Select(f => new[]
                {
                    f.Get("severity"), f.Get("rule"), f["location"] is null ? "" : f.Get("location"), f.Get("message"),
                }));
            return blocked ? ExitCodes.Refused : ExitCodes.Done;
        });
    }

    private static Command Diff()
    {
        var json = CommandBase.JsonOption();
        var from = CommandBase.ReferenceArgument();
        var to = new Argument<string>("NAME@M") { Description = "The other version of the same model" };
        return new Command("diff", "Compare two versions of a model file by file").With(from, to, json).Does(async (result, cancellationToken) =>
        {
            var (model, older) = CommandBase.Reference(result.GetValue(from)!);
            var (other, newer) = CommandBase.Reference(result.GetValue(to)!);
            if (!string.Equals(model, other, StringComparison.Ordinal))
                throw CliException.Usage("Both versions must be of the same model.");
            using var api = ApiClient.Open();
            var diff = await api.GetAsync($"models/{model}/diff?from={older}&to={newer}", cancellationToken);
            if (result.PrintedJson(json, diff))
                return ExitCodes.Done;
            if (diff["identical"]!.GetValue<bool>())
                Output.Line($"{diff.Get("from")} and {diff.Get("to")} have the same content.");
            else
                Output.Table(["CHANGE", "FILE", "OLD", "NEW"], diff["changes"].Items().Select(c => new[]
                {
                    c.Get("change"), c.Get("path"), Output.ShortDigest(c.Get("oldSha256")), Output.ShortDigest(c.Get("newSha256")),
                }));
            return ExitCodes.Done;
        });
    }

    private static long Number(JsonNode? node, string property) => node?[property]?.GetValue<long>() ?? 0;
}
