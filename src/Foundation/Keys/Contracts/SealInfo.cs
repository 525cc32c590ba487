namespace Merlon.Keys;

/// <summary>
/// What names one sealed message and nothing else: kept (and signed) beside it, it exposes a message that was swapped, cut short or rolled back.
/// </summary>
/// <param name="MessageId">The 32 random bytes of the header.</param>
/// <param name="Length">Plaintext bytes.</param>
/// <param name="Root">Merkle root over the tags of all frames, with message id and length.</param>
/// <param name="Sha256">SHA-256 of the plaintext, computed while sealing.</param>
public sealed record SealInfo(Digest MessageId, long Length, Digest Root, Digest Sha256);
