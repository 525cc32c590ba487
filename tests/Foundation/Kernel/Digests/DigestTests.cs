using System.Text.Json;

namespace Merlon.Kernel.Tests.Digests;

public sealed class DigestTests
{
    /// <summary>FIPS 180-4 examples.</summary>
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Of_PublishedVectors_Agree(string text, string hex)
    {
        var digest = Digest.Of(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal(hex, digest.Hex);
        Assert.Equal("sha256:" + hex, digest.ToString());
        Assert.Equal(hex[..12], digest.Short);
        Assert.Equal(digest, Digest.Parse(digest.ToString()));
        Assert.Equal(digest, Digest.Parse(hex.ToUpperInvariant()));
        Assert.Equal(digest, new Digest(digest.ToArray()));
        Assert.Equal($"\"sha256:{hex}\"", JsonSerializer.Serialize(digest));
        Assert.Equal(digest, JsonSerializer.Deserialize<Digest>($"\"{hex}\""));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adf")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag")]
    [InlineData(" ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    public void TryParse_AnythingElse_IsFalse(string? text)
    {
        Assert.False(Digest.TryParse(text, out var digest));
        Assert.True(digest.IsEmpty);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Digest>(JsonSerializer.Serialize(text)));
    }

    [Fact]
    public void Equals_EveryByteCounts()
    {
        var bytes = Digest.Of("a"u8).ToArray();
        for (var i = 0; i < Digest.Size; i++)
        {
            var other = (byte[])bytes.Clone();
            other[i] ^= 1;
            Assert.NotEqual(new Digest(bytes), new Digest(other));
        }
        Assert.Throws<ArgumentException>(() => new Digest(bytes.AsSpan(1)));
    }
}
