using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Merlon.Access.Issuers;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Sso;

/// <summary>What a browser carries, sealed, while it is at the provider.</summary>
/// <param name="Session">The session that is to be made fresh; null for a sign-in.</param>
internal sealed record SsoState(string Provider, string State, string Nonce, string Verifier, string RedirectUri, string To, string? Session, long BegunAt)
{
    public override string ToString() => nameof(SsoState);
}

/// <summary>What a provider said about who came back from it.</summary>
/// <param name="MfaAt">When it saw a second factor, where that counts.</param>
internal sealed record SsoProof(Principal Principal, ProviderLink Link, DateTimeOffset? MfaAt, SsoState Begun);

/// <summary>
/// The authorization code flow of OpenID Connect Core 1.0 with PKCE (RFC 7636), as RFC 9700 wants it: an address of return for each provider, the state in a
/// sealed cookie of the browser that began, a code of use once, an ID token for us with our nonce.
/// </summary>
internal sealed class SsoFlow(AccessDb db, IssuedTokens tokens, IssuerDirectory issuers, PeopleSecrets secrets, SsoPeople people, TimeProvider time)
{
    private const string StateSeal = "sso-state";
    private const int MaxCode = 4_096;
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(10);
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private static readonly Refusal s_lost = new(RefusalKind.Unauthenticated, "sso.state", "This sign-in was not begun in this browser, or too long ago.") { Remedy = "Begin again." };

