using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Tests.Contracts;

public sealed class ModelVerifierTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private Result<VerifiedSignature> Verify(byte[] bundle, IReadOnlyList<ArtifactFile>? files = null) =>
        ModelVerifier.Verify(bundle, files ?? Forge.Files, [Forge.Trust(_key)]);

    private string CodeOf(byte[] bundle, IReadOnlyList<ArtifactFile>? files = null) => Verify(bundle, files).Refusal.Code;

    [Theory]
    [InlineData("nistP256")]
    [InlineData("nistP384")]
    [InlineData("nistP521")]
    public void Verify_OwnSignature_OnEveryCurve(string curve)
    {
        using var key = ECDsa.Create(ECCurve.CreateFromFriendlyName(curve));
        var bundle = ModelSigner.Sign("fraud", [.. Forge.Files.Reverse()], ["model.sig"], key).Value;
        var verified = ModelVerifier.Verify(bundle, Forge.Files, [Forge.Trust(_other, "other"), Forge.Trust(key)]).Value;
        Assert.Equal(("release", 4), (verified.KeyName, verified.Files));
        Assert.Equal(Forge.Root(Forge.Files), verified.RootDigest);
        Assert.Equal(Digest.Of(Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem() + "\n")).Hex, verified.KeyId);
    }

    [Fact]
    public void Verify_BundleMadeByHand_Passes() => Assert.False(Verify(Forge.Signed(Forge.Statement(), _key)).IsRefused);

    [Fact]
    public void Verify_ResourcesInAnotherListedOrder_PassWithThatOrdersRoot()
    {
        var statement = Forge.Statement();
        var reversed = Forge.Files.Reverse().ToArray();
        statement["predicate"]!["resources"] = new JsonArray([.. reversed.Select(f => new JsonObject { ["name"] = f.Path, ["algorithm"] = "sha256", ["digest"] = f.Sha256.Hex })]);
        Assert.Equal("signature.root", CodeOf(Forge.Signed(statement, _key)));
        statement["subject"]![0]!["digest"]!["sha256"] = Forge.Root(reversed).Hex;
        Assert.False(Verify(Forge.Signed(statement, _key)).IsRefused);
    }

    [Fact]
    public void Verify_PayloadChangedOrSignedAsOtherType_IsUntrusted()
    {
        var bundle = Forge.Bundle(Forge.Bytes(Forge.Statement()), _key);
        var payload = Convert.FromBase64String(bundle["dsseEnvelope"]!["payload"]!.GetValue<string>());
        payload[^3] ^= 1;
        bundle["dsseEnvelope"]!["payload"] = Convert.ToBase64String(payload);
        Assert.Equal("signature.untrusted", CodeOf(Forge.Bytes(bundle)));
        Assert.Equal("signature.untrusted", CodeOf(Forge.Bytes(Forge.Bundle(Forge.Bytes(Forge.Statement()), _key, signedType: "application/json"))));
        Assert.Equal("signature.untrusted", CodeOf(Forge.Bytes(Forge.Bundle(Forge.Bytes(Forge.Statement()), _key, hash: HashAlgorithmName.SHA512))));
    }

    [Fact]
    public void Verify_OtherKey_IsUntrusted_WhateverTheHintSays()
    {
        var bundle = Forge.Bundle(Forge.Bytes(Forge.Statement()), _other);
        bundle["verificationMaterial"]!["publicKey"]!["hint"] = Digest.Of(Encoding.ASCII.GetBytes(_key.ExportSubjectPublicKeyInfoPem() + "\n")).Hex;
        Assert.Equal("signature.untrusted", CodeOf(Forge.Bytes(bundle)));
    }

    [Fact]
    public void Verify_NoTrustedKeyOrUnusableOne_IsRefused()
    {
        var bundle = Forge.Signed(Forge.Statement(), _key);
        Assert.Equal("signature.no-keys", ModelVerifier.Verify(bundle, Forge.Files, []).Refusal.Code);
        Assert.Equal("signature.key", ModelVerifier.Verify(bundle, Forge.Files, [new TrustedKey("x", "not a key")]).Refusal.Code);
        using var rsa = RSA.Create(2048);
        Assert.True(ModelVerifier.Verify(bundle, Forge.Files, [new TrustedKey("x", rsa.ExportSubjectPublicKeyInfoPem())]).IsRefused);
    }

    [Fact]
    public void Verify_FileAddedChangedMissingOrRenamed_IsRefused()
    {
        var bundle = Forge.Signed(Forge.Statement(), _key);
        Assert.Equal("signature.file-added", CodeOf(bundle, [.. Forge.Files, new ArtifactFile(".git/hooks/x", 1, Digest.Of("x"u8))]));
        Assert.Equal("signature.file-added", CodeOf(bundle, [.. Forge.Files, new ArtifactFile("empty", 0, Digest.Of(""u8))]));
        Assert.Equal("signature.file-changed", CodeOf(bundle, [.. Forge.Files[..3], Forge.Files[3] with { Sha256 = Digest.Of("fake"u8) }]));
        Assert.Equal("signature.file-missing", CodeOf(bundle, Forge.Files[..3]));
        Assert.Equal("signature.file-added", CodeOf(bundle, [.. Forge.Files[..3], Forge.Files[3] with { Path = "Model.onnx" }]));
        Assert.Equal("signature.file-added", CodeOf(bundle, [.. Forge.Files, Forge.Files[0]]));
    }

    public static TheoryData<string, string, string?> BadStatements => new()
    {
        { "/_type", "signature.statement", "https://in-toto.io/Statement/v0.1" },
        { "/predicateType", "signature.statement", "https://model_signing/Digests/v0.1" },
        { "/predicate/serialization/method", "signature.statement", "shards" },
        { "/predicate/serialization/hash_type", "signature.statement", "blake2b" },
        { "/predicate/serialization/hash_type", "signature.statement", null },
        { "/predicate/resources/0/algorithm", "signature.statement", "sha512" },
        { "/predicate/resources/0/digest", "signature.statement", "00" },
        { "/predicate/resources/0/name", "signature.statement", "a.b" },
        { "/predicate/resources/0/name", "signature.statement", "" },
        { "/predicate/resources", "signature.statement", null },
        { "/subject/0/digest/sha256", "signature.statement", "sha256" },
        { "/subject/0/digest/sha256", "signature.root", new string('0', 64) },
    };

    [Theory]
    [MemberData(nameof(BadStatements))]
    public void Verify_WellSignedStatementOfOtherKind_IsRefused(string pointer, string code, string? value)
    {
        var statement = Forge.Statement();
        Set(statement, pointer, value);
        Assert.Equal(code, CodeOf(Forge.Signed(statement, _key)));
    }

    [Fact]
    public void Verify_TwoOrNoSubjects_AreRefused()
    {
        var two = Forge.Statement();
        ((JsonArray)two["subject"]!).Add(two["subject"]![0]!.DeepClone());
        Assert.Equal("signature.statement", CodeOf(Forge.Signed(two, _key)));
        var none = Forge.Statement();
        none["subject"] = new JsonArray();
        Assert.Equal("signature.statement", CodeOf(Forge.Signed(none, _key)));
    }

    public static TheoryData<string, string, string?> BadBundles => new()
    {
        { "/mediaType", "signature.bundle", "application/vnd.dev.sigstore.bundle+json;version=0.2" },
        { "/verificationMaterial/publicKey", "signature.bundle", null },
        { "/dsseEnvelope", "signature.bundle", null },
        { "/dsseEnvelope/payloadType", "signature.payload-type", "application/json" },
        { "/dsseEnvelope/payload", "signature.bundle", "!" },
        { "/dsseEnvelope/signatures", "signature.bundle", null },
        { "/dsseEnvelope/signatures/0/sig", "signature.bundle", "!" },
        { "/dsseEnvelope/signatures/0/sig", "signature.untrusted", "" },
    };

    [Theory]
    [MemberData(nameof(BadBundles))]
    public void Verify_BundleOfOtherForm_IsRefused(string pointer, string code, string? value)
    {
        var bundle = Forge.Bundle(Forge.Bytes(Forge.Statement()), _key);
        Set(bundle, pointer, value);
        Assert.Equal(code, CodeOf(Forge.Bytes(bundle)));
    }

    [Fact]
    public void Verify_TwoSignatures_AreRefused_EvenWhenOneIsGood()
    {
        var bundle = Forge.Bundle(Forge.Bytes(Forge.Statement()), _key);
        ((JsonArray)bundle["dsseEnvelope"]!["signatures"]!).Add(bundle["dsseEnvelope"]!["signatures"]![0]!.DeepClone());
        Assert.Equal("signature.bundle", CodeOf(Forge.Bytes(bundle)));
    }

    [Fact]
    public void Verify_KeyWrittenTwice_IsRefused_OutsideAndInsideThePayload()
    {
        var bundle = Encoding.UTF8.GetString(Forge.Signed(Forge.Statement(), _key));
        Assert.Equal("signature.bundle", CodeOf(Encoding.UTF8.GetBytes(bundle.Insert(1, "\"mediaType\":\"x\","))));
        var payload = Encoding.UTF8.GetString(Forge.Bytes(Forge.Statement())).Insert(1, "\"predicateType\":\"x\",");
        Assert.Equal("signature.statement", CodeOf(Forge.Bytes(Forge.Bundle(Encoding.UTF8.GetBytes(payload), _key))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("{\"mediaType\":1}")]
    [InlineData("{} {}")]
    public void Verify_NotABundle_IsRefused(string text) => Assert.Equal("signature.bundle", CodeOf(Encoding.UTF8.GetBytes(text)));

    private static void Set(JsonObject root, string pointer, string? value)
    {
        var parts = pointer.Split('/')[1..];
        JsonNode node = root;
        foreach (var part in parts[..^1])
            node = int.TryParse(part, out var index) ? node[index]! : node[part]!;
        if (value is null)
            ((JsonObject)node).Remove(parts[^1]);
        else
            node[parts[^1]] = value;
    }

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
    }
}
