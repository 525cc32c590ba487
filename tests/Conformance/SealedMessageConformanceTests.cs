using System.Security.Cryptography;
using Merlon.Keys;

namespace Merlon.Conformance.Tests;

/// <summary>Our sealed messages against AWS's own implementation of the format (the npm package @aws-crypto/client-node), in both directions.</summary>
public sealed class SealedMessageConformanceTests(NodePeer peer) : IClassFixture<NodePeer>, IDisposable
{
    private const int Frame = 1 << 20;
    private readonly string _directory = Directory.CreateTempSubdirectory("merlon-conformance-").FullName;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    private string Message => Path.Combine(_directory, "message");
    private string Plaintext => Path.Combine(_directory, "plaintext");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frame - 1)]
    [InlineData(Frame)]
    [InlineData(3 * Frame + 77)]
    public async Task Peer_DecryptsOurMessage(int length)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        await using (var file = File.Create(Message))
        {
            using var writer = SealedWriter.Create(file, _key, "object:1"u8);
            await writer.WriteAsync(content);
            await writer.CompleteAsync();
        }
        peer.Node("sealed-message.mjs", "decrypt", Convert.ToHexString(_key), Message, Plaintext);
        Assert.Equal(content, await File.ReadAllBytesAsync(Plaintext));
    }

    [Theory]
    [InlineData(0, Frame)]
    [InlineData(1, Frame)]
    [InlineData(Frame, Frame)]
    [InlineData(2 * Frame, Frame)]
    [InlineData(3 * Frame + 77, Frame)]
    [InlineData(10_000, 4096)]
    [InlineData(8192, 4096)]
    public async Task We_OpenThePeersMessage(int length, int frameLength)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        await File.WriteAllBytesAsync(Plaintext, content);
        peer.Node("sealed-message.mjs", "encrypt", Convert.ToHexString(_key), Message, Plaintext, frameLength.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await using var file = File.OpenRead(Message);
        Assert.Equal("object:1"u8.ToArray(), SealedReader.ReadSlotId(file));
        using var reader = SealedReader.OpenUnpinned(file, _key);
        var opened = new byte[reader.Length];
        reader.ReadExactly(opened);
        Assert.Equal(content, opened);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
