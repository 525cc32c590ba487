using System.CommandLine;
using Merlon.App.Cli;
using Merlon.App.Up;
using Merlon.Keys;

namespace Merlon.App.Backup;

/// <summary>
/// Restores a backup into an empty data folder. The logs go on under a new instance name: continuing an older state of a log under the old one would
/// contradict checkpoints that others have seen. The former logs stay readable and verifiable beside the new ones.
/// </summary>
internal static class RestoreCommand
{
    public static Command Make()
    {
        var file = new Argument<FileInfo>("FILE") { Description = "Backup made by 'merlon backup'" };
        var data = new Option<string?>("--data") { Description = "Empty or new data folder" };
        var rootKey = new Option<string?>("--root-key") { Description = "Root key of the installation that made the backup" };
        return new Command("restore", "Restore a backup into an empty data folder").With(file, data, rootKey).Does(async (result, cancellationToken) =>
        {
            var options = UpOptions.For(result.GetValue(data), result.GetValue(rootKey));
            var target = options.DataDirectory;
            if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
                throw CliException.Refused($"{target} is not empty.", "Name a new folder: --data DIR");
            if (!result.GetValue(file)!.Exists)
                throw CliException.Unreachable($"There is no file '{result.GetValue(file)!.FullName}'.");
            if (!RootKey.LoadFile(options.RootKeyFile).Try(out var root, out var refusal))
                throw CliException.Refused(refusal.Detail, "Name the root key of the installation that made the backup: --root-key FILE");
            using (root)
                await UnpackAsync(result.GetValue(file)!.FullName, root, target, cancellationToken);
            Output.Line($"Restored into {target}. Start it with: merlon up{(result.GetValue(data) is null ? "" : $" --data {target}")}{(result.GetValue(rootKey) is null ? "" : $" --root-key {options.RootKeyFile}")}");
            return ExitCodes.Done;
        });
    }

    private static async Task UnpackAsync(string file, RootKey root, string target, CancellationToken cancellationToken)
    {
        // Unpacked beside and renamed at the end: an interrupted or refused restore leaves nothing that could be started.
        var partial = target.TrimEnd('/') + ".restoring";
        if (Directory.Exists(partial))
            Directory.Delete(partial, recursive: true);
        // Closed to others from the first byte: the tables are in it.
        Directory.CreateDirectory(partial, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            if (!(await BackupArchive.ReadAsync(file, root, partial, cancellationToken)).Try(out _, out var refusal))
                throw CliException.Refused(refusal.Detail, refusal.Remedy);
            var mark = DataDirectory.ReadMark(partial) ?? throw CliException.Refused("The backup has no format mark.");
            if (mark.Format > DataDirectory.CurrentFormat)
                throw CliException.Refused($"The backup has format {mark.Format}; this program knows formats up to {DataDirectory.CurrentFormat}.", "Use the newer program that made it.");
            SetAsideLogs(partial, mark);
            GiveToRoles(partial);
            if (Directory.Exists(target))
                Directory.Delete(target);
            Directory.Move(partial, target);
        }
        catch
        {
            Directory.Delete(partial, recursive: true);
            throw;
        }
    }

    private static void SetAsideLogs(string folder, DataDirectory.FormatMark mark)
    {
        var former = Path.Combine(folder, "ledger-former", mark.Instance.ToString("n"));
        Directory.CreateDirectory(Path.GetDirectoryName(former)!);
        Directory.Move(Path.Combine(folder, "ledger"), former);
        DataDirectory.WriteMark(folder, mark with { Instance = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()) });
    }

    /// <summary>What control owns in a data folder; the folders themselves are given at start.</summary>
    private static void GiveToRoles(string folder)
    {
        const UnixFileMode file = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        foreach (var part in (string[])["db", "blobs"])
        {
            Directory.CreateDirectory(Path.Combine(folder, part));
            foreach (var entry in Directory.EnumerateFileSystemEntries(Path.Combine(folder, part), "*", SearchOption.AllDirectories))
                RoleUsers.Give(entry, RoleUsers.Control, RoleUsers.Control, Directory.Exists(entry) ? file | UnixFileMode.UserExecute : file);
        }
        // Evidence: control reads it, nobody writes it any more.
        RoleUsers.Give(Path.Combine(folder, "ledger-former"), 0, RoleUsers.Control, file | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
    }
}
