using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Merlon.Kernel;

namespace Merlon.Gateway.Contracts;

/// <summary>A new API key. <paramref name="Token"/> is shown once and kept nowhere.</summary>
/// <param name="Token">What the client sends: <c>mk_{keyId}_{secret}</c>.</param>
public sealed record MintedKey(string KeyId, string Token, Digest SecretHash)
{
    /// <summary>Without the token: a record prints its members, and this one must not reach a log.</summary>
    public override string ToString() => $"API key {KeyId}";
}

/// <summary>The form of API keys: 96 bits of public id in hexadecimal, 256 bits of secret in base64url.</summary>
public static class ApiKeys
{
    public const string Prefix = "mk_";
    public const int KeyIdLength = 24;
    public const int SecretLength = 43;

    /// <summary>Length of a whole token in characters.</summary>
    public const int TokenLength = 3 + KeyIdLength + 1 + SecretLength;

    /// <summary>Makes a key from the system's random numbers.</summary>
    public static MintedKey Mint()
    {
        Span<byte> random = stackalloc byte[KeyIdLength / 2 + Digest.Size];
        RandomNumberGenerator.Fill(random);
        var keyId = Convert.ToHexStringLower(random[..(KeyIdLength / 2)]);
        var secret = Base64Url.EncodeToString(random[(KeyIdLength / 2)..]);
        CryptographicOperations.ZeroMemory(random);
        return new MintedKey(keyId, $"{Prefix}{keyId}_{secret}", Digest.Of(Encoding.ASCII.GetBytes(secret)));
    }
}
