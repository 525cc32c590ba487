using System.Globalization;
using System.Text;

namespace Merlon.Signing.Bundle;

/// <summary>Dead Simple Signing Envelope, version 1.</summary>
internal static class Dsse
{
    public const string PayloadType = "application/vnd.in-toto+json";

    /// <summary>Pre-authentication encoding: <c>"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body</c>, lengths in decimal bytes.</summary>
    public static byte[] PreAuthenticationEncoding(string payloadType, ReadOnlySpan<byte> payload)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {payload.Length} ");
        var headBytes = Encoding.UTF8.GetBytes(head);
        var message = new byte[headBytes.Length + payload.Length];
        headBytes.CopyTo(message, 0);
        payload.CopyTo(message.AsSpan(headBytes.Length));
        return message;
    }
}
