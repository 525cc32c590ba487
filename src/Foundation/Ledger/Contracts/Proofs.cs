using System.Numerics;

namespace Merlon.Ledger;

/// <summary>Proof that a leaf stands at an index of a tree (RFC 9162 section 2.1.3).</summary>
/// <param name="Path">From the leaf's sibling up to the root's child.</param>
public sealed record InclusionProof(long Index, long TreeSize, Digest LeafHash, IReadOnlyList<Digest> Path)
{
    /// <summary>True when the path leads from the leaf to <paramref name="root"/>: the algorithm of RFC 9162 section 2.1.3.2.</summary>
    public bool Verify(Digest root)
    {
        if (Index < 0 || Index >= TreeSize)
            return false;
        var (position, last, hash) = (Index, TreeSize - 1, LeafHash);
        foreach (var sibling in Path)
        {
            if (last == 0)
                return false;
            if ((position & 1) == 1 || position == last)
            {
                hash = TreeHash.Node(sibling, hash);
                var zeros = (position & 1) == 1 ? 0 : BitOperations.TrailingZeroCount(position);
                // position 0 cannot be 'last' here: last would be 0.
                position >>= zeros;
                last >>= zeros;
            }
            else
            {
                hash = TreeHash.Node(hash, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        return last == 0 && hash == root;
    }
}

/// <summary>Proof that a newer tree only appends to an older one (RFC 9162 section 2.1.4).</summary>
public sealed record ConsistencyProof(long OldSize, long NewSize, IReadOnlyList<Digest> Path)
{
    /// <summary>True when both roots follow from the path: the algorithm of RFC 9162 section 2.1.4.2.</summary>
    public bool Verify(Digest oldRoot, Digest newRoot)
    {
        if (OldSize < 0 || OldSize > NewSize)
            return false;
        if (OldSize == NewSize)
            return Path.Count == 0 && oldRoot == newRoot;
        if (OldSize == 0)
            return Path.Count == 0 && oldRoot == Digest.Of([]);
        var path = BitOperations.IsPow2(OldSize) ? [oldRoot, .. Path] : Path;
        if (path.Count == 0)
            return false;
        var (oldPosition, newPosition) = (OldSize - 1, NewSize - 1);
        var odd = BitOperations.TrailingZeroCount(~oldPosition);
        oldPosition >>= odd;
        newPosition >>= odd;
        var (oldHash, newHash) = (path[0], path[0]);
        for (var i = 1; i < path.Count; i++)
        {
            if (newPosition == 0)
                return false;
            if ((oldPosition & 1) == 1 || oldPosition == newPosition)
            {
                oldHash = TreeHash.Node(path[i], oldHash);
                newHash = TreeHash.Node(path[i], newHash);
                while ((oldPosition & 1) == 0 && oldPosition != 0)
                {
                    oldPosition >>= 1;
                    newPosition >>= 1;
                }
            }
            else
            {
                newHash = TreeHash.Node(newHash, path[i]);
            }
            oldPosition >>= 1;
            newPosition >>= 1;
        }
        return newPosition == 0 && oldHash == oldRoot && newHash == newRoot;
    }
}

/// <summary>A checkpoint and what was proved for exactly its size.</summary>
/// <param name="Consistency">That the log only appends to an older size; null when none was asked for.</param>
/// <param name="OldRoot">The root at that older size.</param>
public sealed record CheckpointProof(Checkpoint Checkpoint, InclusionProof Inclusion, ConsistencyProof? Consistency, Digest? OldRoot);
