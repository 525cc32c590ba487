using System.Text.Json;
using Merlon.App.Cli;
using Merlon.Kernel;

namespace Merlon.App.Up;

/// <summary>
/// The data folder: one instance at a time, one format version, each role's part owned by that role. Layout:
/// <c>format</c>, <c>lock</c>, <c>ca.pem</c>, <c>db/</c>, <c>blobs/</c>, <c>staging/</c>, <c>ledger/{control,gateway,node}/</c>, <c>logs/</c>.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    public const int CurrentFormat = 1;

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Passable = Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode GroupReads = Owner | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    private readonly FileStream _lock;

    private DataDirectory(string path, Guid instance, FileStream heldLock)
    {
        Path = path;
        Instance = instance;
        _lock = heldLock;
    }

    internal sealed record FormatMark(int Format, Guid Instance);

    public string Path { get; }

    /// <summary>Names this installation; part of every ledger's origin.</summary>
    public Guid Instance { get; }

    public string Database => System.IO.Path.Combine(Path, "db", "merlon.db");
    public string Blobs => System.IO.Path.Combine(Path, "blobs");
    public string Staging => System.IO.Path.Combine(Path, "staging");
    public string Logs => System.IO.Path.Combine(Path, "logs");
    public string CaFile => System.IO.Path.Combine(Path, "ca.pem");
    public string Ledger(string role) => System.IO.Path.Combine(Path, "ledger", role);

    /// <summary>Takes the folder for this process, making it when it is new.</summary>
    /// <exception cref="CliException">Another instance has it, or it was made by a newer program.</exception>
    public static DataDirectory Open(string path, TimeProvider time)
    {
        RefuseForeign(path);
        Directory.CreateDirectory(path);
        RefuseBlockedParents(path);
        RoleUsers.Give(path, 0, 0, Passable);
        var held = Lock(path);
        try
        {
            var mark = ReadOrMark(path, time);
            var data = new DataDirectory(path, mark.Instance, held);
            data.MakeFolders();
            return data;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The format of a folder, or null when it is not one of ours.</summary>
    public static FormatMark? ReadMark(string path)
    {
        var file = System.IO.Path.Combine(path, "format");
        return File.Exists(file) ? JsonSerializer.Deserialize<FormatMark>(File.ReadAllText(file)) : null;
    }

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(System.IO.Path.Combine(path, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException)
        {
            throw CliException.Refused($"Another Merlon is running on {path}.", "Use that one, or give this one its own folder: --data DIR");
        }
    }

    /// <summary>Looks before anything is touched: a folder with other things in it is not taken over, nor is one behind a link.</summary>
    private static void RefuseForeign(string path)
    {
        var info = new DirectoryInfo(path);
        if (info.LinkTarget is not null)
            throw CliException.Refused($"{path} is a symbolic link.", $"Name the folder itself: --data {info.ResolveLinkTarget(returnFinalTarget: true)?.FullName}");
        if (!info.Exists || File.Exists(System.IO.Path.Combine(path, "format")))
            return;
        // What a first start that was killed may have left.
        string[] own = ["lock", "format.new"];
        if (info.EnumerateFileSystemInfos().Any(e => !own.Contains(e.Name, StringComparer.Ordinal)))
            throw CliException.Refused($"{path} holds files that are not Merlon's.", "Name an empty folder: --data DIR");
    }

    /// <summary>Writes the mark so that it is there whole or not at all.</summary>
    public static void WriteMark(string path, FormatMark mark)
    {
        var temporary = System.IO.Path.Combine(path, "format.new");
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            JsonSerializer.Serialize(stream, mark);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, System.IO.Path.Combine(path, "format"), overwrite: true);
        DurableFolder.Sync(path);
    }

    private static FormatMark ReadOrMark(string path, TimeProvider time)
    {
        FormatMark? mark;
        try
        {
            mark = ReadMark(path);
        }
        catch (JsonException)
        {
            throw CliException.Refused($"{path}/format is damaged.", "Restore a backup: merlon restore FILE --data DIR");
        }
        if (mark is null)
        {
            mark = new FormatMark(CurrentFormat, Guid.CreateVersion7(time.GetUtcNow()));
            WriteMark(path, mark);
        }
        if (mark.Format > CurrentFormat)
            throw CliException.Refused(
                $"The data in {path} has format {mark.Format}; this program knows formats up to {CurrentFormat}.", "Start the newer program that made it.");
        return mark;
    }

    private void MakeFolders()
    {
        Make("db", RoleUsers.Control, RoleUsers.Control, Owner);
        Make("blobs", RoleUsers.Control, RoleUsers.Control, Owner);
        Make("staging", RoleUsers.Control, RoleUsers.Control, Owner);
        Make("logs", 0, 0, Owner);
        Make("ledger", 0, 0, Passable);
        // Control reads every log, to show and to prove; only its own role writes it.
        Make("ledger/control", RoleUsers.Control, RoleUsers.Control, GroupReads);
        Make("ledger/gateway", RoleUsers.Gateway, RoleUsers.Control, GroupReads);
        Make("ledger/node", 0, RoleUsers.Control, GroupReads);
    }

    private void Make(string name, int user, int group, UnixFileMode mode)
    {
        var folder = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(folder);
        RoleUsers.Give(folder, user, group, mode);
    }

    // The roles drop root, so each folder on the way must let them pass.
    private static void RefuseBlockedParents(string path)
    {
        if (!RoleUsers.IsRoot)
            return;
        for (var parent = Directory.GetParent(path); parent is not null; parent = parent.Parent)
        {
            if ((File.GetUnixFileMode(parent.FullName) & UnixFileMode.OtherExecute) == 0)
                throw CliException.Refused(
                    $"Merlon's unprivileged roles cannot enter {parent.FullName}, which is closed to others.", "Choose a folder elsewhere: --data /var/lib/NAME");
        }
    }

    public void Dispose() => _lock.Dispose();
}
