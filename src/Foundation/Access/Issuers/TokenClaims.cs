using System.Text.Json;

namespace Merlon.Access.Issuers;

/// <summary>Reads claims of a verified token without trust in their form.</summary>
internal static class TokenClaims
{
    /// <summary>A text claim of at most <paramref name="most"/> characters; null when there is none or it is something else.</summary>
    public static string? Text(JsonElement claims, string name, int most = 256) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text && text.Length <= most ? text : null;

    /// <summary>A list of texts, or one text as a list of one; null when it is something else.</summary>
    public static IReadOnlyList<string>? List(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value))
            return [];
        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!],
            JsonValueKind.Array when value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(e => e.GetString()!)],
            _ => null,
        };
    }

    /// <summary>Seconds since 1970; null when it is no time.</summary>
    public static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is > 0 and < 253_402_300_000
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000))
            : null;
}
