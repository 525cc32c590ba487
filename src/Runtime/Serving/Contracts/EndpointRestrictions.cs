using System.Globalization;
using System.Net;
using Merlon.Kernel;

namespace Merlon.Serving.Contracts;

/// <summary>From where, how and when an endpoint may be called at all, whoever calls. All that is given must hold; nothing given is no restriction.</summary>
/// <param name="Networks">CIDR networks; empty for any.</param>
/// <param name="RequiresCertificate">Only callers with a workload certificate of this installation.</param>
/// <param name="Hours"><c>HH:mm-HH:mm</c> in UTC, the end excluded; may pass midnight. Null for any time.</param>
public sealed record EndpointRestrictions(IReadOnlyList<string> Networks, bool RequiresCertificate, string? Hours)
{
    /// <summary>Networks of one endpoint.</summary>
    public const int MaxNetworks = 64;

    public static readonly EndpointRestrictions None = new([], false, null);

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsNone => Networks is not { Count: > 0 } && !RequiresCertificate && Hours is null;

    /// <summary>Null when every part can be enforced.</summary>
    public Refusal? Check()
    {
        if (Networks is null || Networks.Count > MaxNetworks)
            return Invalid($"An endpoint is bound to at most {MaxNetworks} networks.");
        foreach (var text in Networks)
        {
            // Only the canonical form with a prefix: 10.1.2.3/8 is more likely a slip than a wish.
            if (text is not { Length: < 50 } || !text.Contains('/', StringComparison.Ordinal) || !IPNetwork.TryParse(text, out _))
                return Invalid($"'{Text.Printable(text, 60)}' is not a network; write 10.0.0.0/8 or 2001:db8::/32.");
        }
        return Hours is null || TryHours(Hours, out _, out _) ? null : Invalid($"'{Text.Printable(Hours, 20)}' is not a span of hours; write 08:00-18:00 (UTC).");
    }

    public static bool TryHours(string text, out TimeOnly from, out TimeOnly until)
    {
        until = default;
        return TryTime(text.Length == 11 && text[5] == '-' ? text[..5] : "", out from) && TryTime(text[6..], out until) && from != until;
    }

    private static bool TryTime(string text, out TimeOnly time) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static Refusal Invalid(string detail) => new(RefusalKind.Invalid, "endpoint.restriction", detail);
}
