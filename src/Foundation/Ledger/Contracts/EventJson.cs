using System.Buffers;
using System.Text.Json;

namespace Merlon.Ledger;

/// <summary>
/// The OCSF 1.8 form of an event: what the ledger keeps and what goes to a SIEM. The attributes that a class requires stand in <c>Events/ocsf-1.8.json</c>,
/// and a test holds every class that is emitted against it.
/// </summary>
public static class EventJson
{
    private static readonly JsonWriterOptions s_options = new() { SkipValidation = true };

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    /// <summary>Writes one JSON object, UTF-8. Personal fields appear only as <paramref name="sealedPersonal"/>, or not at all when it is empty.</summary>
    public static void Write(SecurityEvent securityEvent, ReadOnlySpan<byte> sealedPersonal, IBufferWriter<byte> destination)
    {
        var writer = s_writer;
        if (writer is null)
            s_writer = writer = new Utf8JsonWriter(destination, s_options);
        else
            writer.Reset(destination);
        try
        {
            OcsfWriter.Write(writer, securityEvent, sealedPersonal);
            writer.Flush();
        }
        finally
        {
            // Never hold on to the caller's buffer between two events.
            writer.Reset(Stream.Null);
        }
    }

    /// <summary>The event without its personal fields, for a consumer outside the ledger.</summary>
    public static byte[] Encode(SecurityEvent securityEvent)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        Write(securityEvent, [], buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
