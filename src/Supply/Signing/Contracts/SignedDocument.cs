using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Signing.Bundle;

namespace Merlon.Signing.Contracts;

/// <summary>A document in a DSSE envelope (JSON), with one signature on P-256, P-384 or P-521. The payload's type is signed with it.</summary>
public static class SignedDocument
{
    private const int MaxBytes = 1024 * 1024;
    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = Limits.MaxJsonDepth };
    private static readonly string[] s_fields = ["payload", "payloadType", "signatures"];
    private static readonly string[] s_signatureFields = ["keyid", "sig"];

    /// <summary>What a verified envelope holds, and who signed it.</summary>
    public sealed record Verified(ReadOnlyMemory<byte> Payload, string KeyName, string KeyId);

    /// <summary>Signs the bytes as they are. Returns the envelope (JSON, UTF-8).</summary>
    public static Result<byte[]> Sign(string payloadType, ReadOnlySpan<byte> payload, ECDsa key)
    {
        if (SignatureFormat.HashFor(key) is not { } hash)
            return new Refusal(RefusalKind.Invalid, "signing.curve", "The key's curve is not one of P-256, P-384 and P-521.");
        var signature = key.SignData(Dsse.PreAuthenticationEncoding(payloadType, payload), hash, DSASignatureFormat.Rfc3279DerSequence);
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteBase64String("payload", payload);
        json.WriteString("payloadType", payloadType);
        json.WriteStartArray("signatures");
        json.WriteStartObject();
        json.WriteString("keyid", SignatureFormat.KeyHint(key));
        json.WriteBase64String("sig", signature);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>
    /// Steps, each of which refuses with its own code:
    /// 1. the envelope is well-formed: no field twice, none unknown, one signature;
    /// 2. its payload is of the type that was asked for;
    /// 3. one of the trusted keys made the signature over the bytes as received.
    /// </summary>
    public static Result<Verified> Open(ReadOnlyMemory<byte> envelopeUtf8, string payloadType, IReadOnlyList<TrustedKey> trusted)
    {
        // 1.
        if (envelopeUtf8.Length > MaxBytes)
            return Invalid($"is larger than {MaxBytes} bytes");
        if (!Read(envelopeUtf8).Try(out var envelope, out var refusal))
            return refusal;

        // 2.
        if (envelope.Type != payloadType)
            return new Refusal(RefusalKind.Invalid, "signature.payload-type", $"The signed payload is of type '{Text.Printable(envelope.Type, 80)}', not {payloadType}.");

        // 3.
        return SignerSearch.Find(envelope.Type, envelope.Payload, envelope.Signature, trusted).Try(out var signer, out refusal)
            ? new Verified(envelope.Payload, signer.Name, signer.Id)
            : refusal;
    }

    private static Result<(string Type, byte[] Payload, byte[] Signature)> Read(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, s_options);
            var root = document.RootElement;
            if (!HasExactly(root, s_fields))
                return Invalid("has other fields than payload, payloadType and signatures, or lacks one");
            var signatures = root.GetProperty("signatures");
            if (signatures.GetArrayLength() != 1 || !HasExactly(signatures[0], s_signatureFields))
                return Invalid("does not hold exactly one signature of keyid and sig");
            if (!signatures[0].GetProperty("sig").TryGetBytesFromBase64(out var signature) || signature.Length > Limits.MaxSignatureBytes)
                return Invalid("holds a signature that is not base64 or too long");
            return root.GetProperty("payload").TryGetBytesFromBase64(out var payload)
                ? (root.GetProperty("payloadType").GetString() ?? "", payload, signature)
                : Invalid("holds a payload that is not base64");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Invalid("is none: it is not signed, a field is written twice or of the wrong type");
        }
    }

    private static bool HasExactly(JsonElement element, string[] names) =>
        element.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal).SequenceEqual(names, StringComparer.Ordinal);

    private static Refusal Invalid(string problem) => new(RefusalKind.Invalid, "signature.envelope", $"The DSSE envelope {problem}.");
}
