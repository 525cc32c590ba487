using System.Runtime.InteropServices;

namespace Merlon.Ledger;

/// <summary>What durability needs of the system and the framework does not offer: syncing a directory, and a whole file system.</summary>
internal static partial class Posix
{
    private const int ReadOnlyDirectory = 0x80000; // O_RDONLY | O_CLOEXEC; the same on x64 and arm64.

    /// <summary>Makes names created in or renamed into the directory durable.</summary>
    internal static void SyncDirectory(string path) => DurableFolder.Sync(path);

    /// <summary>Writes everything of the file system on which the directory lies: one call instead of one for each of thousands of tiles.</summary>
    internal static void SyncFileSystem(string path) => With(path, syncfs, "syncfs");

    private static void With(string path, Func<int, int> operation, string name)
    {
        var descriptor = open(path, ReadOnlyDirectory);
        if (descriptor < 0)
            throw new IOException($"The directory could not be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        try
        {
            if (operation(descriptor) != 0)
                throw new IOException($"{name} failed: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
        finally
        {
            _ = close(descriptor);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int syncfs(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
