using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Merlon.Admission.Contracts;
using Merlon.App.Cli.Signing;
using Merlon.Scanning.Contracts;
using Merlon.Signing.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <summary>Signs scan policies and shows what a signed one says. Needs no server.</summary>
internal static class ScanPolicyCommand
{
    private const string Ending = ".signed.json";

    public static Command Make() => new Command("policy", "Sign a scan policy, or show a signed one").With(MakeSign(), MakeShow());

    private static Command MakeSign()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "The policy (YAML)" };
        var key = new Option<FileInfo>("--key") { Description = "Private key (PEM, P-256, P-384 or P-521)", Required = true };
        var output = new Option<FileInfo?>("--output") { Description = $"Where the signed policy goes (default: FILE{Ending})" };
        return new Command("sign", "Sign a scan policy").With(file, key, output).Does((result, _) =>
        {
            var source = result.GetValue(file)!;
            var text = ScanPolicyFile.Read(source, ScanPolicy.MaxBytes);
            if (!ScanPolicy.Read(text).Try(out var policy, out var refusal))
                throw CliException.Usage($"{refusal.Detail} (failed step: {refusal.Code})", refusal.Remedy);
            using var signer = SignCommand.ReadKey(result.GetValue(key)!);
            if (!SignedDocument.Sign(ScanPolicy.PayloadType, text, signer).Try(out var envelope, out refusal))
                throw CliException.Refused(refusal.Detail, refusal.Remedy);
            var target = result.GetValue(output)?.FullName ?? source.FullName + Ending;
            File.WriteAllBytes(target, envelope);
            Output.Line($"Signed the scan policy '{policy.Name}' ({policy.Digest.Short}): {target}");
            return Task.FromResult(ExitCodes.Done);
        });
    }

    private static Command MakeShow()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "The signed policy" };
        var key = new Option<FileInfo>("--policy-key") { Description = "Public key of its signer (PEM)", Required = true };
        var json = CommandBase.JsonOption();
        return new Command("show", "Verify a signed scan policy and show what it says").With(file, key, json).Does((result, _) =>
        {
            var signed = ScanPolicyFile.Open(result.GetValue(file)!, result.GetValue(key));
            if (!result.PrintedJson(json, Json(signed)))
                Print(signed);
            return Task.FromResult(ExitCodes.Done);
        });
    }

    private static JsonObject Json(SignedScanPolicy signed) => new()
    {
        ["name"] = signed.Policy.Name,
        ["digest"] = signed.Policy.Digest.ToString(),
        ["keyId"] = signed.KeyId,
        ["rulesDigest"] = ScanPolicy.RulesOf(signed.Policy).ToString(),
        ["names"] = new JsonArray([.. signed.Policy.Names.Select(name => new JsonObject
        {
            ["module"] = name.Module, ["name"] = name.Name, ["use"] = Use(name), ["library"] = name.Library, ["versions"] = name.Versions, ["reason"] = name.Reason,
        })]),
        ["suppress"] = Changes(signed.Policy.Suppress),
        ["raise"] = Changes(signed.Policy.Raise),
    };

    private static JsonArray Changes(IEnumerable<RuleChange> changes) =>
        new([.. changes.Select(change => new JsonObject { ["rule"] = change.Rule, ["path"] = change.Path, ["reason"] = change.Reason })]);

    private static string Use(PolicyName name) => name.Call ? "call" : "refer";

    private static void Print(SignedScanPolicy signed)
    {
        var policy = signed.Policy;
        Output.Line(string.Create(CultureInfo.InvariantCulture, $"Scan policy '{policy.Name}', {policy.Digest}, signed by key {signed.KeyId[..12]}"));
        foreach (var name in policy.Names)
            Output.Line($"  may {Use(name),-6} {name.Module}.{name.Name}  ({name.Library} {name.Versions}): {name.Reason}");
        foreach (var change in policy.Suppress)
            Output.Line($"  suppress   {change.Rule} in {change.Path ?? "every file"}: {change.Reason}");
        foreach (var change in policy.Raise)
            Output.Line($"  raise      {change.Rule} in {change.Path ?? "every file"}: {change.Reason}");
    }
}
