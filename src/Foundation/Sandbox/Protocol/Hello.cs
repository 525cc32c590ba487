using System.Buffers.Binary;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Protocol;

/// <summary>The first frame of a connection: which artifact the worker serves and what it takes and gives.</summary>
internal static class Hello
{
    public const ushort Version = 1;
    private const int Fixed = sizeof(ushort) + Digest.Size;

    public static byte[] Write(Digest manifest, ModelSignature signature)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(signature, ModelSignatureJson.Default.ModelSignature);
        if (json.Length > Limits.MaxSignature)
            throw new WorkerProtocolException($"The model's signature has {json.Length} bytes; allowed are {Limits.MaxSignature}.");
        var payload = new byte[Fixed + json.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(payload, Version);
        manifest.CopyTo(payload.AsSpan(sizeof(ushort)));
        json.CopyTo(payload, Fixed);
        return payload;
    }

    /// <exception cref="WorkerProtocolException">The frame is malformed, or the worker serves another artifact than <paramref name="expected"/>.</exception>
    public static async Task<ModelSignature> ReadAsync(FrameSource source, Digest expected, CancellationToken cancellationToken)
    {
        var header = await source.ReadHeaderAsync(cancellationToken).ConfigureAwait(false)
            ?? throw new WorkerUnavailableException("The worker closed the connection before it said what it serves.");
        if (header.Kind != FrameKind.Hello || header.PayloadLength is < Fixed or > Fixed + Limits.MaxSignature)
            throw new WorkerProtocolException("The worker's first frame is not a Hello.");
        var payload = new byte[header.PayloadLength];
        await source.ReadPayloadAsync(payload, cancellationToken).ConfigureAwait(false);

        var version = BinaryPrimitives.ReadUInt16LittleEndian(payload);
        if (version != Version)
            throw new WorkerProtocolException($"The worker speaks protocol version {version}; expected is {Version}.");
        var manifest = new Digest(payload.AsSpan(sizeof(ushort), Digest.Size));
        if (manifest != expected)
            throw new WorkerProtocolException($"The worker serves {manifest}; expected is {expected}.") { IsOtherArtifact = true };
        return Parse(payload.AsSpan(Fixed));
    }

    private static ModelSignature Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var signature = JsonSerializer.Deserialize(json, ModelSignatureJson.Default.ModelSignature);
            if (signature is not null && IsComplete(signature.Inputs) && IsComplete(signature.Outputs))
                return signature;
        }
        catch (JsonException)
        {
            // Said below, without the worker's bytes.
        }
        throw new WorkerProtocolException("The worker's signature is not well formed.");
    }

    private static bool IsComplete(System.Collections.Immutable.ImmutableArray<TensorSpec> specs)
    {
        if (specs.IsDefault || specs.Length > Limits.MaxTensors)
            return false;
        foreach (var spec in specs)
        {
            if (spec?.Name is null || spec.Shape.IsDefault || spec.Shape.Length > Limits.MaxRank || spec.Type == default)
                return false;
        }
        return true;
    }
}
