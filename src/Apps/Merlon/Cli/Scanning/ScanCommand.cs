using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <summary>Looks into files on this machine; needs no server. The parsers run in sandboxes of their own, never in this process.</summary>
internal static class ScanCommand
{
    private static readonly string[] s_formats = ["text", "json", "sarif"];
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static Command Make()
    {
        var paths = new Argument<string[]>("PATH") { Description = "Files and folders; - reads from standard input", Arity = ArgumentArity.OneOrMore };
        var format = new Option<string>("--format") { Description = "text, json or sarif", DefaultValueFactory = _ => "text" };
        var json = new Option<bool>("--json") { Description = "The same as --format json" };
        var output = new Option<FileInfo?>("--output") { Description = "Where the report goes (default: standard output)" };
        var jobs = new Option<int>("--jobs") { Description = "Files looked into at the same time", DefaultValueFactory = _ => 2 };
        var reduced = new Option<bool>("--no-sandbox") { Description = "Run the parsers in plain child processes where no sandbox can be had" };
        var policy = new Option<FileInfo?>("--policy") { Description = "A signed scan policy: more names, other severities" };
        var policyKey = new Option<FileInfo?>("--policy-key") { Description = "Public key of the policy's signer (PEM)" };
        return new Command("scan", "Look into model files before anything loads them; needs no server").With(ScanPolicyCommand.Make(), paths, format, json, output, jobs, reduced, policy, policyKey).Does(async (result, cancellationToken) =>
        {
            var form = result.GetValue(json) ? "json" : result.GetValue(format)!;
            if (!s_formats.Contains(form, StringComparer.Ordinal))
                throw CliException.Usage($"'{Kernel.Text.Printable(form, 40)}' is not a format.", "Use text, json or sarif.");
            if (result.GetValue(jobs) is < 1 or > 64)
                throw CliException.Usage("--jobs takes a number from 1 to 64.");

            var signed = Policy(result.GetValue(policy), result.GetValue(policyKey), result.GetValue(paths)!);
            using var targets = await ScanTargets.OpenAsync(result.GetValue(paths)!, cancellationToken);
            using var isolation = ScanIsolation.Choose(result.GetValue(reduced));
            var reports = await new ScanRun(targets, result.GetValue(jobs), isolation, signed).RunAsync(cancellationToken);
            Write(form, reports, signed, result.GetValue(output));
            return targets.Unreadable.Count > 0 ? Complain(targets.Unreadable)
                : reports.Any(report => report.Verdict == Verdict.Block) ? ExitCodes.Refused : ExitCodes.Done;
        });
    }

    private static int Complain(IReadOnlyList<string> unreadable)
    {
        foreach (var problem in unreadable)
            Output.Error(problem, null);
        return ExitCodes.Unreachable;
    }

    private static ScanPolicy? Policy(FileInfo? policy, FileInfo? key, string[] scanned)
    {
        if (policy is null)
            return key is null ? null : throw CliException.Usage("--policy-key without --policy.");
        ScanPolicyFile.RequireOutside(policy, scanned);
        if (key is not null)
            ScanPolicyFile.RequireOutside(key, scanned);
        return ScanPolicyFile.Open(policy, key).Policy;
    }

    private static void Write(string form, IReadOnlyList<ContentScanReport> reports, ScanPolicy? policy, FileInfo? output)
    {
        var text = form switch
        {
            "json" => Print(ScanOutput.Json(reports, policy)),
            "sarif" => Print(ScanOutput.Sarif(reports, policy)),
            _ => ScanOutput.Text(reports),
        };
        if (output is null)
            Console.Out.Write(text);
        else
            File.WriteAllText(output.FullName, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    private static string Print(JsonObject json) => json.ToJsonString(s_indented) + "\n";
}
