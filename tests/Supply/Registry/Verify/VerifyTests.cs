using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Registry.Tests.Verify;

public sealed class VerifyTests : IAsyncLifetime
{
    private readonly RegistryFixture _registry = new();

    public Task InitializeAsync() => _registry.InitializeAsync();

    public Task DisposeAsync() => _registry.DisposeAsync();

    private async Task<bool> IsIntactAsync(int version = 1) =>
        (await _registry.Owner.PostAsync($"/models/m/versions/{version}/verify")).Json!["intact"]!.GetValue<bool>();

    [Fact]
    public async Task Verify_AnyFlippedByteOfTheSealedFile_IsFound_AndRecordedAsCritical()
    {
        await _registry.Owner.PushAsync("m", "k", ("model.onnx", RegistryFixture.Content(150_000, seed: 1)));
        Assert.True(await IsIntactAsync());
        var path = _registry.SealedFiles().Single();
        var good = await File.ReadAllBytesAsync(path);
        for (var i = 0; i < 40; i++)
        {
            var bad = (byte[])good.Clone();
            bad[(int)((long)i * (good.Length - 1) / 39)] ^= 0x10;
            await File.WriteAllBytesAsync(path, bad);
            Assert.False(await IsIntactAsync(), $"A flipped byte at {(long)i * (good.Length - 1) / 39} was not found.");
        }
        Assert.Equal(40, _registry.Host.Events.Of("model.verify").Count(e => e is { Severity: EventSeverity.Critical, Status: EventStatus.Failure }));
        await File.WriteAllBytesAsync(path, good[..^1]);
        Assert.False(await IsIntactAsync());
        await File.WriteAllBytesAsync(path, [.. good, 0]);
        Assert.False(await IsIntactAsync());
        File.Delete(path);
        Assert.False(await IsIntactAsync());
        await File.WriteAllBytesAsync(path, good);
        Assert.True(await IsIntactAsync());
    }

    [Fact]
    public async Task Verify_SealedFilesSwapped_IsFound()
    {
        var (one, two) = (RegistryFixture.Content(10_000, seed: 1), RegistryFixture.Content(10_000, seed: 2));
        await _registry.Owner.PushAsync("m", "k", ("a", one), ("b", two));
        var files = _registry.SealedFiles();
        var (first, second) = (await File.ReadAllBytesAsync(files[0]), await File.ReadAllBytesAsync(files[1]));
        await File.WriteAllBytesAsync(files[0], second);
        await File.WriteAllBytesAsync(files[1], first);
        Assert.False(await IsIntactAsync());
    }

    /// <summary>Whoever can write the tables too and points a version's file at other content is still found: the manifest no longer matches.</summary>
    [Fact]
    public async Task Verify_RowPointedAtOtherContent_IsFound()
    {
        await _registry.Owner.PushAsync("m", "k", ("a", "good"u8.ToArray()));
        await _registry.Owner.PushAsync("m", "l", ("a", "evil"u8.ToArray()));
        _registry.Execute("DROP TRIGGER registry_version_files_immutable");
        _registry.Execute("UPDATE registry_version_files SET BlobId = (SELECT f.BlobId FROM registry_version_files f JOIN registry_versions v ON v.Id = f.VersionId WHERE v.Number = 2)");
        Assert.False(await IsIntactAsync());
        Assert.True(await IsIntactAsync(version: 2));
    }

    [Fact]
    public async Task ReleaseDataKeys_AfterTheBlobsRowWasMovedToAnotherKey_Fails()
    {
        await _registry.Owner.PushAsync("m", "k", ("a", [1]), ("b", [2]));
        _registry.Execute("UPDATE registry_blobs SET ObjectKeyId = (SELECT max(ObjectKeyId) FROM registry_blobs)");
        await Assert.ThrowsAnyAsync<InvalidDataException>(() => _registry.InScopeAsync(async services =>
        {
            var registry = services.GetRequiredService<IRegistry>();
            var version = (await registry.FindAsync(Scope.Default, new ModelReference("m", 1), CancellationToken.None)).Value;
            return await registry.ReleaseDataKeysAsync(version.Id, CancellationToken.None);
        }));
    }

    [Fact]
    public async Task Pull_UnknownFileOrWithoutPermission_IsRefused()
    {
        await _registry.Owner.PushAsync("m", "k", ("a", [1]));
        Assert.Equal("file.unknown", (await _registry.Owner.GetAsync("/models/m/versions/1/files/b")).Code);
        Assert.False((await _registry.Owner.GetAsync("/models/m/versions/1/files/%2e%2e/%2e%2e/merlon.db")).IsSuccess);
        var auditor = await _registry.Host.AddAsync("aud", "auditor");
        Assert.Equal("access.forbidden", (await auditor.GetAsync("/models/m/versions/1/files/a")).Code);
        Assert.True((await auditor.GetAsync("/models/m/versions/1")).IsSuccess);
    }
}
