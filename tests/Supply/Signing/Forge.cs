using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Tests;

/// <summary>Makes bundles by hand, good and bad, without the code under test: the envelope's bytes are written here a second time.</summary>
internal static class Forge
{
    public const string PayloadType = "application/vnd.in-toto+json";

    public static readonly ArtifactFile[] Files =
    [
        new("a-b/x", 3, Digest.Of("one"u8)), new("a.b", 3, Digest.Of("two"u8)), new("a/x", 5, Digest.Of("three"u8)), new("model.onnx", 4, Digest.Of("four"u8)),
    ];

    public static TrustedKey Trust(ECDsa key, string name = "release") => new(name, key.ExportSubjectPublicKeyInfoPem());

    /// <summary>The bytes that a DSSE signature covers, from the protocol's text: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body.</summary>
    public static byte[] Pae(string type, byte[] body) => [.. Encoding.UTF8.GetBytes($"DSSEv1 {type.Length} {type} {body.Length} "), .. body];

    public static JsonObject Statement() => new()
    {
        ["_type"] = "https://in-toto.io/Statement/v1",
        ["subject"] = new JsonArray(new JsonObject { ["name"] = "m", ["digest"] = new JsonObject { ["sha256"] = Root(Files).Hex } }),
        ["predicateType"] = "https://model_signing/signature/v1.0",
        ["predicate"] = new JsonObject
        {
            ["serialization"] = new JsonObject { ["method"] = "files", ["hash_type"] = "sha256", ["allow_symlinks"] = false },
            ["resources"] = new JsonArray([.. Files.Select(f => new JsonObject { ["name"] = f.Path, ["algorithm"] = "sha256", ["digest"] = f.Sha256.Hex })]),
        },
    };

    public static Digest Root(IEnumerable<ArtifactFile> files) => Digest.Of(files.SelectMany(f => f.Sha256.ToArray()).ToArray());

    public static JsonObject Bundle(byte[] payload, ECDsa key, string signedType = PayloadType, HashAlgorithmName? hash = null) => new()
    {
        ["mediaType"] = "application/vnd.dev.sigstore.bundle.v0.3+json",
        ["verificationMaterial"] = new JsonObject { ["publicKey"] = new JsonObject { ["hint"] = "" } },
        ["dsseEnvelope"] = new JsonObject
        {
            ["payload"] = Convert.ToBase64String(payload),
            ["payloadType"] = PayloadType,
            ["signatures"] = new JsonArray(new JsonObject
            {
                ["sig"] = Convert.ToBase64String(key.SignData(Pae(signedType, payload), hash ?? HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)),
            }),
        },
    };

    public static byte[] Bytes(JsonNode json) => JsonSerializer.SerializeToUtf8Bytes(json);

    /// <summary>A bundle over a statement, correctly signed whatever the statement says.</summary>
    public static byte[] Signed(JsonNode statement, ECDsa key) => Bytes(Bundle(Bytes(statement), key));
}
