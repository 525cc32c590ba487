using System.Security.Cryptography;
using System.Text;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Peers;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Callers;

/// <summary>Finds the caller by API key, or by the connection's certificate where no key is sent. A wrong secret, an unknown key and an expired one take the same steps and get the same answer.</summary>
internal static class Authenticator
{
    private static readonly byte[] s_noHash = RandomNumberGenerator.GetBytes(Digest.Size);

    public static readonly Refusal NoCredential = new(RefusalKind.Unauthenticated, "key.missing", "This route needs an API key in the Authorization header.")
    {
        Remedy = "Send 'Authorization: Bearer mk_…'.",
    };

    public static readonly Refusal BadCredential = new(RefusalKind.Unauthenticated, "key.invalid", "The API key is not valid.");

    public static readonly Refusal BadCertificate = new(RefusalKind.Unauthenticated, "certificate.invalid", "The certificate of this connection is not, or no longer, in force.");

    /// <summary>
    /// Without a certificate: the key alone. With one: it is in force, or the call ends here, whatever else is sent. A key beside it must be of the same
    /// project, and the call is the key's: the certificate proves more and gives nothing.
    /// </summary>
    public static Refusal? Authenticate(HttpContext http, DecisionTable table, TimeProvider time, out Caller? caller)
    {
        if (http.Features.Get<PeerIdentity>() is not { } peer)
            return Authenticate(http.Request, table, time, out caller);
        caller = null;
        // INVARIANT: asked on each call, not once per connection: a connection outlives neither a revocation nor the certificate.
        if (table.FindWorkload(peer.Svid.Certificate) is not { } workload || workload.Entry.KeyId != peer.Svid.Id.ToString() || time.GetUtcNow() >= peer.Svid.NotAfter)
            return BadCertificate;
        var refusal = Authenticate(http.Request, table, time, out caller);
        if (ReferenceEquals(refusal, NoCredential) && !HasCredential(http.Request))
        {
            caller = workload;
            return null;
        }
        if (refusal is not null || caller!.Entry.Scope == workload.Entry.Scope)
            return refusal;
        caller = null;
        return BadCredential;
    }

    /// <summary>A header that cannot be understood is a credential that fails, not the absence of one.</summary>
    private static bool HasCredential(HttpRequest request) => request.Headers.Authorization.Count > 0 || request.Headers["X-Api-Key"].Count > 0;

    private static Refusal? Authenticate(HttpRequest request, DecisionTable table, TimeProvider time, out Caller? caller)
    {
        caller = null;
        var token = FindToken(request);
        if (token.IsEmpty)
            return NoCredential;
        if (!TrySplit(token, out var keyId, out var secret))
            return BadCredential;

        Span<byte> ascii = stackalloc byte[ApiKeys.SecretLength];
        Span<byte> hash = stackalloc byte[Digest.Size];
        if (Encoding.UTF8.GetByteCount(secret) != ascii.Length)
            return BadCredential;
        Encoding.UTF8.GetBytes(secret, ascii);
        SHA256.HashData(ascii, hash);
        CryptographicOperations.ZeroMemory(ascii);

        var found = table.FindCaller(keyId);
        var equal = CryptographicOperations.FixedTimeEquals(hash, found?.SecretHash ?? s_noHash);
        var valid = time.GetUtcNow() < (found?.Entry.NotAfter ?? DateTimeOffset.MinValue);
        if (!(equal & valid))
            return BadCredential;
        caller = found;
        return null;
    }

    private static ReadOnlySpan<char> FindToken(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var authorization = request.Headers.Authorization;
        if (authorization.Count == 0)
        {
            var header = request.Headers["X-Api-Key"];
            return header.Count == 1 ? header[0] : default(ReadOnlySpan<char>);
        }
        // Two headers are two answers to one question.
        if (authorization.Count != 1 || authorization[0] is not { } value || !value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return default;
        return value.AsSpan(scheme.Length).Trim(' ');
    }

    private static bool TrySplit(ReadOnlySpan<char> token, out ReadOnlySpan<char> keyId, out ReadOnlySpan<char> secret)
    {
        keyId = secret = default;
        if (token.Length != ApiKeys.TokenLength || !token.StartsWith(ApiKeys.Prefix, StringComparison.Ordinal))
            return false;
        keyId = token.Slice(ApiKeys.Prefix.Length, ApiKeys.KeyIdLength);
        secret = token[^ApiKeys.SecretLength..];
        return token[ApiKeys.Prefix.Length + ApiKeys.KeyIdLength] == '_';
    }
}
