using System.Security.Cryptography;
using System.Text;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.Access.People;

/// <summary>
/// Seals and marks what must not be readable from a stolen database: authenticator secrets, recovery codes, names in the list of failures. The key is a
/// named key of the keyring and is unwrapped for each use.
/// </summary>
internal sealed class PeopleSecrets(Keyring keyring)
{
    private const string KeyName = "access:people";
    private const int NonceSize = 12, TagSize = 16;

    public async Task<byte[]> SealAsync(string principal, ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        using var cipher = new AesGcm(await KeyAsync("seal", cancellationToken), TagSize);
        var sealedBytes = new byte[NonceSize + plain.Length + TagSize];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceSize));
        cipher.Encrypt(sealedBytes.AsSpan(0, NonceSize), plain.Span, sealedBytes.AsSpan(NonceSize, plain.Length), sealedBytes.AsSpan(NonceSize + plain.Length), Encoding.UTF8.GetBytes(principal));
        return sealedBytes;
    }

    /// <exception cref="AuthenticationTagMismatchException">It was changed, or sealed for another principal.</exception>
    public async Task<byte[]> OpenAsync(string principal, ReadOnlyMemory<byte> sealedBytes, CancellationToken cancellationToken)
    {
        using var cipher = new AesGcm(await KeyAsync("seal", cancellationToken), TagSize);
        var plain = new byte[sealedBytes.Length - NonceSize - TagSize];
        cipher.Decrypt(sealedBytes.Span[..NonceSize], sealedBytes.Span[NonceSize..^TagSize], sealedBytes.Span[^TagSize..], plain, Encoding.UTF8.GetBytes(principal));
        return plain;
    }

    /// <summary>A keyed hash for a purpose: equal for equal texts, and useless without the keyring.</summary>
    public async Task<Digest> MarkAsync(string purpose, string text, CancellationToken cancellationToken) =>
        new(HMACSHA256.HashData(await KeyAsync("mark:" + purpose, cancellationToken), Encoding.UTF8.GetBytes(text)));

    private async Task<byte[]> KeyAsync(string purpose, CancellationToken cancellationToken)
    {
        var seed = await keyring.SigningSeedAsync(Scope.Default, KeyName, cancellationToken);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, 32, info: Encoding.UTF8.GetBytes("merlon people " + purpose));
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }
}
