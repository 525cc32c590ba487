using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Kernel;

/// <summary>Brings a folder's entries to disk: a file that was made, renamed or removed is durable only after this.</summary>
public static partial class DurableFolder
{
    /// <exception cref="IOException">The system refused.</exception>
    public static void Sync(string folder)
    {
        // O_RDONLY | O_DIRECTORY | O_CLOEXEC; the second differs by architecture.
        var directoryFlag = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;
        var descriptor = Open(folder, directoryFlag | 0x80000);
        if (descriptor < 0)
            throw new IOException($"The folder '{folder}' cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (Synchronise(descriptor) != 0)
            throw new IOException($"The folder '{folder}' cannot be brought to disk: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>Puts a link in the place of another in one step. The framework's own move follows a link to a folder and finds no file.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void ReplaceLink(string link, string place)
    {
        if (Rename(link, place) != 0)
            throw new IOException($"'{place}' cannot be replaced: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronise(int descriptor);
}
