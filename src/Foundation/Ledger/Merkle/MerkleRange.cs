using System.Numerics;

namespace Merlon.Ledger;

/// <summary>Where the roots of perfect subtrees come from.</summary>
internal interface ISubtreeSource
{
    /// <summary>The root over the 2^<paramref name="height"/> leaves that begin at index·2^height.</summary>
    Digest Subtree(int height, long index);
}

/// <summary>Roots and proofs of RFC 6962 sections 2.1, 2.1.1 and 2.1.2, computed from perfect subtrees.</summary>
internal static class MerkleRange
{
    /// <summary>MTH(D[start:end]) where start is aligned as in the tree's own splits.</summary>
    internal static Digest Root(ISubtreeSource source, long start, long end)
    {
        var count = end - start;
        if (count == 0)
            return Digest.Of([]);
        if (BitOperations.IsPow2(count))
            return source.Subtree(BitOperations.Log2((ulong)count), start / count);
        var split = Split(count);
        return TreeHash.Node(Root(source, start, start + split), Root(source, start + split, end));
    }

    /// <summary>PATH(index, D[0:size]).</summary>
    internal static List<Digest> Inclusion(ISubtreeSource source, long index, long size)
    {
        var path = new List<Digest>();
        AddPath(source, index, 0, size, path);
        return path;
    }

    /// <summary>PROOF(oldSize, D[0:newSize]); empty when the old tree is empty or the same.</summary>
    internal static List<Digest> Consistency(ISubtreeSource source, long oldSize, long newSize)
    {
        var proof = new List<Digest>();
        if (oldSize > 0 && oldSize < newSize)
            AddSubproof(source, oldSize, 0, newSize, known: true, proof);
        return proof;
    }

    private static void AddPath(ISubtreeSource source, long index, long start, long end, List<Digest> path)
    {
        if (end - start == 1)
            return;
        var middle = start + Split(end - start);
        if (index < middle)
        {
            AddPath(source, index, start, middle, path);
            path.Add(Root(source, middle, end));
        }
        else
        {
            AddPath(source, index, middle, end, path);
            path.Add(Root(source, start, middle));
        }
    }

    private static void AddSubproof(ISubtreeSource source, long oldEnd, long start, long end, bool known, List<Digest> proof)
    {
        if (oldEnd == end)
        {
            if (!known)
                proof.Add(Root(source, start, end));
            return;
        }
        var middle = start + Split(end - start);
        if (oldEnd <= middle)
        {
            AddSubproof(source, oldEnd, start, middle, known, proof);
            proof.Add(Root(source, middle, end));
        }
        else
        {
            AddSubproof(source, oldEnd, middle, end, known: false, proof);
            proof.Add(Root(source, start, middle));
        }
    }

    /// <summary>The largest power of two below <paramref name="count"/>.</summary>
    private static long Split(long count) => 1L << BitOperations.Log2((ulong)(count - 1));
}
