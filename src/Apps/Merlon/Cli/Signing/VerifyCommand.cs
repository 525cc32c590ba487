using System.CommandLine;
using System.Text.Json.Nodes;
using Merlon.Signing.Contracts;

namespace Merlon.App.Cli.Signing;

/// <summary>Verifies a signature over files on this machine. Needs no server.</summary>
internal static class VerifyCommand
{
    public static Command Make()
    {
        var path = new Argument<string>("PATH") { Description = "The signed file or folder" };
        var signature = new Option<FileInfo>("--signature") { Description = "The signature bundle", Required = true };
        var key = new Option<FileInfo>("--key") { Description = "Public key of the signer (PEM)", Required = true };
        var json = CommandBase.JsonOption();
        return new Command("verify", "Verify a model's signature; needs no server").With(path, signature, key, json).Does((result, _) =>
        {
            var (bundle, pem) = (result.GetValue(signature)!, result.GetValue(key)!);
            if (!bundle.Exists || !pem.Exists)
                throw CliException.Unreachable($"There is no file '{(bundle.Exists ? pem : bundle).FullName}'.");
            var files = LocalFiles.Hash(result.GetValue(path)!, bundle.FullName);
            var trusted = new TrustedKey(pem.Name, File.ReadAllText(pem.FullName));
            if (!ModelVerifier.Verify(File.ReadAllBytes(bundle.FullName), files, [trusted]).Try(out var verified, out var refusal))
            {
                if (!result.PrintedJson(json, new JsonObject { ["verified"] = false, ["step"] = refusal.Code, ["reason"] = refusal.Detail }))
                    Output.Error($"{refusal.Detail} (failed step: {refusal.Code})", refusal.Remedy);
                return Task.FromResult(ExitCodes.Refused);
            }
            var answer = new JsonObject
            {
                ["verified"] = true,
                ["files"] = verified.Files,
                ["rootDigest"] = verified.RootDigest.ToString(),
                ["keyId"] = verified.KeyId,
            };
            if (!result.PrintedJson(json, answer))
                Output.Line($"Verified: {verified.Files} files, root {verified.RootDigest}, key {verified.KeyId[..12]}");
            return Task.FromResult(ExitCodes.Done);
        });
    }
}
