using Merlon.Access.Contracts;
using Merlon.App.Roles;
using Merlon.App.Roles.Control;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Storage.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;

namespace Merlon.App.Backup;

/// <summary>
/// Makes a backup of the running installation. The tables are taken first, as one snapshot; the sealed content they name never changes, and the logs only
/// grow, so what is taken after them is never too little.
/// </summary>
internal static class BackupEndpoints
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/backup", MakeAsync).RequirePermission(Permissions.SystemBackup).GivesBytes();

    private static async Task<IResult> MakeAsync(
        Caller caller, RoleStart start, StorageOptions storage, RootKey root, IEventSink events, ControlEvents make, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(start.DataDirectory, "staging", $"backup-{Guid.CreateVersion7(time.GetUtcNow()):n}");
        Directory.CreateDirectory(folder);
        try
        {
            var snapshot = Path.Combine(folder, "merlon.db");
            await SnapshotAsync(storage, snapshot, cancellationToken);
            var archive = Path.Combine(folder, "archive");
            var info = await BackupArchive.WriteAsync(archive, root, Files(start.DataDirectory, snapshot), cancellationToken);
            await events.AppendAsync(
                make.By(caller, OcsfClass.DatastoreActivity, ControlEvents.Read, "system.backup", new EventResource("backup", info.MessageId.Short, info.Sha256), "A backup was made.") with
                {
                    Severity = EventSeverity.Medium,
                    Attributes = [("bytes", info.Length)],
                },
                Durability.Disk, cancellationToken);
            await VerifyAsync(archive, root, info, cancellationToken);
            var stream = new FileStream(archive, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
            return TypedResults.Stream(stream, "application/octet-stream");
        }
        finally
        {
            // The open archive lives until the answer has been sent.
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads the archive back: a backup that cannot be read is none.</summary>
    private static async Task VerifyAsync(string archive, RootKey root, SealInfo info, CancellationToken cancellationToken)
    {
        if (await BackupArchive.DigestAsync(archive, root, cancellationToken) != info.Sha256)
            throw new InvalidDataException("The backup does not read back as it was written.");
    }

    private static async Task SnapshotAsync(StorageOptions storage, string target, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(storage.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $target";
        command.Parameters.AddWithValue("$target", target);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static IEnumerable<(string Name, string Path)> Files(string data, string snapshot)
    {
        yield return ("format", Path.Combine(data, "format"));
        yield return ("db/merlon.db", snapshot);
        yield return ("db/ca.pem", Path.Combine(data, "db", "ca.pem"));
        // Each log by its name: the folder above them belongs to nobody but root and cannot be listed from here.
        foreach (var part in AuditLogs.Roles.Select(role => Path.Combine("ledger", role)).Prepend("blobs"))
        {
            // Each role owns its own log's folder: a link or a pipe that one plants there is not followed.
            var regular = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device, IgnoreInaccessible = false };
            foreach (var file in Directory.EnumerateFiles(Path.Combine(data, part), "*", regular).Order(StringComparer.Ordinal))
            {
                if (Path.GetFileName(file) != "lock")
                    yield return (Path.GetRelativePath(data, file), file);
            }
        }
    }
}
