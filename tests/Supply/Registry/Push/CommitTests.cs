using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Microsoft.Data.Sqlite;

namespace Merlon.Registry.Tests.Push;

public sealed class CommitTests : IAsyncLifetime
{
    private readonly RegistryFixture _registry = new();

    private ControlClient Owner => _registry.Owner;

    public Task InitializeAsync() => _registry.InitializeAsync();

    public Task DisposeAsync() => _registry.DisposeAsync();

    [Fact]
    public async Task Commit_EqualContent_IsStoredOncePerProject()
    {
        var content = RegistryFixture.Content(200_000, seed: 1);
        await Owner.PushAsync("a", "1", ("x", content), ("y", content));
        Assert.Single(_registry.SealedFiles());
        var second = await Owner.PushAsync("b", "2", ("z", content), ("new", [1]));
        Assert.Equal(1, second.Json!["newBytes"]!.GetValue<long>());
        Assert.Equal(2, _registry.SealedFiles().Length);
        Assert.Equal(content, await Owner.Http.GetByteArrayAsync("/models/b/versions/1/files/z"));
    }

    /// <summary>The right to push is asked for the model in the address, so that must be the model of the push.</summary>
    [Fact]
    public async Task Push_UnderTheNameOfAnotherModel_IsUnknown()
    {
        var upload = (await Owner.BeginAsync("a", "1", ("x", [1]))).Text("id");
        Assert.Equal("upload.unknown", (await Owner.SendAsync("b", upload, 0, 0, [1])).Code);
        Assert.True((await Owner.SendAsync("a", upload, 0, 0, [1])).IsSuccess);
        Assert.Equal("upload.unknown", (await Owner.CommitAsync("b", upload)).Code);
        Assert.Equal("upload.unknown", (await Owner.DeleteAsync($"/models/b/uploads/{upload}")).Code);
        Assert.True((await Owner.CommitAsync("a", upload)).IsSuccess);
    }

    [Fact]
    public async Task Commit_EqualContentInAnotherProject_IsStoredAgain_AndNeitherSeesTheOther()
    {
        var content = RegistryFixture.Content(50_000, seed: 1);
        await Owner.PushAsync("a", "1", ("x", content));
        var eve = await _registry.Host.AddAsync("eve", "owner");
        _registry.Execute($"UPDATE access_principals SET Project = '00000000-0000-7000-8000-0000000000FF' WHERE Id = '{eve.Principal}'");
        Assert.Equal("model.unknown", (await eve.GetAsync("/models/a/versions/1")).Code);
        Assert.Empty((await eve.GetAsync("/models")).Json!["items"]!.AsArray());
        var pushed = await eve.PushAsync("a", "1", ("x", content));
        Assert.Equal(("a@1", content.LongLength), (pushed.Text("reference"), pushed.Json!["newBytes"]!.GetValue<long>()));
        Assert.Equal(2, _registry.SealedFiles().Length);
        Assert.NotEqual(await File.ReadAllBytesAsync(_registry.SealedFiles()[0]), await File.ReadAllBytesAsync(_registry.SealedFiles()[1]));
    }

    [Fact]
    public async Task Commit_ManyAtOnce_NumbersWithoutGaps_AndStoresEqualContentOnce()
    {
        var content = RegistryFixture.Content(100_000, seed: 1);
        var uploads = new List<string>();
        for (var i = 0; i < 8; i++)
        {
            var begun = await Owner.BeginAsync("m", $"k{i}", ("model.onnx", content), ("n", [(byte)i]));
            await Owner.SendAsync("m", begun.Text("id"), 0, 0, content);
            await Owner.SendAsync("m", begun.Text("id"), 1, 0, [(byte)i]);
            uploads.Add(begun.Text("id"));
        }
        var committed = await Task.WhenAll(uploads.Select(id => Task.Run(() => Owner.CommitAsync("m", id))));
        Assert.Equal(Enumerable.Range(1, 8), committed.Select(c => c.Number("version")).Order());
        Assert.Equal(9, _registry.SealedFiles().Length);
        Assert.Equal(9, _registry.Count("SELECT count(*) FROM registry_blobs"));
        Assert.Equal(8, _registry.Host.Events.Of("model.push").Count());
    }

