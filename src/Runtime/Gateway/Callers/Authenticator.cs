using System.Security.Cryptography;
using System.Text;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Gateway.Callers;

/// <summary>Finds the caller by API key. A wrong secret, an unknown key and an expired one take the same steps and get the same answer.</summary>
internal static class Authenticator
{
    private static readonly byte[] s_noHash = RandomNumberGenerator.GetBytes(Digest.Size);

    public static readonly Refusal NoCredential = new(RefusalKind.Unauthenticated, "key.missing", "This route needs an API key in the Authorization header.")
    {
        Remedy = "Send 'Authorization: Bearer mk_…'.",
    };

    public static readonly Refusal BadCredential = new(RefusalKind.Unauthenticated, "key.invalid", "The API key is not valid.");

    public static Refusal? Authenticate(HttpRequest request, DecisionTable table, TimeProvider time, out Caller? caller)
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
