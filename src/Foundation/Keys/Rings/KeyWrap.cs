using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Merlon.Keys;

/// <summary>
/// AES-256-GCM over a key: version (1) ‖ nonce (12) ‖ ciphertext ‖ tag (16). The associated data names what is wrapped, so a wrapped key cannot be moved
/// to another id, scope or parent, nor an older version be put back under a newer one.
/// </summary>
internal static class KeyWrap
{
    private const byte Version = 1;
    private const int Overhead = 1 + BoxAgreement.NonceSize + BoxAgreement.TagSize;

    internal static byte[] Wrap(ReadOnlySpan<byte> wrappingKey, ReadOnlySpan<byte> key, string binding)
    {
        var wrapped = new byte[Overhead + key.Length];
        wrapped[0] = Version;
        var nonce = wrapped.AsSpan(1, BoxAgreement.NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(wrappingKey, BoxAgreement.TagSize);
        var ciphertext = wrapped.AsSpan(1 + BoxAgreement.NonceSize, key.Length);
        cipher.Encrypt(nonce, key, ciphertext, wrapped.AsSpan(wrapped.Length - BoxAgreement.TagSize), Encoding.UTF8.GetBytes(binding));
        return wrapped;
    }

    /// <exception cref="InvalidDataException">It was changed, moved, or wrapped by another key.</exception>
    internal static byte[] Unwrap(ReadOnlySpan<byte> wrappingKey, ReadOnlySpan<byte> wrapped, string binding)
    {
        if (wrapped.Length < Overhead || wrapped[0] != Version)
            throw new InvalidDataException("The wrapped key is malformed.");
        var key = new byte[wrapped.Length - Overhead];
        using var cipher = new AesGcm(wrappingKey, BoxAgreement.TagSize);
        try
        {
            cipher.Decrypt(wrapped.Slice(1, BoxAgreement.NonceSize), wrapped[(1 + BoxAgreement.NonceSize)..^BoxAgreement.TagSize],
                wrapped[^BoxAgreement.TagSize..], key, Encoding.UTF8.GetBytes(binding));
            return key;
        }
        catch (AuthenticationTagMismatchException exception)
        {
            throw new InvalidDataException("The wrapped key does not open: it was changed or moved, or it belongs to another root key.", exception);
        }
    }

    internal static string Binding(StoredKey key) => string.Create(CultureInfo.InvariantCulture,
        $"merlon key v1\n{key.Id}\n{(int)key.Kind}\n{key.Scope.Organisation:D}\n{key.Scope.Project:D}\n{key.ParentId}\n{key.Version}\n{Convert.ToHexStringLower(key.PublicKey.Span)}");
}
