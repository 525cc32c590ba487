using System.Runtime.InteropServices;

namespace Merlon.Keys;

/// <summary>Makes a name created in a directory durable.</summary>
internal static partial class DirectorySync
{
    internal static void Sync(string path)
    {
        var descriptor = open(path, 0x80000); // O_RDONLY | O_CLOEXEC; the same on x64 and arm64.
        if (descriptor < 0)
            throw new IOException($"The directory could not be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        try
        {
            if (fsync(descriptor) != 0)
                throw new IOException($"fsync failed: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
        finally
        {
            _ = close(descriptor);
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
