using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Merlon.App.Cli.Scanning;

/// <summary>Opens files that lie in untrusted folders: no link is followed, and a pipe does not keep the program waiting.</summary>
internal static partial class RegularFile
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int TooManyLinks = 40, NoSuchDeviceOrAddress = 6;

    private static readonly int s_noFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>The path leads to something without bytes that stay.</summary>
    internal sealed class SpecialFileException() : IOException("Not a regular file.");

    public static FileStream Open(string path)
    {
        var fd = OpenFile(path, NonBlocking | CloseOnExec | s_noFollow);
        if (fd < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw error is TooManyLinks or NoSuchDeviceOrAddress ? new SpecialFileException() : new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
        // /proc names what is open, and knows devices by their place.
        var handle = new SafeFileHandle(fd, ownsHandle: true);
        var opened = new FileInfo($"/proc/self/fd/{fd}").LinkTarget;
        FileStream stream;
        try
        {
            stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            handle.Dispose();
            throw new SpecialFileException();
        }
        if (stream.CanSeek && opened?.StartsWith("/dev/", StringComparison.Ordinal) != true)
            return stream;
        stream.Dispose();
        throw new SpecialFileException();
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenFile(string path, int flags);
}
