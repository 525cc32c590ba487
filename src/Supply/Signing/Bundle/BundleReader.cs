using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Signing.Bundle;

/// <summary>A parsed bundle: what was signed, as received, and the one signature that counts.</summary>
internal sealed record ParsedBundle(string? KeyHint, string PayloadType, byte[] Payload, byte[] Signature);

/// <summary>The signed statement: subject digest and the listed resources.</summary>
internal sealed record ParsedStatement(Digest Subject, IReadOnlyList<(string Path, Digest Sha256)> Resources, bool AllowSymlinks);

/// <summary>Reads bundles and statements strictly: a duplicate key, an unknown method or a missing field is a refusal that names the step.</summary>
internal static class BundleReader
{
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = Limits.MaxJsonDepth };

    public static Result<ParsedBundle> ReadBundle(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > Limits.MaxBundleBytes)
            return Invalid("bundle", $"is larger than {Limits.MaxBundleBytes} bytes");
        return Parse<ParsedBundle>(utf8, "bundle", root =>
        {
            if (Text(root, "mediaType") != SignatureFormat.BundleMediaType)
                return Invalid("bundle", $"has a media type other than {SignatureFormat.BundleMediaType}");
            if (!root.TryGetProperty("verificationMaterial", out var material) || !material.TryGetProperty("publicKey", out var publicKey))
                return Invalid("bundle", "names no public key; only key mode is verified here");
            if (!root.TryGetProperty("dsseEnvelope", out var envelope))
                return Invalid("bundle", "holds no DSSE envelope");
            // Only the first signature counts in this format, so a second one is an attempt to mislead.
            if (!envelope.TryGetProperty("signatures", out var signatures) || signatures.ValueKind != JsonValueKind.Array || signatures.GetArrayLength() != 1)
                return Invalid("bundle", "does not hold exactly one signature");
            if (!signatures[0].GetProperty("sig").TryGetBytesFromBase64(out var signature) || signature.Length > Limits.MaxSignatureBytes)
                return Invalid("bundle", "holds a signature that is not base64 or too long");
            if (!envelope.GetProperty("payload").TryGetBytesFromBase64(out var payload))
                return Invalid("bundle", "holds a payload that is not base64");
            return new ParsedBundle(Text(publicKey, "hint"), Text(envelope, "payloadType") ?? "", payload, signature);
        });
    }

    public static Result<ParsedStatement> ReadStatement(ReadOnlyMemory<byte> utf8) => Parse<ParsedStatement>(utf8, "statement", root =>
    {
        if (Text(root, "_type") != SignatureFormat.StatementType)
            return Invalid("statement", $"is not of type {SignatureFormat.StatementType}");
        if (Text(root, "predicateType") != SignatureFormat.PredicateType)
            return Invalid("statement", $"has a predicate type other than {SignatureFormat.PredicateType}");
        var subjects = root.GetProperty("subject");
        if (subjects.GetArrayLength() != 1)
            return Invalid("statement", "does not have exactly one subject");
        if (!Digest.TryParse(Text(subjects[0].GetProperty("digest"), "sha256"), out var subject))
            return Invalid("statement", "has a subject without a SHA-256 digest");
        var predicate = root.GetProperty("predicate");
        var serialization = predicate.GetProperty("serialization");
        if (Text(serialization, "method") != SignatureFormat.Method)
            return Invalid("statement", $"uses the serialization method '{Kernel.Text.Printable(Text(serialization, "method"), 20)}'; only 'files' is verified here");
        if (Text(serialization, "hash_type") is not SignatureFormat.HashType)
            return Invalid("statement", "uses a hash other than sha256");
        var symlinks = serialization.TryGetProperty("allow_symlinks", out var allow) && allow.GetBoolean();
        return ReadResources(predicate.GetProperty("resources")).Try(out var resources, out var refusal)
            ? new ParsedStatement(subject, resources, symlinks)
            : refusal;
    });

    private static Result<List<(string, Digest)>> ReadResources(JsonElement array)
    {
        if (array.GetArrayLength() is 0 or > Limits.MaxResources)
            return Invalid("statement", $"lists no resource, or more than {Limits.MaxResources}");
        var resources = new List<(string, Digest)>(array.GetArrayLength());
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in array.EnumerateArray())
        {
            var path = Text(item, "name");
            if (string.IsNullOrEmpty(path) || !seen.Add(path))
                return Invalid("statement", $"lists '{Kernel.Text.Printable(path, 80)}' twice or without a name");
            if (Text(item, "algorithm") != SignatureFormat.HashType || !Digest.TryParse(Text(item, "digest"), out var digest))
                return Invalid("statement", $"lists '{Kernel.Text.Printable(path, 80)}' without a sha256 digest");
            resources.Add((path, digest));
        }
        return resources;
    }

    private static Result<T> Parse<T>(ReadOnlyMemory<byte> utf8, string what, Func<JsonElement, Result<T>> read)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, s_options);
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Invalid(what, "is not well-formed: a field is missing, of the wrong type, or written twice");
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Refusal Invalid(string step, string problem) => new(RefusalKind.Invalid, $"signature.{step}", $"The signature {step} {problem}.");
}