    [Fact]
    public async Task Commit_TheSameUploadTwiceAtOnce_MakesOneVersion()
    {
        var begun = await Owner.BeginAsync("m", "k", ("a", [1]));
        await Owner.SendAsync("m", begun.Text("id"), 0, 0, [1]);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Owner.CommitAsync("m", begun.Text("id")))));
        Assert.Single(answers, a => a.IsSuccess);
        Assert.All(answers.Where(a => !a.IsSuccess), a => Assert.Equal("upload.unknown", a.Code));
    }

    [Theory]
    [InlineData("UPDATE registry_versions SET Number = 9")]
    [InlineData("UPDATE registry_versions SET Manifest = zeroblob(32)")]
    [InlineData("UPDATE registry_version_files SET Path = 'other'")]
    public async Task Version_Changed_IsRefusedByTheTables(string sql)
    {
        await Owner.PushAsync("m", "k", ("a", [1]));
        Assert.Contains("immutable", Assert.Throws<SqliteException>(() => _registry.Execute(sql)).Message, StringComparison.Ordinal);
    }

    /// <summary>The process dies after the sealed file was moved and before its row was written; the push is committed again at the next start.</summary>
    [Fact]
    public async Task Commit_DiedBetweenMoveAndRow_CanBeCommittedAgain()
    {
        var content = RegistryFixture.Content(100_000, seed: 1);
        var begun = await Owner.BeginAsync("m", "k", ("a", content), ("b", [1]));
        await Owner.SendAsync("m", begun.Text("id"), 0, 0, content);
        await Owner.SendAsync("m", begun.Text("id"), 1, 0, [1]);
        MoveAsACommitDoes(begun.Text("id"), index: 0);
        Assert.Null(await RegistryModule.SweepAsync(_registry.Host.Services, CancellationToken.None));
        Assert.Single(_registry.SealedFiles());
        var committed = await Owner.CommitAsync("m", begun.Text("id"));
        Assert.True(committed.IsSuccess, committed.Body);
        Assert.Equal(content, await Owner.Http.GetByteArrayAsync("/models/m/versions/1/files/a"));
    }

    [Fact]
    public async Task Sweep_AbandonedPushAndStrayFiles_AreRemoved_AndVersionsStay()
    {
        var content = RegistryFixture.Content(100_000, seed: 1);
        await Owner.PushAsync("kept", "1", ("a", content));
        var begun = await Owner.BeginAsync("m", "k", ("b", [2]));
        await Owner.SendAsync("m", begun.Text("id"), 0, 0, [2]);
        MoveAsACommitDoes(begun.Text("id"), index: 0);
        await File.WriteAllTextAsync(Path.Combine(_registry.Blobs, "stray.sealed"), "x");
        Directory.CreateDirectory(Path.Combine(_registry.Staging, "nobodys"));
        _registry.Host.Time.Advance(new RegistryOptions { BlobDirectory = "", StagingDirectory = "" }.UploadLifetime + TimeSpan.FromMinutes(1));

        Assert.NotNull(await RegistryModule.SweepAsync(_registry.Host.Services, CancellationToken.None));
        Assert.Single(_registry.SealedFiles());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_registry.Staging));
        Assert.Equal(0, _registry.Count("SELECT count(*) FROM registry_uploads"));
        Assert.Equal(content, await Owner.Http.GetByteArrayAsync("/models/kept/versions/1/files/a"));
    }

    private void MoveAsACommitDoes(string upload, int index)
    {
        var blob = Find($"SELECT BlobId FROM registry_upload_files WHERE UploadId = '{upload.ToUpperInvariant()}' AND FileIndex = {index}");
        var target = Path.Combine(_registry.Blobs, Model.Blob.PathFor(Scope.Default.Organisation, Scope.Default.Project, Guid.Parse(blob)));
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(Path.Combine(_registry.Staging, Guid.Parse(upload).ToString("n"), $"{index}.part"), target);
    }

    private string Find(string sql)
    {
        using var connection = new SqliteConnection(_registry.Host.Storage.ConnectionString);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (string)command.ExecuteScalar()!;
    }
}
