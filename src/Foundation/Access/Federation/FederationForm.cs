using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Access.Issuers;
using Merlon.Kernel;

namespace Merlon.Access.Federation;

/// <summary>What is asked for: tokens of this issuer, for this audience, with all of these claims, become tokens of the service that are good for these verbs only.</summary>
/// <param name="Claims">Claim to wanted text; a <c>*</c> at the end stands for any rest.</param>
internal sealed record FederationForm(
    string? Name, string? Issuer, string? Ca, string? Audience, IReadOnlyDictionary<string, string>? Claims, string? Service, IReadOnlyList<string>? Verbs, int? LifeSeconds)
{
    public static readonly TimeSpan MaxLife = TimeSpan.FromHours(1), DefaultLife = TimeSpan.FromMinutes(15);
    private const int MaxClaims = 20, MaxText = 500;

    /// <summary>What it takes of a claim to say anything about who shows it: not only that it exists.</summary>
    private const int MinPattern = 2;

    public TimeSpan Life => LifeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : DefaultLife;

    public string VerbsText => string.Join(' ', Verbs!.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    public string ClaimsText => JsonSerializer.Serialize(Claims);

    public Result<IssuerAddress> Check()
    {
        if (Names.Check("federation", Name) is { } invalid)
            return invalid;
        if (Audience is not { Length: > 0 and <= MaxText } || Audience.Any(char.IsControl))
            return Bad("It needs the audience that the issuer writes into tokens for Merlon.", "For example --audience https://merlon.example");
        if (Claims is not { Count: > 0 and <= MaxClaims } || Claims.Any(c => c.Key.Length is 0 or > MaxText || c.Value is null || c.Value.Length > MaxText || c.Value.TrimEnd('*').Length < MinPattern))
            return Bad("It needs claims that say which of the issuer's many callers is meant.", "For example --claim repository=acme/fraud-model --claim ref=refs/heads/main");
        if (Claims.Any(c => c.Value.IndexOf('*', StringComparison.Ordinal) is var star && star >= 0 && star != c.Value.Length - 1))
            return Bad("A * stands only at the end of a claim's value.", "Write the value whole, or its beginning with a * behind it.");
        if (Verbs is not { Count: > 0 } || Verbs.Any(v => v is null || !Permissions.All.Contains(v)))
            return Bad("It needs the verbs that its tokens are good for.", $"Verbs: {string.Join(", ", Permissions.All.Order(StringComparer.Ordinal))}.");
        if (Verbs.FirstOrDefault(Permissions.Gives) is { } giving)
            return Bad($"The verb {giving} gives rights, with which a token could make itself one without bounds.", "Give rights as a person, or with a service's own token.");
        if (Life < TimeSpan.FromMinutes(1) || Life > MaxLife)
            return Bad("Its tokens live between a minute and an hour.", "For example --life 15m");
        return IssuerAddress.Parse(Issuer, Ca);
    }

    /// <summary>Does a token have all the claims that are wanted?</summary>
    public static bool Matches(string claimsText, JsonElement claims) => JsonSerializer.Deserialize<Dictionary<string, string>>(claimsText)!.All(wanted =>
        claims.TryGetProperty(wanted.Key, out var value) && ValueOf(value) is { } text
        && (wanted.Value.EndsWith('*') ? text.StartsWith(wanted.Value[..^1], StringComparison.Ordinal) : text == wanted.Value));

    private static string? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        // A list or an object is not compared: what of it should be meant?
        _ => null,
    };

    private static Refusal Bad(string detail, string remedy) => new(RefusalKind.Invalid, "federation.invalid", detail) { Remedy = remedy };
}
