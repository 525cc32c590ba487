using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>Opens the messages of one <see cref="SealedBoxSender"/>: one key agreement, then one AES-256-GCM operation a message.</summary>
public sealed class SealedBoxReceiver : IDisposable
{
    private readonly Lock _lock = new();
    private readonly AesGcm _cipher;

    /// <param name="privateKey">The recipient's P-256 private key, PKCS#8 DER.</param>
    /// <param name="ephemeral">The sender's ephemeral point.</param>
    /// <param name="context">The sender's context.</param>
    /// <exception cref="InvalidDataException">The ephemeral key is not a point on P-256.</exception>
    public SealedBoxReceiver(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> ephemeral, string context)
    {
        using var own = ECDiffieHellman.Create();
        own.ImportPkcs8PrivateKey(privateKey, out _);
        using var sender = BoxAgreement.FromPoint(ephemeral);
        var key = BoxAgreement.DeriveKey(own, sender.PublicKey, ephemeral, BoxAgreement.Point(own.PublicKey), context);
        _cipher = new AesGcm(key, BoxAgreement.TagSize);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>False when the bytes are not what the sender sealed under this counter and associated data.</summary>
    public bool TryOpen(ulong counter, ReadOnlySpan<byte> message, ReadOnlySpan<byte> associatedData, Span<byte> plaintext)
    {
        if (message.Length < BoxAgreement.TagSize || plaintext.Length != message.Length - BoxAgreement.TagSize)
            return false;
        Span<byte> nonce = stackalloc byte[BoxAgreement.NonceSize];
        BoxAgreement.WriteNonce(nonce, counter);
        try
        {
            lock (_lock)
                _cipher.Decrypt(nonce, message[..^BoxAgreement.TagSize], message[^BoxAgreement.TagSize..], plaintext, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();
}
