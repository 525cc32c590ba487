using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Tests.Contracts;

/// <summary>Our signatures as others read them: the form that the OpenSSF reference expects, and OpenSSL's judgement.</summary>
public sealed class ModelSignerTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("merlon-signing-").FullName;

    [Fact]
    public void Sign_Bundle_HasTheFormOfTheSpecification()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bundle = JsonDocument.Parse(ModelSigner.Sign("fraud", Forge.Files, ["model.sig"], key).Value);
        Assert.Equal(["mediaType", "verificationMaterial", "dsseEnvelope"], bundle.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal("application/vnd.dev.sigstore.bundle.v0.3+json", bundle.RootElement.GetProperty("mediaType").GetString());
        Assert.Matches("^[0-9a-f]{64}$", bundle.RootElement.GetProperty("verificationMaterial").GetProperty("publicKey").GetProperty("hint").GetString());
        var envelope = bundle.RootElement.GetProperty("dsseEnvelope");
        Assert.Equal(Forge.PayloadType, envelope.GetProperty("payloadType").GetString());
        Assert.Equal(1, envelope.GetProperty("signatures").GetArrayLength());

        using var statement = JsonDocument.Parse(envelope.GetProperty("payload").GetBytesFromBase64());
        var expected = Forge.Statement();
        expected["subject"]![0]!["name"] = "fraud";
        expected["predicate"]!["serialization"]!["ignore_paths"] = new System.Text.Json.Nodes.JsonArray("model.sig");
        Assert.True(System.Text.Json.Nodes.JsonNode.DeepEquals(expected, System.Text.Json.Nodes.JsonNode.Parse(statement.RootElement.GetRawText())));
        Assert.Equal(["a-b/x", "a.b", "a/x", "model.onnx"], statement.RootElement.GetProperty("predicate").GetProperty("resources").EnumerateArray()
            .Select(r => r.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("nistP256", "-sha256")]
    [InlineData("nistP384", "-sha384")]
    [InlineData("nistP521", "-sha512")]
    public void Sign_Signature_IsAcceptedByOpenSsl(string curve, string hash)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        using var bundle = JsonDocument.Parse(ModelSigner.Sign("fraud", Forge.Files, [], key).Value);
        var envelope = bundle.RootElement.GetProperty("dsseEnvelope");
        var message = Forge.Pae(Forge.PayloadType, envelope.GetProperty("payload").GetBytesFromBase64());
        File.WriteAllBytes(Path.Combine(_directory, "signature"), envelope.GetProperty("signatures")[0].GetProperty("sig").GetBytesFromBase64());
        File.WriteAllText(Path.Combine(_directory, "key.pem"), key.ExportSubjectPublicKeyInfoPem());
        Assert.Equal((0, "Verified OK"), OpenSsl(message, hash));
        message[^1] ^= 1;
        Assert.NotEqual(0, OpenSsl(message, hash).Code);
    }

    [Fact]
    public void Sign_OtherCurve_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName("brainpoolP320r1"));
        Assert.Equal("signing.curve", ModelSigner.Sign("fraud", Forge.Files, [], key).Refusal.Code);
    }

    private (int Code, string Output) OpenSsl(byte[] message, string hash)
    {
        File.WriteAllBytes(Path.Combine(_directory, "message"), message);
        using var process = Process.Start(new ProcessStartInfo("openssl", ["dgst", hash, "-verify", "key.pem", "-signature", "signature", "message"])
        {
            WorkingDirectory = _directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
