using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.Gateway.Publishing;

/// <summary>A snapshot with control's signature: Ed25519 over a context line and the snapshot's bytes as sent.</summary>
internal sealed record SnapshotEnvelope(byte[] Payload, byte[] Signature)
{
    private static ReadOnlySpan<byte> Context => "merlon gateway snapshot v1\n"u8;

    public static byte[] Seal(byte[] payload, ReadOnlySpan<byte> seed) => JsonSerializer.SerializeToUtf8Bytes(
        new SnapshotEnvelope(payload, Ed25519.Sign(seed, Message(payload))), SnapshotEnvelopeJson.Default.SnapshotEnvelope);

    /// <summary>The snapshot's bytes when the signature is control's.</summary>
    public static Result<ReadOnlyMemory<byte>> Open(ReadOnlyMemory<byte> envelope, ReadOnlySpan<byte> publicKey)
    {
        SnapshotEnvelope? parsed;
        try
        {
            parsed = JsonSerializer.Deserialize(envelope.Span, SnapshotEnvelopeJson.Default.SnapshotEnvelope);
        }
        catch (JsonException)
        {
            parsed = null;
        }
        return parsed is { Payload: not null, Signature.Length: Ed25519.SignatureSize } && Ed25519.Verify(publicKey, Message(parsed.Payload), parsed.Signature)
            ? (ReadOnlyMemory<byte>)parsed.Payload
            : new Refusal(RefusalKind.Invalid, "snapshot.signature", "The snapshot is not signed by control.");
    }

    private static byte[] Message(byte[] payload) => [.. Context, .. payload];
}

[JsonSerializable(typeof(SnapshotEnvelope))]
internal sealed partial class SnapshotEnvelopeJson : JsonSerializerContext;
