using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Tests.Contracts;

public sealed class ArtifactTests
{
    private static readonly ArtifactFile s_model = new("model.onnx", 3, Digest.Of("abc"u8));
    private static readonly ArtifactFile s_weights = new("a/b.bin", 0, Digest.Of(""u8));

    [Fact]
    public void ManifestDigest_AnyOrder_IsTheDocumentedForm()
    {
        // Computed with Python's hashlib from the description.
        var expected = Digest.Parse("e1fcb0d88996c3ad799deb385e035dc71d2c11a3fa5da2fbeccff3dfa2605b33");
        Assert.Equal(expected, ManifestDigest.Compute([s_model, s_weights]));
        Assert.Equal(expected, ManifestDigest.Compute([s_weights, s_model]));
        Assert.NotEqual(expected, ManifestDigest.Compute([s_model, s_weights with { Size = 1 }]));
        Assert.NotEqual(expected, ManifestDigest.Compute([s_model with { Path = "Model.onnx" }, s_weights]));
    }

    [Fact]
    public void ManifestDigest_AmbiguousPaths_Throw()
    {
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([s_model, s_model]));
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([s_model with { Path = "a\nb" }]));
        Assert.Throws<ArgumentException>(() => ManifestDigest.Compute([s_model with { Path = "a\0b" }]));
    }

    [Theory]
    [InlineData("abd", false)]
    [InlineData("ab", false)]
    [InlineData("abcd", false)]
    [InlineData("abc", true)]
    public async Task MemoryFile_OtherBytesThanTheManifestSays_Throws(string content, bool accepted)
    {
        var reader = new OneFile(System.Text.Encoding.ASCII.GetBytes(content));
        if (!accepted)
        {
            await Assert.ThrowsAsync<InvalidDataException>(() => MemoryFile.CreateAsync([s_model], reader, CancellationToken.None));
            return;
        }
        using var file = await MemoryFile.CreateAsync([s_model], reader, CancellationToken.None);
        Assert.True(MemorySeals.AreComplete(file.Handle));
        var read = new byte[4];
        Assert.Equal(3, RandomAccess.Read(file.Handle, read, 0));
        Assert.Equal("abc\0"u8.ToArray(), read);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(file.Handle, "x"u8, 0));
    }

    private sealed class OneFile(byte[] content) : IArtifactReader
    {
        public Stream OpenFile(string path) => new MemoryStream(content);
    }

    [Fact]
    public async Task CreateAsync_StreamAtAndOverTheBound_IsKeptAndRefused()
    {
        var content = new byte[2_500_000];
        new Random(1).NextBytes(content);
        using var file = await MemoryFile.CreateAsync(new MemoryStream(content), content.Length, CancellationToken.None);
        var read = new byte[content.Length];
        Assert.Equal(content.Length, RandomAccess.Read(file.Handle, read, 0));
        Assert.Equal(content, read);
        await Assert.ThrowsAsync<InvalidDataException>(() => MemoryFile.CreateAsync(new MemoryStream(content), content.Length - 1, CancellationToken.None));
    }
}
