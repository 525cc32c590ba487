using System.Diagnostics;
using Merlon.Serving.Node;

namespace Merlon.Serving.Tests.Node;

public sealed class BlobFileTests : IDisposable
{
    private static readonly string s_organisation = new('a', 32);
    private static readonly string s_project = new('b', 32);
    private static readonly string s_path = $"{s_organisation}/{s_project}/{new string('c', 32)}.sealed";

    private readonly string _folder = Directory.CreateTempSubdirectory("merlon-blob-").FullName;

    public BlobFileTests() => Directory.CreateDirectory(Path.Combine(_folder, s_organisation, s_project));

    private string Full => Path.Combine(_folder, s_path);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Open_RegularFile_IsReadAndCanBeSought()
    {
        File.WriteAllText(Full, "sealed");
        using var file = BlobFile.Open(_folder, s_path);
        Assert.Equal((6L, true), (file.Length, file.CanSeek));
        using var reader = new StreamReader(file);
        Assert.Equal("sealed", reader.ReadToEnd());
    }

    [Fact]
    public void Open_OtherForm_IsRefused()
    {
        File.WriteAllText(Full, "sealed");
        foreach (var path in new[] { "", "/etc/shadow", "../" + s_path, s_path + "/", s_path + "\n", s_path.ToUpperInvariant(), s_path.Replace("/bbb", "//bb"), s_path[1..], "./" + s_path, s_path + "\0" })
            Assert.Throws<InvalidDataException>(() => BlobFile.Open(_folder, path));
    }

    [Fact]
    public void Open_LinkAtTheFile_IsRefused()
    {
        File.CreateSymbolicLink(Full, "/etc/passwd");
        Assert.Throws<InvalidDataException>(() => BlobFile.Open(_folder, s_path));
    }

    [Fact]
    public void Open_LinkAtAFolder_IsRefused()
    {
        var elsewhere = Path.Combine(_folder, "elsewhere");
        Directory.Move(Path.Combine(_folder, s_organisation, s_project), elsewhere);
        File.WriteAllText(Path.Combine(elsewhere, Path.GetFileName(s_path)), "other");
        Directory.CreateSymbolicLink(Path.Combine(_folder, s_organisation, s_project), elsewhere);
        Assert.True(File.Exists(Full));
        Assert.Throws<InvalidDataException>(() => BlobFile.Open(_folder, s_path));
    }

    [Fact]
    public async Task Open_PipeOrFolder_IsRefusedAtOnce()
    {
        using (var made = Process.Start("mkfifo", Full))
            await made.WaitForExitAsync();
        Assert.True(File.Exists(Full));
        await Assert.ThrowsAsync<InvalidDataException>(() => Task.Run(() => BlobFile.Open(_folder, s_path)).WaitAsync(TimeSpan.FromSeconds(10)));
        File.Delete(Full);
        Directory.CreateDirectory(Full);
        Assert.Throws<InvalidDataException>(() => BlobFile.Open(_folder, s_path));
    }

    [Fact]
    public void Open_Missing_IsAnIoFailure() => Assert.IsNotType<InvalidDataException>(Assert.ThrowsAny<IOException>(() => BlobFile.Open(_folder, s_path)));
}
