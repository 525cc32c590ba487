using FsCheck;
using FsCheck.Fluent;

namespace Merlon.Ledger.Tests;

public sealed class TreeTests
{
    // Inputs and roots of the Certificate Transparency reference implementation's Merkle tests (RFC 6962 hashing).
    private static readonly string[] s_inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    private static readonly string[] s_roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Root_PublishedVectors_Match()
    {
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", TreeHash.Root([]).Hex);
        for (var size = 1; size <= s_inputs.Length; size++)
        {
            var hashes = s_inputs[..size].SelectMany(i => TreeHash.LeafDigest(Convert.FromHexString(i)).ToArray()).ToArray();
            Assert.Equal(s_roots[size - 1], TreeHash.Root(hashes).Hex);
        }
    }

    [Fact]
    public void TileTree_AnySize_HasTheRootOfTheDefinition()
    {
        var tree = new TileTree();
        var leaves = new List<byte[]>();
        var random = new Random(1);
        for (var size = 0; size <= 1100; size++)
        {
            if (size % 37 == 0 || size is 255 or 256 or 257 or 511 or 512 or 513)
                Assert.Equal(Definition(leaves, 0, leaves.Count), tree.Root());
            var leaf = new byte[LeafRecord.Size];
            random.NextBytes(leaf);
            leaves.Add(leaf);
            tree.Append(leaf);
        }
    }

    [Fact]
    public void Proofs_OfAnyTree_VerifyAndAnyChangeFails() => Prop.ForAll(
        Gen.Choose(1, 300).SelectMany(n => Gen.Choose(0, n - 1).SelectMany(i => Gen.Choose(1, n).Select(o => (Size: n, Index: i, OldSize: o)))).ToArbitrary(), t =>
    {
        var (size, index, oldSize) = t;
        var source = new ArraySource(size);
        var root = MerkleRange.Root(source, 0, size);
        var inclusion = new InclusionProof(index, size, source.Subtree(0, index), MerkleRange.Inclusion(source, index, size));
        Assert.True(inclusion.Verify(root));
        Assert.False((inclusion with { LeafHash = root }).Verify(root) && size > 1);
        Assert.False((inclusion with { Index = (index + 1) % size }).Verify(root) && size > 1);
        Assert.False((inclusion with { Path = [.. inclusion.Path, root] }).Verify(root));
        var oldRoot = MerkleRange.Root(source, 0, oldSize);
        var consistency = new ConsistencyProof(oldSize, size, MerkleRange.Consistency(source, oldSize, size));
        Assert.True(consistency.Verify(oldRoot, root));
        Assert.False(consistency.Verify(Digest.Of([1]), root));
        Assert.False(consistency.Verify(oldRoot, Digest.Of([1])));
        for (var i = 0; i < consistency.Path.Count; i++)
        {
            var changed = consistency.Path.ToList();
            changed[i] = Digest.Of([2]);
            Assert.False((consistency with { Path = changed }).Verify(oldRoot, root));
            Assert.False((consistency with { Path = consistency.Path.Take(i).ToList() }).Verify(oldRoot, root));
        }
    }).QuickCheckThrowOnFailure();

    private static Digest Definition(List<byte[]> leaves, int start, int end)
    {
        if (start == end)
            return Digest.Of([]);
        if (end - start == 1)
            return TreeHash.LeafDigest(leaves[start]);
        var k = 1;
        while (k * 2 < end - start)
            k *= 2;
        return TreeHash.Node(Definition(leaves, start, start + k), Definition(leaves, start + k, end));
    }

    private sealed class ArraySource(int size) : ISubtreeSource
    {
        private readonly Digest[] _leaves = Enumerable.Range(0, size).Select(i => TreeHash.LeafDigest([(byte)i, (byte)(i >> 8)])).ToArray();

        public Digest Subtree(int height, long index) => TreeHash.Root(_leaves.AsSpan((int)index << height, 1 << height).ToArray().SelectMany(d => d.ToArray()).ToArray());
    }
}
