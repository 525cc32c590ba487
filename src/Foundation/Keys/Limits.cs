namespace Merlon.Keys;

/// <summary>All bounds on sealed messages, key files and certificates that this module reads.</summary>
internal static class Limits
{
    /// <summary>Plaintext bytes of a frame that we write, and the most that we read.</summary>
    internal const int FrameLength = 1 << 20;

    /// <summary>Bytes of the slot id in a message's header.</summary>
    internal const int MaxSlotId = 256;

    /// <summary>Bytes of a header; ours has under 500.</summary>
    internal const int MaxHeader = 1024;

    /// <summary>Frames in one message (AWS Encryption SDK message format: 2^32 − 1). At 1 MiB this is 4 PiB.</summary>
    internal const long MaxFrames = uint.MaxValue;

    /// <summary>Bytes of a root key file: 32 raw ones or their base64, with room for a line end.</summary>
    internal const int MaxRootKeyFile = 128;

    /// <summary>Least iterations of PBKDF2-SHA512 that a passphrase is accepted with (OWASP, 2023).</summary>
    internal const int MinPassphraseIterations = 210_000;

    /// <summary>Bytes of a SPIFFE ID, and of the trust domain in it (SPIFFE-ID, section 2.3).</summary>
    internal const int SpiffeIdBytes = 2048;
    internal const int TrustDomainBytes = 255;

    /// <summary>Characters of a certificate request in PEM. One for P-256 has under 600.</summary>
    internal const int CertificateRequestBytes = 8192;

    /// <summary>Bytes of a certificate that a peer shows. Ours have under 700.</summary>
    internal const int CertificateBytes = 8192;
}
