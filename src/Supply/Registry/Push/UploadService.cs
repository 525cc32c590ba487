using System.IO.Pipelines;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Model;
using Merlon.Registry.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Push;

/// <summary>Receives the files of a push: each byte is read once, hashed and sealed on the way.</summary>
internal sealed class UploadService(RegistryDb db, BlobStore blobs, UploadLocks locks, TimeProvider time)
{
    public async Task<Result<UploadEndpoints.UploadState>> BeginAsync(
        Caller caller, string name, UploadEndpoints.BeginRequest request, CancellationToken cancellationToken)
    {
        if (Check(name, request) is { } refusal)
            return refusal;
        var existing = await FindAsync(caller, name, request.ResumeKey, cancellationToken);
        if (existing is not null)
            return await ResumeAsync(existing, request, cancellationToken);
        var open = await db.Uploads.CountAsync(u => u.Author == caller.Id, cancellationToken);
        if (open >= Limits.MaxOpenUploadsPerPrincipal)
            return new Refusal(RefusalKind.TooMany, "upload.too-many", $"You have {open} unfinished pushes, which is the most allowed.")
            {
                Remedy = "Finish or abort one; unfinished ones are removed after a day.",
            };
        var upload = await CreateAsync(caller, name, request, cancellationToken);
        return State(upload, resumed: false, _ => 0);
    }

    private static Refusal? Check(string name, UploadEndpoints.BeginRequest request)
    {
        if (Names.Check("model name", name) is { } invalid)
            return invalid;
        if (request.ResumeKey is not { Length: > 0 and <= 128 })
            return new Refusal(RefusalKind.Invalid, "upload.resume-key", "The resume key must have 1 to 128 characters.");
        if (request.Files is not { Count: > 0 })
            return new Refusal(RefusalKind.Invalid, "upload.empty", "There is nothing to push: the folder has no files.");
        if (request.Files.Count > Limits.MaxFiles)
            return new Refusal(RefusalKind.TooLarge, "upload.files", $"A version has at most {Limits.MaxFiles} files; this one has {request.Files.Count}.");
        if (request.Files.Any(f => f.Size is < 0 or > Limits.MaxFileBytes) || request.Files.Sum(f => (decimal)f.Size) > Limits.MaxTotalBytes)
            return new Refusal(RefusalKind.TooLarge, "upload.size", $"A file has at most {Limits.MaxFileBytes} bytes, a version {Limits.MaxTotalBytes}.");
        return CanonicalPath.CheckAll([.. request.Files.Select(f => f.Path)]);
    }

    private Task<Upload?> FindAsync(Caller caller, string name, string resumeKey, CancellationToken cancellationToken) => db.Uploads
        .Include(u => u.Files)
        .SingleOrDefaultAsync(
            u => u.Organisation == caller.Scope.Organisation && u.Project == caller.Scope.Project && u.ModelName == name && u.Author == caller.Id
                && u.ResumeKey == resumeKey,
            cancellationToken);

    private async Task<Result<UploadEndpoints.UploadState>> ResumeAsync(Upload upload, UploadEndpoints.BeginRequest request, CancellationToken cancellationToken)
    {
        var announced = request.Files.Select(f => (f.Path, f.Size));
        var known = upload.Files.OrderBy(f => f.Index).Select(f => (f.Path, f.Size));
        if (!announced.SequenceEqual(known))
            return new Refusal(RefusalKind.Conflict, "upload.differs", "An unfinished push with the same resume key lists other files.");
        upload.TouchedAt = time.GetUtcNow();
        var offsets = new Dictionary<int, long>();
        foreach (var file in upload.Files.Where(f => f.Sha256 is null))
        {
            using var held = locks.TryHold(upload.Id, file.Index);
            if (held is null)
                return Busy();
            await using var staged = await OpenOrRenewAsync(new Scope(upload.Organisation, upload.Project), file, cancellationToken);
            offsets[file.Index] = staged.Position;
        }
        await db.SaveChangesAsync(cancellationToken);
        return State(upload, resumed: true, file => offsets[file.Index]);
    }

    /// <summary>The staged file at the end of its whole frames; begun anew, under a new key, when it cannot be continued.</summary>
    private async Task<StagedBlob> OpenOrRenewAsync(Scope scope, UploadFile file, CancellationToken cancellationToken)
    {
        if (await blobs.OpenStagedAsync(file.UploadId, file, cancellationToken) is { } staged)
            return staged;
        await RenewAsync(scope, file, cancellationToken);
        return await blobs.OpenStagedAsync(file.UploadId, file, cancellationToken)
            ?? throw new IOException("A new staged file cannot be opened.");
    }

    private async Task RenewAsync(Scope scope, UploadFile file, CancellationToken cancellationToken)
    {
        var slot = await blobs.NewSlotAsync(scope, file.BlobId, cancellationToken);
        (file.ObjectKeyId, file.WrappedDataKey) = (slot.ObjectKeyId, slot.WrappedDataKey);
        await db.SaveChangesAsync(cancellationToken);
    }

