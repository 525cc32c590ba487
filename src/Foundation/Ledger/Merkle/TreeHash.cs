using System.Security.Cryptography;

namespace Merlon.Ledger;

/// <summary>The hashing of RFC 6962 section 2.1 (unchanged in RFC 9162), over SHA-256. Lists of hashes are concatenated 32-byte values.</summary>
internal static class TreeHash
{
    internal const int Size = 32;

    /// <summary>MTH of one entry: SHA-256(0x00 ‖ entry).</summary>
    internal static void Leaf(ReadOnlySpan<byte> entry, Span<byte> destination)
    {
        Span<byte> input = entry.Length < 1024 ? stackalloc byte[1 + entry.Length] : new byte[1 + entry.Length];
        input[0] = 0;
        entry.CopyTo(input[1..]);
        SHA256.HashData(input, destination);
    }

    /// <summary>SHA-256(0x01 ‖ left ‖ right). The destination may be one of the inputs.</summary>
    internal static void Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<byte> input = stackalloc byte[1 + 2 * Size];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + Size)..]);
        SHA256.HashData(input, destination);
    }

    internal static Digest Node(Digest left, Digest right)
    {
        Span<byte> hashes = stackalloc byte[2 * Size];
        left.CopyTo(hashes);
        right.CopyTo(hashes[Size..]);
        Node(hashes[..Size], hashes[Size..], hashes[..Size]);
        return new Digest(hashes[..Size]);
    }

    internal static Digest LeafDigest(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Size];
        Leaf(entry, hash);
        return new Digest(hash);
    }

    /// <summary>The root over leaf hashes (or over the roots of equal perfect subtrees). No hashes: SHA-256 of nothing.</summary>
    internal static Digest Root(ReadOnlySpan<byte> hashes)
    {
        if (hashes.IsEmpty)
            return Digest.Of([]);
        // Levels are folded in place; an odd last node moves up unchanged, which gives the same tree as RFC 6962's split.
        var count = hashes.Length / Size;
        Span<byte> level = hashes.Length <= 8192 ? stackalloc byte[hashes.Length] : new byte[hashes.Length];
        hashes.CopyTo(level);
        while (count > 1)
        {
            for (var i = 0; i < count / 2; i++)
                Node(level.Slice(2 * i * Size, Size), level.Slice((2 * i + 1) * Size, Size), level.Slice(i * Size, Size));
            if (count % 2 == 1)
                level.Slice((count - 1) * Size, Size).CopyTo(level[(count / 2 * Size)..]);
            count = (count + 1) / 2;
        }
        return new Digest(level[..Size]);
    }
}
