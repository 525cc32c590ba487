using System.CommandLine;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Signing.Contracts;

namespace Merlon.App.Cli.Signing;

/// <summary>Signs a model in the OpenSSF Model Signing format: files on this machine, or a pushed version by its digests.</summary>
internal static class SignCommand
{
    public static Command Make()
    {
        var target = new Argument<string>("PATH|NAME@N") { Description = "A file or folder, or a pushed version" };
        var key = new Option<FileInfo>("--key") { Description = "Private key (PEM, P-256, P-384 or P-521)", Required = true };
        var signature = new Option<FileInfo?>("--signature") { Description = "Where the signature goes (for a PATH; default: model.sig in the folder)" };
        var json = CommandBase.JsonOption();
        return new Command("sign", "Sign a model in the OpenSSF Model Signing format").With(target, key, signature, json).Does(async (result, cancellationToken) =>
        {
            using var signer = ReadKey(result.GetValue(key)!);
            var text = result.GetValue(target)!;
            var isPath = File.Exists(text) || Directory.Exists(text);
            var answer = isPath
                ? SignPath(text, result.GetValue(signature), signer)
                : await SignVersionAsync(text, signer, cancellationToken);
            if (!result.PrintedJson(json, answer))
                Output.Line(isPath ? $"Signed {answer.Get("files")} files: {answer.Get("signature")}" : Describe(answer));
            return ExitCodes.Done;
        });
    }

    public static ECDsa ReadKey(FileInfo file)
    {
        if (!file.Exists)
            throw CliException.Unreachable($"There is no key file '{file.FullName}'.", "Make one: openssl ecparam -name prime256v1 -genkey -noout -out key.pem");
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(file.FullName));
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw CliException.Refused($"'{file.FullName}' is not an unencrypted PEM key on P-256, P-384 or P-521.");
        }
    }

    private static JsonObject SignPath(string path, FileInfo? signature, ECDsa key)
    {
        var output = signature?.FullName ?? (Directory.Exists(path) ? Path.Combine(path, "model.sig") : path + ".sig");
        var files = LocalFiles.Hash(path, output);
        var bundle = Check(ModelSigner.Sign(Path.GetFileName(Path.GetFullPath(path)), files, [Path.GetFileName(output)], key));
        File.WriteAllBytes(output, bundle);
        return new JsonObject { ["signature"] = output, ["files"] = files.Count };
    }

    private static async Task<JsonNode> SignVersionAsync(string text, ECDsa key, CancellationToken cancellationToken)
    {
        var (name, number) = CommandBase.Reference(text);
        using var api = ApiClient.Open();
        return await SignVersionAsync(api, name, number, key, cancellationToken);
    }

    public static async Task<JsonNode> SignVersionAsync(ApiClient api, string name, int number, ECDsa key, CancellationToken cancellationToken)
    {
        var version = await api.GetAsync($"models/{name}/versions/{number}", cancellationToken);
        var files = version["files"].Items()
            .Select(f => new ArtifactFile(f.Get("path"), f["size"]!.GetValue<long>(), Digest.Parse(f.Get("sha256"))))
            .Where(f => f.Path != "model.sig").ToList();
        var bundle = Check(ModelSigner.Sign(name, files, ["model.sig"], key));
        using var content = new ByteArrayContent(bundle) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return await api.SendAsync(HttpMethod.Post, $"models/{name}/versions/{number}/signatures", content, cancellationToken);
    }

    private static string Describe(JsonNode answer) => answer["trusted"]!.GetValue<bool>()
        ? $"Signed {answer.Get("reference")}; the policy trusts this key as '{answer.Get("signer")}'."
        : $"Signed {answer.Get("reference")}. The policy does not trust this key yet: {answer.Get("problem")} Trust it: merlon policy trust NAME PUBLIC.pem";

    private static byte[] Check(Result<byte[]> result) =>
        result.Try(out var value, out var refusal) ? value : throw CliException.Refused(refusal.Detail, refusal.Remedy);
}