    private async Task<Upload> CreateAsync(Caller caller, string name, UploadEndpoints.BeginRequest request, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var upload = new Upload
        {
            Id = Guid.CreateVersion7(now),
            Organisation = caller.Scope.Organisation,
            Project = caller.Scope.Project,
            ModelName = name,
            Author = caller.Id,
            ResumeKey = request.ResumeKey,
            CreatedAt = now,
            TouchedAt = now,
        };
        foreach (var (file, index) in request.Files.Select((file, index) => (file, index)))
        {
            var blobId = Guid.CreateVersion7(now);
            var slot = await blobs.NewSlotAsync(caller.Scope, blobId, cancellationToken);
            upload.Files.Add(new UploadFile
            {
                UploadId = upload.Id,
                Index = index,
                Path = file.Path,
                Size = file.Size,
                BlobId = blobId,
                ObjectKeyId = slot.ObjectKeyId,
                WrappedDataKey = slot.WrappedDataKey,
            });
        }
        db.Uploads.Add(upload);
        await db.SaveChangesAsync(cancellationToken);
        return upload;
    }

    private static UploadEndpoints.UploadState State(Upload upload, bool resumed, Func<UploadFile, long> offset) => new(
        upload.Id, resumed,
        [.. upload.Files.OrderBy(f => f.Index).Select(f =>
            new UploadEndpoints.FileState(f.Index, f.Path, f.Sha256 is null ? offset(f) : f.Size, f.Sha256 is not null))]);

    /// <summary>
    /// Takes the bytes of one file from <paramref name="offset"/> on. The offset must be where the staged file stands (as told at the beginning);
    /// what arrived before an interruption stays, in whole frames.
    /// </summary>
    public async Task<Result<UploadEndpoints.Received>> ReceiveAsync(
        Caller caller, string model, Guid uploadId, int index, long offset, PipeReader body, CancellationToken cancellationToken)
    {
        var file = await db.UploadFiles.SingleOrDefaultAsync(
            f => f.UploadId == uploadId && f.Index == index && db.Uploads.Any(u => u.Id == uploadId && u.ModelName == model && u.Author == caller.Id), cancellationToken);
        if (file is null)
            return Unknown();
        if (file.Sha256 is not null)
            return new UploadEndpoints.Received(file.Size, Complete: true);
        using var held = locks.TryHold(uploadId, index);
        if (held is null)
            return Busy();
        try
        {
            return await TakeAsync(caller.Scope, file, offset, body, cancellationToken);
        }
        catch (Exception e) when ((e as InvalidDataException ?? e.InnerException) is InvalidDataException)
        {
            // Other bytes than before the interruption: sealing them under the same key and place would reuse a nonce.
            blobs.DiscardStaged(file);
            await RenewAsync(caller.Scope, file, cancellationToken);
            return new Refusal(RefusalKind.Conflict, "upload.differs", (e.InnerException ?? e).Message) { Remedy = "Push again; this file begins anew." };
        }
    }

    private async Task<Result<UploadEndpoints.Received>> TakeAsync(Scope scope, UploadFile file, long offset, PipeReader body, CancellationToken cancellationToken)
    {
        await using var writer = await OpenOrRenewAsync(scope, file, cancellationToken);
        if (writer.Position != offset)
            return new Refusal(RefusalKind.Conflict, "upload.offset", $"The file continues at byte {writer.Position}, not {offset}.") { Remedy = "Push again; it goes on from there." };
        if (await CopyAsync(body, writer, file.Size, cancellationToken) is { } refusal)
            return refusal;
        if (writer.Position < file.Size)
            return new UploadEndpoints.Received(writer.Position, Complete: false);
        var sealedAs = await writer.CompleteAsync(cancellationToken);
        (file.Sha256, file.MessageId, file.FrameRoot) = (sealedAs.Sha256, sealedAs.MessageId, sealedAs.Root);
        await db.Uploads.Where(u => u.Id == file.UploadId).ExecuteUpdateAsync(u => u.SetProperty(e => e.TouchedAt, time.GetUtcNow()), cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        return new UploadEndpoints.Received(file.Size, Complete: true);
    }

    private static async Task<Refusal?> CopyAsync(PipeReader body, StagedBlob writer, long size, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            var taken = read.Buffer.Start;
            try
            {
                if (read.Buffer.Length > size - writer.Position)
                    return new Refusal(RefusalKind.Invalid, "upload.too-long", $"More bytes came than the announced size of {size}.") { Remedy = "Did the file change while it was pushed?" };
                foreach (var segment in read.Buffer)
                    await writer.WriteAsync(segment, cancellationToken);
                taken = read.Buffer.End;
            }
            finally
            {
                // A read that is left open would cost the caller the answer.
                body.AdvanceTo(taken);
            }
            if (read.IsCompleted)
                return null;
        }
    }

    public async Task<Result<Unit>> AbortAsync(Caller caller, string model, Guid uploadId, CancellationToken cancellationToken)
    {
        var upload = await db.Uploads.Include(u => u.Files).SingleOrDefaultAsync(u => u.Id == uploadId && u.ModelName == model && u.Author == caller.Id, cancellationToken);
        if (upload is null)
            return Unknown();
        db.Uploads.Remove(upload);
        await db.SaveChangesAsync(cancellationToken);
        await blobs.DiscardAsync(upload, cancellationToken);
        return Unit.Value;
    }

    private static Refusal Busy() => new(RefusalKind.Conflict, "upload.busy", "Another connection is sending this file.");

    internal static Refusal Unknown() => new(RefusalKind.NotFound, "upload.unknown", "There is no such push in progress.") { Remedy = "Begin again with 'merlon model push'." };
}
