using System.Text.Json;
using Merlon.Kernel;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Merlon.Access.Issuers;

/// <summary>
/// Verifies tokens of outside issuers (RFC 7519, RFC 8725).
/// 1. Its size and form. 2. An algorithm of the list; no header that we do not know to be critical. 3. A signature by a key of the issuer, whose keys are read
/// again when it names a new one. 4. Issuer, audience and the kind of token. 5. Its times.
/// </summary>
internal sealed class IssuedTokens(IssuerDirectory issuers, TimeProvider time)
{
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private static readonly string[] s_algorithms =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384,
        SecurityAlgorithms.RsaSsaPssSha512, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    private static readonly JsonWebTokenHandler s_handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = Limits.IssuedToken };

    /// <param name="issuer">Who must have issued it.</param>
    /// <param name="text">The token.</param>
    /// <param name="audience">Whom it must be for.</param>
    /// <param name="type">The value that the header <c>typ</c> must have where it has one; null takes what is usual for JWTs.</param>
    /// <param name="cancellationToken">Stops the reading of the issuer's keys.</param>
    public async Task<Result<JsonElement>> VerifyAsync(IssuerAddress issuer, string? text, string audience, string? type, CancellationToken cancellationToken)
    {
        // 1
        if (Read(text) is not { } token)
            return Bad("it is no signed JWT, or too large");
        // 2
        if (!s_algorithms.Contains(token.Alg, StringComparer.Ordinal))
            return Bad($"its algorithm '{Text.Printable(token.Alg, 20)}' is not taken");
        if (token.TryGetHeaderValue<object>("crit", out _))
            return Bad("it has a critical header that is not understood");
        if (!IsType(token.Typ, type))
            return Bad($"it is of the kind '{Text.Printable(token.Typ, 40)}'");
        // 3, 4, 5
        if (!(await issuers.ReadAsync(issuer, cancellationToken)).Try(out var document, out var unavailable))
            return unavailable;
        var checkedToken = await CheckAsync(token, issuer, audience, document);
        // A key that is not there, or a signature by none of them where the token names no key: the issuer may have changed its keys.
        var mayHaveChanged = token.Kid is { Length: > 0 } kid ? document.Keys.All(k => k.KeyId != kid) : checkedToken.Exception is SecurityTokenInvalidSignatureException;
        if (!checkedToken.IsValid && mayHaveChanged)
        {
            if (!(await issuers.ReadAsync(issuer, cancellationToken, missesKey: true, document)).Try(out var newer, out unavailable))
                return unavailable;
            if (!ReferenceEquals(newer, document))
                checkedToken = await CheckAsync(token, issuer, audience, newer);
        }
        if (!checkedToken.IsValid)
            return Bad(mayHaveChanged && token.Kid is { Length: > 0 } ? "the issuer has no such key" : WhyNot(checkedToken.Exception));
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        return payload.RootElement.Clone();
    }

    private static JsonWebToken? Read(string? text)
    {
        if (text is null || text.Length > Limits.IssuedToken || text.Count(c => c == '.') != 2)
            return null;
        try
        {
            return new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            return null;
        }
    }

    private Task<TokenValidationResult> CheckAsync(JsonWebToken token, IssuerAddress issuer, string audience, IssuerDocument document) =>
        s_handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = issuer.Issuer,
            ValidAudience = audience,
            ValidAlgorithms = s_algorithms,
            IssuerSigningKeys = document.Keys,
            TryAllIssuerSigningKeys = token.Kid is null or "",
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) => IsInTime(token, notBefore, expires),
            LogValidationExceptions = false,
        });

    private bool IsInTime(JsonWebToken token, DateTime? notBefore, DateTime? expires)
    {
        var now = time.GetUtcNow();
        return expires is { } end && now < new DateTimeOffset(end, TimeSpan.Zero) + Skew
            && (notBefore is not { } begin || now >= new DateTimeOffset(begin, TimeSpan.Zero) - Skew)
            && token.TryGetPayloadValue<long>("iat", out var issued) && issued <= (now + Skew).ToUnixTimeSeconds();
    }

    // RFC 8725, section 3.11: where a kind is named it must be the right one, so that a token for one purpose does not serve another.
    private static bool IsType(string? given, string? wanted)
    {
        var kind = given?.StartsWith("application/", StringComparison.OrdinalIgnoreCase) == true ? given["application/".Length..] : given;
        return kind is null or "" || string.Equals(kind, "JWT", StringComparison.OrdinalIgnoreCase) || (wanted is not null && string.Equals(kind, wanted, StringComparison.OrdinalIgnoreCase));
    }

    private static string WhyNot(Exception? exception) => exception switch
    {
        SecurityTokenInvalidIssuerException => "another issuer made it",
        SecurityTokenInvalidAudienceException => "it is for somebody else",
        SecurityTokenInvalidLifetimeException or SecurityTokenExpiredException or SecurityTokenNotYetValidException or SecurityTokenNoExpirationException => "its time is over, or has not come",
        SecurityTokenInvalidSignatureException => "its signature is not right",
        _ => "it is not valid",
    };

    private static Refusal Bad(string why) => new(RefusalKind.Unauthenticated, "issuer.token", $"The issuer's token is refused: {why}.");
}
