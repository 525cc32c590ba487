using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Access.Sso;

/// <summary>How a provider's word is taken.</summary>
/// <param name="Scopes">What is asked for besides <c>openid</c>.</param>
/// <param name="GroupsClaim">The claim that lists a person's groups; null where the provider names none.</param>
/// <param name="NameClaim">The claim that a new person's name is made of.</param>
/// <param name="CreatesPeople">Whether a stranger whose groups have a role here becomes a person; otherwise people are linked by hand.</param>
/// <param name="MfaAcr">Authentication contexts that count as a second factor; none where empty.</param>
/// <param name="MfaAmr">Authentication methods (RFC 8176) that count as a second factor; none where empty.</param>
internal sealed record ProviderSettings(
    IReadOnlyList<string> Scopes, string? GroupsClaim, string NameClaim, bool CreatesPeople, IReadOnlyList<string> MfaAcr, IReadOnlyList<string> MfaAmr)
{
    private const int MaxValues = 20, MaxLength = 200;
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <exception cref="InvalidDataException">The stored settings cannot be understood.</exception>
    public static ProviderSettings Read(string json) => JsonSerializer.Deserialize<ProviderSettings>(json, s_json) ?? throw new InvalidDataException("An identity provider's settings cannot be read.");

    public bool Honours(string? acr, IReadOnlyList<string> amr) => (acr is not null && MfaAcr.Contains(acr, StringComparer.Ordinal)) || amr.Any(m => MfaAmr.Contains(m, StringComparer.Ordinal));

    public Refusal? Check()
    {
        foreach (var list in new[] { Scopes, MfaAcr, MfaAmr })
        {
            if (list.Count > MaxValues || list.Any(v => !IsToken(v)))
                return new Refusal(RefusalKind.Invalid, "provider.settings", $"Scopes and authentication values are at most {MaxValues}, of at most {MaxLength} visible characters each.");
        }
        return IsToken(NameClaim) && (GroupsClaim is null || IsToken(GroupsClaim)) ? null : new Refusal(RefusalKind.Invalid, "provider.settings", "A claim's name has visible characters only.");
    }

    private static bool IsToken(string? text) => text is { Length: > 0 and <= MaxLength } && text.All(c => c is > ' ' and < (char)127 and not '"' and not '\\');
}
