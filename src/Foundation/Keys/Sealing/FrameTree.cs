using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Merlon.Keys;

/// <summary>The RFC 6962 tree over the tags of a message's frames, built as they come: memory grows with the logarithm of their number.</summary>
internal sealed class FrameTree
{
    private readonly List<(int Height, byte[] Hash)> _stack = [];

    internal void Add(ReadOnlySpan<byte> tag)
    {
        var (height, hash) = (0, SHA256.HashData([0, .. tag]));
        while (_stack.Count > 0 && _stack[^1].Height == height)
        {
            hash = SHA256.HashData([1, .. _stack[^1].Hash, .. hash]);
            height++;
            _stack.RemoveAt(_stack.Count - 1);
        }
        _stack.Add((height, hash));
    }

    /// <summary>SHA-256("merlon sealed message v1\n" ‖ message id ‖ u64 plaintext length ‖ tree root): one value that stands for the whole message.</summary>
    internal Digest Root(ReadOnlySpan<byte> messageId, long length)
    {
        var root = _stack.Count == 0 ? SHA256.HashData([]) : _stack[^1].Hash;
        for (var i = _stack.Count - 2; i >= 0; i--)
            root = SHA256.HashData([1, .. _stack[i].Hash, .. root]);
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(size, length);
        return Digest.Of([.. "merlon sealed message v1\n"u8, .. messageId, .. size, .. root]);
    }
}
