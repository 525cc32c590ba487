using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Signing.Bundle;

namespace Merlon.Signing.Contracts;

/// <summary>Makes signatures in the OpenSSF Model Signing format, <c>files</c> method, key mode.</summary>
public static class ModelSigner
{
    /// <summary>
    /// Signs the content of a model: every file by canonical path and SHA-256. Returns the bundle (JSON, UTF-8).
    /// </summary>
    /// <param name="name">Informational subject name; a verifier must not trust it.</param>
    /// <param name="files">All files of the model except the signature itself.</param>
    /// <param name="ignored">Paths left out of the signature, as they are written into it (the signature file's own name).</param>
    public static Result<byte[]> Sign(string name, IReadOnlyList<ArtifactFile> files, IReadOnlyList<string> ignored, ECDsa key)
    {
        if (SignatureFormat.HashFor(key) is not { } hash)
            return new Refusal(RefusalKind.Invalid, "signing.curve", "The key's curve is not one of P-256, P-384 and P-521.");
        if (files.Count == 0)
            return new Refusal(RefusalKind.Invalid, "signing.empty", "There is no file to sign.");
        if (files.Count > Limits.MaxResources)
            return new Refusal(RefusalKind.TooLarge, "signing.files", $"A signature covers at most {Limits.MaxResources} files; this model has {files.Count}.");
        var ordered = files.OrderBy(f => f.Path, StringComparer.Ordinal).ToList();
        var payload = WriteStatement(name, ordered, ignored);
        var signature = key.SignData(
            Dsse.PreAuthenticationEncoding(Dsse.PayloadType, payload), hash, DSASignatureFormat.Rfc3279DerSequence);
        return WriteBundle(payload, signature, SignatureFormat.KeyHint(key));
    }

    /// <summary>SHA-256 over the raw digests in listed order: what the signature's subject names.</summary>
    internal static Digest RootDigest(IEnumerable<Digest> listed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> buffer = stackalloc byte[Digest.Size];
        foreach (var digest in listed)
        {
            digest.CopyTo(buffer);
            hash.AppendData(buffer);
        }
        hash.GetHashAndReset(buffer);
        return new Digest(buffer);
    }

    private static byte[] WriteStatement(string name, List<ArtifactFile> files, IReadOnlyList<string> ignored)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("_type", SignatureFormat.StatementType);
        json.WriteStartArray("subject");
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteStartObject("digest");
        json.WriteString("sha256", RootDigest(files.Select(f => f.Sha256)).Hex);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("predicateType", SignatureFormat.PredicateType);
        json.WriteStartObject("predicate");
        WriteSerialization(json, ignored);
        json.WriteStartArray("resources");
        foreach (var file in files)
        {
            json.WriteStartObject();
            json.WriteString("name", file.Path);
            json.WriteString("algorithm", SignatureFormat.HashType);
            json.WriteString("digest", file.Sha256.Hex);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSerialization(Utf8JsonWriter json, IReadOnlyList<string> ignored)
    {
        json.WriteStartObject("serialization");
        json.WriteString("method", SignatureFormat.Method);
        json.WriteString("hash_type", SignatureFormat.HashType);
        json.WriteBoolean("allow_symlinks", false);
        json.WriteStartArray("ignore_paths");
        foreach (var path in ignored)
            json.WriteStringValue(path);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static byte[] WriteBundle(byte[] payload, byte[] signature, string hint)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("mediaType", SignatureFormat.BundleMediaType);
        json.WriteStartObject("verificationMaterial");
        json.WriteStartObject("publicKey");
        json.WriteString("hint", hint);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("dsseEnvelope");
        json.WriteBase64String("payload", payload);
        json.WriteString("payloadType", Dsse.PayloadType);
        json.WriteStartArray("signatures");
        json.WriteStartObject();
        json.WriteBase64String("sig", signature);
        json.WriteString("keyid", "");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
