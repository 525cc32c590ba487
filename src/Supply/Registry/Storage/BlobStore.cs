using System.Security.Cryptography;
using System.Text;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Registry.Contracts;
using Merlon.Registry.Model;

namespace Merlon.Registry.Storage;

/// <summary>Sealed content on disk: staged while it arrives, moved into its place when a version takes it.</summary>
internal sealed class BlobStore(RegistryOptions options, Keyring keyring)
{
    internal sealed record Slot(string ObjectKeyId, byte[] WrappedDataKey);

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A key slot for a new blob: its own object key, and a data key wrapped under it and bound to the blob.</summary>
    public async Task<Slot> NewSlotAsync(Scope scope, Guid blobId, CancellationToken cancellationToken)
    {
        var objectKeyId = await keyring.CreateObjectKeyAsync(scope, cancellationToken);
        var (key, wrapped) = Require(await keyring.CreateDataKeyAsync(objectKeyId, Context(blobId), cancellationToken));
        CryptographicOperations.ZeroMemory(key);
        return new Slot(objectKeyId, wrapped);
    }

    public async Task<byte[]> UnwrapAsync(Blob blob, CancellationToken cancellationToken) =>
        Require(await keyring.UnwrapDataKeyAsync(blob.ObjectKeyId, Context(blob.Id), blob.WrappedDataKey, cancellationToken));

    /// <summary>
    /// Opens a staged file for writing at the end of its whole frames. Null when what is staged cannot be continued (torn in its header, finished
    /// without its row, or changed): then it is removed and needs a new slot, because its data key must not seal anything else.
    /// </summary>
    public async Task<StagedBlob?> OpenStagedAsync(Guid uploadId, UploadFile file, CancellationToken cancellationToken)
    {
        var path = StagedPath(uploadId, file.Index);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var key = Require(await keyring.UnwrapDataKeyAsync(file.ObjectKeyId, Context(file.BlobId), file.WrappedDataKey, cancellationToken));
        try
        {
            var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                BufferSize = 0,
                UnixCreateMode = Private,
            });
            return await StagedBlob.OpenAsync(stream, key, Encoding.ASCII.GetBytes(file.ObjectKeyId), cancellationToken);
        }
        catch (InvalidDataException)
        {
            File.Delete(path);
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public void DiscardStaged(UploadFile file) => File.Delete(StagedPath(file.UploadId, file.Index));

    /// <summary>Moves a complete staged file to where its blob is kept, durably.</summary>
    public void MoveIntoPlace(Upload upload, UploadFile file)
    {
        var target = Path.Combine(options.BlobDirectory, Blob.PathFor(upload.Organisation, upload.Project, file.BlobId));
        var folder = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(folder);
        var staged = StagedPath(upload.Id, file.Index);
        // A commit that died after the move and before its row finds the file in its place already.
        if (File.Exists(staged) || !File.Exists(target))
            File.Move(staged, target, overwrite: true);
        DurableFolder.Sync(folder);
    }

    public Stream OpenSealed(Blob blob, byte[] key)
    {
        var source = File.OpenRead(Path.Combine(options.BlobDirectory, blob.RelativePath));
        try
        {
            return SealedReader.Open(source, key, new SealInfo(blob.MessageId, blob.Size, blob.FrameRoot, blob.Sha256));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Reads a blob from its sealed form and compares every byte with its digest.</summary>
    public async Task<bool> IsIntactAsync(Blob blob, CancellationToken cancellationToken)
    {
        var key = await UnwrapAsync(blob, cancellationToken);
        try
        {
            await using var stream = OpenSealed(blob, key);
            return new Digest(await SHA256.HashDataAsync(stream, cancellationToken)) == blob.Sha256;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Removes what an ended upload left, with the keys of content that was not kept.</summary>
    public async Task DiscardAsync(Upload upload, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(options.StagingDirectory, upload.Id.ToString("n"));
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        foreach (var file in upload.Files.Where(f => !File.Exists(Path.Combine(options.BlobDirectory, Blob.PathFor(upload.Organisation, upload.Project, f.BlobId)))))
            (await keyring.ShredObjectKeyAsync(file.ObjectKeyId, cancellationToken)).Try(out _, out _);
    }

    /// <summary>Sealed files that no row names, left by a crash between the move and the commit.</summary>
    public IEnumerable<string> Orphans(IReadOnlySet<string> known) => Directory.Exists(options.BlobDirectory)
        ? Directory.EnumerateFiles(options.BlobDirectory, "*.sealed", SearchOption.AllDirectories)
            .Where(path => !known.Contains(Path.GetRelativePath(options.BlobDirectory, path)))
        : [];

    /// <summary>Staging folders of uploads that no row names.</summary>
    public IEnumerable<string> StagingFolders() => Directory.Exists(options.StagingDirectory) ? Directory.EnumerateDirectories(options.StagingDirectory) : [];

    private string StagedPath(Guid uploadId, int index) => Path.Combine(
        options.StagingDirectory, uploadId.ToString("n"), index.ToString(System.Globalization.CultureInfo.InvariantCulture) + ".part");

    private static string Context(Guid blobId) => $"blob {blobId:D}";

    private static T Require<T>(Result<T> result) => result.Try(out var value, out var refusal) ? value : throw new InvalidDataException(refusal.Detail);
}