    /// <returns>Where to send the browser, and what it is to carry meanwhile.</returns>
    public async Task<Result<(Uri Address, string Cookie)>> BeginAsync(HttpRequest request, string name, string to, string? session, CancellationToken cancellationToken)
    {
        if (await db.Providers.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken) is not { } provider)
            return ProviderService.Unknown(name);
        if (!(await issuers.ReadAsync(AddressOf(provider), cancellationToken)).Try(out var document, out var unavailable))
            return unavailable;
        if (document.Authorization is not { } authorization)
            return NotFor(provider, "authorization_endpoint");
        var state = new SsoState(
            name, Random(), Random(), Random(), $"https://{request.Host}/sign-in/sso/{name}/callback", to, session, time.GetUtcNow().ToUnixTimeSeconds());
        var settings = ProviderSettings.Read(provider.Settings);
        var query = new List<KeyValuePair<string, string?>>
        {
            new("response_type", "code"), new("client_id", provider.ClientId), new("redirect_uri", state.RedirectUri),
            new("scope", string.Join(' ', settings.Scopes.Prepend("openid").Distinct(StringComparer.Ordinal))), new("state", state.State), new("nonce", state.Nonce),
            new("code_challenge", Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(state.Verifier)))), new("code_challenge_method", "S256"),
        };
        if (settings.MfaAcr.Count > 0)
            query.Add(new("acr_values", string.Join(' ', settings.MfaAcr)));
        if (session is not null)
            // They prove themselves again, and the token says when (OpenID Connect Core 1.0, section 3.1.2.1).
            query.AddRange([new("prompt", "login"), new("max_age", "0")]);
        var sealedState = await secrets.SealAsync(StateSeal, JsonSerializer.SerializeToUtf8Bytes(state, s_json), cancellationToken);
        var address = authorization + (authorization.Query.Length > 0 ? "&" : "?") + string.Join('&', query.Select(q => $"{q.Key}={Uri.EscapeDataString(q.Value!)}"));
        return (new Uri(address), Base64Url.EncodeToString(sealedState));
    }

    /// <summary>
    /// 1. The state is the one that this browser carries. 2. The answer is of this provider (RFC 9207). 3. It is no error. 4. The code becomes tokens. 5. The ID token
    /// is by the issuer, for us, with our nonce. 6. A repeated proof is new. 7. The person and their groups.
    /// </summary>
    public async Task<Result<SsoProof>> FinishAsync(IQueryCollection query, string name, string? cookie, CancellationToken cancellationToken)
    {
        // 1
        if (await OpenAsync(cookie, cancellationToken) is not { } begun || begun.Provider != name || !IsEqual(begun.State, query["state"].ToString()))
            return s_lost;
        if (await db.Providers.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken) is not { } provider)
            return ProviderService.Unknown(name);
        var issuer = AddressOf(provider);
        if (!(await issuers.ReadAsync(issuer, cancellationToken)).Try(out var document, out var unavailable))
            return unavailable;
        // 2
        var sender = query["iss"].ToString();
        if (sender.Length > 0 || document.NamesItself ? sender != issuer.Issuer : false)
            return new Refusal(RefusalKind.Unauthenticated, "sso.issuer", "The answer is of another identity provider.");
        // 3
        if (query["error"].ToString() is { Length: > 0 } error)
            return new Refusal(RefusalKind.Forbidden, "sso.refused", $"Your identity provider refused: {Text.Printable(error, 60)}. {Text.Printable(query["error_description"].ToString(), 200)}".TrimEnd());
        // 4
        if (!(await ExchangeAsync(provider, document, begun, query["code"].ToString(), cancellationToken)).Try(out var answer, out var failed))
            return failed;
        // 5
        if (!(await tokens.VerifyAsync(issuer, TokenClaims.Text(answer, "id_token", Limits.IssuedToken), provider.ClientId, null, cancellationToken)).Try(out var claims, out var bad))
            return bad;
        if (TokenClaims.Text(claims, "nonce") is not { } nonce || !IsEqual(begun.Nonce, nonce) || TokenClaims.Text(claims, "sub", 255) is not { } subject || !IsForUs(claims, provider.ClientId))
            return new Refusal(RefusalKind.Unauthenticated, "sso.token", "The identity provider's token does not belong to this sign-in.");
        // 6
        var settings = ProviderSettings.Read(provider.Settings);
        var mfaAt = MfaAt(settings, claims);
        if (begun.Session is not null && (mfaAt is not { } at || at < DateTimeOffset.FromUnixTimeSeconds(begun.BegunAt) - IssuedTokens.Skew))
            return new Refusal(RefusalKind.Forbidden, "sso.not-fresh", "Your identity provider did not ask you for a second factor anew, or not for one that counts here.");
        // 7
        if (!(await ToldAsync(provider, document, settings, claims, answer, subject, cancellationToken)).Try(out var told, out var untold))
            return untold;
        if (!GroupsOf(settings, settings.GroupsClaim is { } claim && claims.TryGetProperty(claim, out _) ? claims : told).Try(out var groups, out var unclear))
            return unclear;
        var who = new VouchedFor(subject, TokenClaims.Text(claims, settings.NameClaim) ?? TokenClaims.Text(told, settings.NameClaim), groups);
        return (await people.FindAsync(provider, settings, who, cancellationToken)).Try(out var principal, out var stranger)
            ? new SsoProof(principal, new ProviderLink(name, TokenClaims.Text(claims, "sid")), mfaAt, begun)
            : stranger;
    }

    /// <summary>Where a provider ends its own session (OpenID Connect RP-Initiated Logout 1.0); null where it cannot.</summary>
    public async Task<Uri?> LogoutAsync(string name, string returnTo, CancellationToken cancellationToken)
    {
        if (await db.Providers.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancellationToken) is not { } provider
            || !(await issuers.ReadAsync(AddressOf(provider), cancellationToken)).Try(out var document, out _) || document.EndSession is not { } end)
            return null;
        return new Uri($"{end}{(end.Query.Length > 0 ? "&" : "?")}client_id={Uri.EscapeDataString(provider.ClientId)}&post_logout_redirect_uri={Uri.EscapeDataString(returnTo)}");
    }

    public static IssuerAddress AddressOf(ProviderRow provider) => new(provider.Issuer, provider.CaPem);

    private async Task<SsoState?> OpenAsync(string? cookie, CancellationToken cancellationToken)
    {
        if (cookie is not { Length: > 40 and < 4_096 } || !Base64Url.IsValid(cookie))
            return null;
        try
        {
            var state = JsonSerializer.Deserialize<SsoState>(await secrets.OpenAsync(StateSeal, Base64Url.DecodeFromChars(cookie), cancellationToken), s_json)!;
            var age = time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(state.BegunAt);
            return age > -IssuedTokens.Skew && age < s_life ? state : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task<Result<JsonElement>> ExchangeAsync(ProviderRow provider, IssuerDocument document, SsoState begun, string code, CancellationToken cancellationToken)
    {
        if (document.Token is not { } address)
            return NotFor(provider, "token_endpoint");
        if (code.Length is 0 or > MaxCode)
            return s_lost;
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = begun.RedirectUri, ["code_verifier"] = begun.Verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, address);
        if (provider.ClientSecretSealed is { } sealedSecret)
        {
            var secret = Encoding.UTF8.GetString(await secrets.OpenAsync(ProviderService.SealOf(provider.Name), sealedSecret, cancellationToken));
            if (document.TakesBasic)
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(
                    Encoding.ASCII.GetBytes($"{Uri.EscapeDataString(provider.ClientId)}:{Uri.EscapeDataString(secret)}")));
            else
                (form["client_id"], form["client_secret"]) = (provider.ClientId, secret);
        }
        else
        {
            form["client_id"] = provider.ClientId;
        }
        request.Content = new FormUrlEncodedContent(form);
        return await AnswerAsync(provider, request, cancellationToken);
    }

    /// <summary>The claims of the ID token, or the provider's user information where the token does not have what is needed.</summary>
    private async Task<Result<JsonElement>> ToldAsync(
        ProviderRow provider, IssuerDocument document, ProviderSettings settings, JsonElement claims, JsonElement answer, string subject, CancellationToken cancellationToken)
    {
        var isWhole = (settings.GroupsClaim is null || claims.TryGetProperty(settings.GroupsClaim, out _)) && (!settings.CreatesPeople || claims.TryGetProperty(settings.NameClaim, out _));
        if (isWhole || document.UserInfo is not { } userInfo || TokenClaims.Text(answer, "access_token", Limits.IssuedToken) is not { } access)
            return claims;
        using var request = new HttpRequestMessage(HttpMethod.Get, userInfo);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access);
        if (!(await AnswerAsync(provider, request, cancellationToken)).Try(out var told, out var failed))
            return failed;
        // OpenID Connect Core 1.0, section 5.3.2: an answer about somebody else is not to be used.
        if (TokenClaims.Text(told, "sub", 255) != subject)
            return new Refusal(RefusalKind.Unauthenticated, "sso.token", "The identity provider's token does not belong to this sign-in.");
        return told;
    }

    /// <summary>Percent-encoded, sorted.</summary>
    private static Result<string[]> GroupsOf(ProviderSettings settings, JsonElement told)
    {
        if (settings.GroupsClaim is not { } claim)
            return Array.Empty<string>();
        // A list that is elsewhere, or cut off, could hide the one group that is denied something.
        var isElsewhere = told.TryGetProperty("_claim_names", out var names) && names.ValueKind == JsonValueKind.Object && names.TryGetProperty(claim, out _);
        if (isElsewhere || TokenClaims.List(told, claim) is not { } groups || groups.Count > Limits.GroupsPerIdentity || groups.Any(g => g.Length is 0 or > Limits.GroupLength))
            return new Refusal(RefusalKind.Forbidden, "sso.groups", "The identity provider does not give your groups in a form that can be used.")
            {
                Remedy = $"The claim '{Text.Printable(claim, 60)}' is to be a list of at most {Limits.GroupsPerIdentity} names.",
            };
        return groups.Select(Uri.EscapeDataString).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
    }

    private async Task<Result<JsonElement>> AnswerAsync(ProviderRow provider, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await issuers.HttpOf(AddressOf(provider)).SendAsync(request, cancellationToken);
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            if (response.IsSuccessStatusCode && json.RootElement.ValueKind == JsonValueKind.Object)
                return json.RootElement.Clone();
            var error = json.RootElement.ValueKind == JsonValueKind.Object ? TokenClaims.Text(json.RootElement, "error") : null;
            return new Refusal(RefusalKind.Unauthenticated, "sso.exchange", $"The identity provider did not take the answer back: {Text.Printable(error ?? "no reason given", 60)}.") { Remedy = "Begin again." };
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Refusal(RefusalKind.Unavailable, "issuer.unavailable", "The identity provider does not answer as it should.");
        }
    }

    /// <summary>When the provider saw a second factor that counts here; never in the future.</summary>
    private DateTimeOffset? MfaAt(ProviderSettings settings, JsonElement claims)
    {
        if (!settings.Honours(TokenClaims.Text(claims, "acr"), TokenClaims.List(claims, "amr") ?? []))
            return null;
        var now = time.GetUtcNow();
        return TokenClaims.Time(claims, "auth_time") is { } at && at < now ? at : now;
    }

    // OpenID Connect Core 1.0, section 3.1.3.7: of several audiences, we must be the one that it was made for.
    private static bool IsForUs(JsonElement claims, string clientId) => TokenClaims.Text(claims, "azp") is { } party
        ? party == clientId
        : TokenClaims.List(claims, "aud") is { Count: 1 };

    private static bool IsEqual(string expected, string given) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(given));

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private static Refusal NotFor(ProviderRow provider, string what) => new(RefusalKind.Unavailable, "issuer.unavailable", $"The issuer {provider.Issuer} names no {what}, or none that may be called.");
}
