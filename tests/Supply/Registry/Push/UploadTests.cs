using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry.Push;

namespace Merlon.Registry.Tests.Push;

public sealed class UploadTests : IAsyncLifetime
{
    private readonly RegistryFixture _registry = new();

    private ControlClient Owner => _registry.Owner;

    public Task InitializeAsync() => _registry.InitializeAsync();

    public Task DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Push_Whole_MakesAVersionNamedByItsManifest_AndNothingInClear()
    {
        var secret = Encoding.UTF8.GetBytes("the weights of the model, which nobody may read on the disk");
        var pushed = await Owner.PushAsync("fraud", "k", ("model.onnx", secret), ("sub/a.txt", "text"u8.ToArray()));
        var expected = ManifestDigest.Compute([new ArtifactFile("model.onnx", secret.Length, Digest.Of(secret)), new ArtifactFile("sub/a.txt", 4, Digest.Of("text"u8))]);
        Assert.Equal(("fraud@1", expected.ToString()), (pushed.Text("reference"), pushed.Text("manifest")));
        Assert.Equal(expected, Assert.Single(_registry.Host.Events.Of("model.push")).Resource!.Digest);
        foreach (var file in Directory.EnumerateFiles(_registry.Host.Directory, "*", SearchOption.AllDirectories))
            Assert.True((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(secret.AsSpan(0, 20)) < 0, file);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_registry.Staging));
        Assert.Equal(secret, await Owner.Http.GetByteArrayAsync("/models/fraud/versions/1/files/model.onnx"));
    }

    [Fact]
    public async Task Push_EmptyFile_IsAVersion()
    {
        Assert.True((await Owner.PushAsync("m", "k", ("a", []), ("b", "x"u8.ToArray()))).IsSuccess);
        Assert.Empty(await Owner.Http.GetByteArrayAsync("/models/m/versions/1/files/a"));
    }

    /// <summary>The connection is cut in the middle of the body, wherever; what came stays, and the push goes on from what control says.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_001)]
    [InlineData(1_048_576)]
    [InlineData(1_048_577)]
    [InlineData(2_500_000)]
    [InlineData(2_999_999)]
    public async Task Receive_ConnectionCutAtAnyByte_GoesOnFromWhereItStopped(int cutAt)
    {
        var content = RegistryFixture.Content(3_000_000, seed: 1);
        var begun = await Owner.BeginAsync("m", "k", ("model.onnx", content));
        await CutAsync(begun.Text("id"), content, cutAt);
        var again = await ResumeAsync(content);
        Assert.Equal(begun.Text("id"), again.Text("id"));
        var received = again.Json!["files"]![0]!["received"]!.GetValue<long>();
        Assert.InRange(received, 0, cutAt);
        // Whole frames survive; at most the torn one comes again.
        Assert.True(cutAt - received <= 1 << 20, $"{cutAt - received} bytes would be sent again.");
        var sent = await Owner.SendAsync("m", begun.Text("id"), 0, received, content[(int)received..]);
        Assert.True(sent.Json!["complete"]!.GetValue<bool>(), sent.Body);
        Assert.True((await Owner.CommitAsync("m", begun.Text("id"))).IsSuccess);
        Assert.Equal(content, await Owner.Http.GetByteArrayAsync("/models/m/versions/1/files/model.onnx"));
    }

    /// <summary>
    /// The process died while a frame was written: what is left of it was sealed under its nonce, so other content in its place is refused.
    /// </summary>
    [Fact]
    public async Task Receive_OtherContentForATornFrame_IsRefused_AndTheFileBeginsAnew()
    {
        var (old, changed) = (RegistryFixture.Content(3_000_000, seed: 1), RegistryFixture.Content(3_000_000, seed: 2));
        var begun = await Owner.BeginAsync("m", "k", ("model.onnx", old));
        await CutAsync(begun.Text("id"), old, 2_200_000);
        await ResumeAsync(old);
        using (var staged = File.OpenWrite(Directory.GetFiles(_registry.Staging, "*.part", SearchOption.AllDirectories).Single()))
            staged.SetLength(staged.Length - 1000);
        var received = (await ResumeAsync(old)).Json!["files"]![0]!["received"]!.GetValue<long>();
        var refused = await Owner.SendAsync("m", begun.Text("id"), 0, received, changed[(int)received..]);
        Assert.Equal("upload.differs", refused.Code);
        // It begins anew, under another key, and takes the changed content from its first byte.
        received = (await ResumeAsync(changed)).Json!["files"]![0]!["received"]!.GetValue<long>();
        Assert.Equal(0, received);
        Assert.True((await Owner.SendAsync("m", begun.Text("id"), 0, 0, changed)).IsSuccess);
        Assert.True((await Owner.CommitAsync("m", begun.Text("id"))).IsSuccess);
        Assert.Equal(changed, await Owner.Http.GetByteArrayAsync("/models/m/versions/1/files/model.onnx"));
    }

    [Fact]
    public async Task Receive_StagedFileDamaged_BeginsAnew()
    {
        var content = RegistryFixture.Content(3_000_000, seed: 1);
        var begun = await Owner.BeginAsync("m", "k", ("model.onnx", content));
        await CutAsync(begun.Text("id"), content, 2_200_000);
        await ResumeAsync(content);
        var staged = Directory.GetFiles(_registry.Staging, "*.part", SearchOption.AllDirectories).Single();
        foreach (var length in new[] { 10, 0 })
        {
            using (var file = File.OpenWrite(staged))
                file.SetLength(length);
            Assert.Equal(0, (await ResumeAsync(content)).Json!["files"]![0]!["received"]!.GetValue<long>());
        }
        Assert.True((await Owner.SendAsync("m", begun.Text("id"), 0, 0, content)).IsSuccess);
        Assert.True((await Owner.CommitAsync("m", begun.Text("id"))).IsSuccess);
        Assert.Equal(content, await Owner.Http.GetByteArrayAsync("/models/m/versions/1/files/model.onnx"));
    }

    [Fact]
    public async Task Receive_WrongOffsetOrTooManyBytes_IsRefused()
    {
        var begun = await Owner.BeginAsync("m", "k", ("a", new byte[10]));
        var id = begun.Text("id");
        Assert.Equal("upload.offset", (await Owner.SendAsync("m", id, 0, 5, new byte[5])).Code);
        Assert.Equal("upload.offset", (await Owner.SendAsync("m", id, 0, -1, new byte[5])).Code);
        Assert.Equal("upload.too-long", (await Owner.SendAsync("m", id, 0, 0, new byte[11])).Code);
        Assert.Equal("upload.unknown", (await Owner.SendAsync("m", id, 1, 0, new byte[10])).Code);
        Assert.Equal("upload.incomplete", (await Owner.CommitAsync("m", id)).Code);
        Assert.True((await Owner.SendAsync("m", id, 0, 0, new byte[10])).IsSuccess);
    }

    [Fact]
    public async Task Upload_OfAnotherPrincipal_IsUnknown()
    {
        var begun = await Owner.BeginAsync("m", "k", ("a", new byte[10]));
        var eve = await _registry.Host.AddAsync("eve", "ml-engineer");
        Assert.Equal("upload.unknown", (await eve.SendAsync("m", begun.Text("id"), 0, 0, new byte[10])).Code);
        Assert.Equal("upload.unknown", (await eve.CommitAsync("m", begun.Text("id"))).Code);
        Assert.Equal("upload.unknown", (await eve.DeleteAsync($"/models/m/uploads/{begun.Text("id")}")).Code);
        Assert.NotEqual(begun.Text("id"), (await eve.BeginAsync("m", "k", ("a", new byte[10]))).Text("id"));
    }

    [Fact]
    public async Task Abort_RemovesWhatCame()
    {
        var content = RegistryFixture.Content(100_000, seed: 1);
        var begun = await Owner.BeginAsync("m", "k", ("a", content));
        Assert.True((await Owner.SendAsync("m", begun.Text("id"), 0, 0, content)).IsSuccess);
        Assert.True((await Owner.DeleteAsync($"/models/m/uploads/{begun.Text("id")}")).IsSuccess);
        Assert.Empty(Directory.GetFiles(_registry.Host.Directory, "*.part", SearchOption.AllDirectories));
        Assert.Equal("upload.unknown", (await Owner.CommitAsync("m", begun.Text("id"))).Code);
    }

    [Fact]
    public async Task Begin_Bounds_AreRefusedAboveThem()
    {
        Task<ControlAnswer> Begin(string resumeKey, params (string Path, long Size)[] files) =>
            Owner.PostAsync("/models/m/uploads", new { resumeKey, files = files.Select(f => new { path = f.Path, size = f.Size }) });
        Assert.Equal("upload.empty", (await Begin("k")).Code);
        Assert.Equal("upload.resume-key", (await Begin("", ("a", 1))).Code);
        Assert.Equal("upload.resume-key", (await Begin(new string('k', 129), ("a", 1))).Code);
        Assert.Equal("upload.size", (await Begin("k", ("a", -1))).Code);
        Assert.Equal("upload.size", (await Begin("k", ("a", Limits.MaxFileBytes + 1))).Code);
        Assert.Equal("upload.size", (await Begin("k", ("a", Limits.MaxFileBytes), ("b", Limits.MaxFileBytes), ("c", 1))).Code);
        Assert.Equal("upload.files", (await Begin("k", [.. Enumerable.Range(0, Limits.MaxFiles + 1).Select(i => ($"f{i.ToString(CultureInfo.InvariantCulture)}", 1L))])).Code);
        Assert.Equal("path.invalid", (await Begin("k", ("../a", 1))).Code);
        Assert.Equal("name.invalid", (await Owner.PostAsync("/models/Upper/uploads", new { resumeKey = "k", files = new[] { new { path = "a", size = 1 } } })).Code);
        for (var i = 0; i < Limits.MaxOpenUploadsPerPrincipal; i++)
            Assert.True((await Begin($"k{i.ToString(CultureInfo.InvariantCulture)}", ("a", Limits.MaxFileBytes))).IsSuccess);
        Assert.Equal("upload.too-many", (await Begin("one more", ("a", 1))).Code);
        Assert.Equal("upload.differs", (await Begin("k0", ("b", 1))).Code);
    }

    private Task<ControlAnswer> ResumeAsync(byte[] content) => UntilFreeAsync(() => Owner.BeginAsync("m", "k", ("model.onnx", content)));

    /// <summary>A cut connection is noticed by the server a moment later; until then the file is busy.</summary>
    private static async Task<ControlAnswer> UntilFreeAsync(Func<Task<ControlAnswer>> call)
    {
        for (var attempt = 0; ; attempt++)
        {
            var answer = await call();
            if (answer.Code != "upload.busy" || attempt == 100)
                return answer;
            await Task.Delay(20);
        }
    }

    /// <summary>Announces the whole body, sends a part of it and resets the connection.</summary>
    private async Task CutAsync(string upload, byte[] content, int at)
    {
        var server = Owner.Http.BaseAddress!;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Host, server.Port);
        var head = $"PUT /models/m/uploads/{upload}/files/0?offset=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {Owner.Token}\r\nContent-Length: {content.Length}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head));
        for (var sent = 0; sent < at;)
            sent += await socket.SendAsync(content.AsMemory(sent, at - sent));
        // Long enough for the server to have taken what was sent, so that the cut falls into its reading.
        await Task.Delay(150);
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
    }
}
