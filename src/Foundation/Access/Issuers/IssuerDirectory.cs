using System.Collections.Concurrent;
using System.Text.Json;
using Merlon.Kernel;
using Microsoft.IdentityModel.Tokens;

namespace Merlon.Access.Issuers;

/// <summary>What an issuer publishes about itself: its addresses and the keys that it signs with.</summary>
/// <param name="TakesBasic">It takes a client's secret in the Authorization header, as is usual (OpenID Connect Core 1.0, section 9).</param>
/// <param name="NamesItself">It promises to name itself in each answer of a sign-in (RFC 9207).</param>
internal sealed record IssuerDocument(
    Uri? Authorization, Uri? Token, Uri? UserInfo, Uri? EndSession, bool TakesBasic, bool NamesItself, IReadOnlyList<SecurityKey> Keys, DateTimeOffset ReadAt);

/// <summary>
/// Keeps the documents of issuers: read when they are first needed, again after an hour, and at once when a token names a key that is not in them. While an
/// issuer cannot be reached its last document holds for a day.
/// </summary>
internal sealed class IssuerDirectory(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromHours(1), s_usable = TimeSpan.FromHours(24);

    /// <summary>Tokens with made-up key names must not make us call the issuer for each of them.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<IssuerAddress, Entry> _entries = new();

    private sealed class Entry(IssuerAddress issuer) : IDisposable
    {
        public SemaphoreSlim Reading { get; } = new(1, 1);
        public HttpClient Http { get; } = IssuerHttp.Make(issuer);
        public IssuerDocument? Document { get; set; }
        public DateTimeOffset TriedAt { get; set; }

        /// <summary>Why the last try failed.</summary>
        public Refusal? Failure { get; set; }

        public void Dispose()
        {
            Reading.Dispose();
            Http.Dispose();
        }
    }

    /// <summary>The client that calls this issuer.</summary>
    public HttpClient HttpOf(IssuerAddress issuer) => EntryOf(issuer).Http;

    /// <param name="issuer">Whose document; only configured issuers come here.</param>
    /// <param name="missesKey">A token names a key that is not in the document <paramref name="known"/>.</param>
    /// <param name="known">The document that misses it.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public async Task<Result<IssuerDocument>> ReadAsync(IssuerAddress issuer, CancellationToken cancellationToken, bool missesKey = false, IssuerDocument? known = null)
    {
        var entry = EntryOf(issuer);
        if (!missesKey && entry.Document is { } fresh && time.GetUtcNow() - fresh.ReadAt < s_fresh)
            return fresh;
        await entry.Reading.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            var held = entry.Document is { } document && now - document.ReadAt < s_usable ? document : null;
            var isNewEnough = held is not null && (missesKey ? !ReferenceEquals(held, known) : now - held.ReadAt < s_fresh);
            if (isNewEnough || (held is not null && now - entry.TriedAt < s_pause))
                return held!;
            // Of many who wait for an issuer that does not answer, only one waits for the network.
            if (held is null && entry.Failure is { } failure && now - entry.TriedAt < s_pause)
                return failure;
            if (missesKey)
                entry.TriedAt = now;
            if ((await FetchAsync(entry.Http, issuer, now, cancellationToken)).Try(out var read, out var refusal))
                return entry.Document = read;
            (entry.TriedAt, entry.Failure) = (time.GetUtcNow(), refusal);
            return held is not null ? held : refusal;
        }
        finally
        {
            entry.Reading.Release();
        }
    }

    /// <summary>Reads it now, whatever is held, and says what is wrong with it.</summary>
    public async Task<Result<IssuerDocument>> ProbeAsync(IssuerAddress issuer, CancellationToken cancellationToken)
    {
        var entry = EntryOf(issuer);
        await entry.Reading.WaitAsync(cancellationToken);
        try
        {
            var read = await FetchAsync(entry.Http, issuer, time.GetUtcNow(), cancellationToken);
            if (!read.IsRefused)
                entry.Document = read.Value;
            return read;
        }
        finally
        {
            entry.Reading.Release();
        }
    }

    public void Dispose()
    {
        foreach (var entry in _entries.Values)
            entry.Dispose();
    }

    private Entry EntryOf(IssuerAddress issuer) => _entries.GetOrAdd(issuer, static i => new Entry(i));

    private static async Task<Result<IssuerDocument>> FetchAsync(HttpClient http, IssuerAddress issuer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            using var discovery = JsonDocument.Parse(await GetAsync(http, issuer.Discovery, cancellationToken));
            var root = discovery.RootElement;
            // The issuer of the document must be the one that was asked, to the letter (OpenID Connect Discovery 1.0, section 4.3).
            if (StringOf(root, "issuer") != issuer.Issuer)
                return Unreachable(issuer, $"its document is of '{Text.Printable(StringOf(root, "issuer"), 100)}'");
            if (AddressOf(root, "jwks_uri", issuer) is not { } keysAt)
                return Unreachable(issuer, "it names no address of its keys");
            var keys = new JsonWebKeySet(await GetAsync(http, keysAt, cancellationToken)).Keys.Where(IsForSignatures).ToList();
            if (keys.Count == 0)
                return Unreachable(issuer, "it has no key for signatures");
            return new IssuerDocument(
                AddressOf(root, "authorization_endpoint", issuer), AddressOf(root, "token_endpoint", issuer), AddressOf(root, "userinfo_endpoint", issuer),
                AddressOf(root, "end_session_endpoint", issuer), Issuers.TokenClaims.List(root, "token_endpoint_auth_methods_supported") is not { Count: > 0 } methods || methods.Contains("client_secret_basic"),
                root.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True, keys, now);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or ArgumentException or InvalidOperationException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Unreachable(issuer, e is HttpRequestException ? Text.Printable(e.InnerException?.Message ?? e.Message, 200) : e is OperationCanceledException ? "it does not answer in time" : "its document cannot be read");
        }
    }

    private static async Task<string> GetAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(address, cancellationToken);
        if (response.StatusCode != System.Net.HttpStatusCode.OK)
            throw new HttpRequestException($"{address} answers {(int)response.StatusCode}.");
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    /// <summary>Asymmetric keys only: who could publish a shared secret as a key would have everybody sign.</summary>
    private static bool IsForSignatures(JsonWebKey key) => key.Use is null or "sig"
        && ((key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize >= 2048) || key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve);

    /// <summary>An address in the document; none where it is not https, or leads to this machine while the issuer's own does not.</summary>
    private static Uri? AddressOf(JsonElement root, string name, IssuerAddress issuer) => StringOf(root, name) is { } text && IssuerAddress.IsAddress(text)
        && new Uri(text) is var address && (!IssuerAddress.IsLoopbackName(address.Host) || IssuerAddress.IsLoopbackName(new Uri(issuer.Issuer).Host)) ? address : null;

    private static string? StringOf(JsonElement root, string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Refusal Unreachable(IssuerAddress issuer, string why) => new(RefusalKind.Unavailable, "issuer.unavailable", $"The issuer {issuer.Issuer} cannot be used: {why.TrimEnd('.')}.");
}
