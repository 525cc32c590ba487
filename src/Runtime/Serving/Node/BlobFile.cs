using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Serving.Node;

/// <summary>
/// Opens a sealed file that control names. The node runs as root and the tree belongs to control's user, so neither the name nor what stands at it is
/// believed: only the canonical form, each step without following a link, and only a regular file.
/// </summary>
internal static partial class BlobFile
{
    private const int ReadOnly = 0, NonBlocking = 0x800, CloseOnExec = 0x80000;

    // asm-generic/fcntl.h, and arm64's own values (arch/arm64/include/uapi/asm/fcntl.h).
    private static readonly bool s_arm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int s_directory = s_arm ? 0x4000 : 0x10000;
    private static readonly int s_noFollow = s_arm ? 0x8000 : 0x20000;

    /// <param name="folder">The blob folder, from the node's own options.</param>
    /// <param name="path"><c>ORGANISATION/PROJECT/BLOB.sealed</c>, each 32 lower-case hexadecimal digits.</param>
    /// <exception cref="InvalidDataException">The path has another form, or what stands there is a link, a pipe or anything but a regular file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static FileStream Open(string folder, string path)
    {
        if (path is null || !IsCanonical(path))
            throw new InvalidDataException($"'{Text.Printable(path ?? "", 120)}' is not the path of a sealed file.");
        var parts = path.Split('/');
        using var root = Check(OpenAt(CurrentFolder, folder, ReadOnly | CloseOnExec | s_directory), folder);
        using var organisation = Step(root, parts[0], s_directory, path);
        using var project = Step(organisation, parts[1], s_directory, path);
        // Non-blocking: the open of a pipe would wait for its writer.
        var file = Step(project, parts[2], NonBlocking, path);
        try
        {
            RequireRegular(file, path);
            return new FileStream(file, FileAccess.Read);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle Step(SafeFileHandle folder, string name, int flags, string path) =>
        Check(OpenAt((int)folder.DangerousGetHandle(), name, ReadOnly | CloseOnExec | s_noFollow | flags), path);

    private static SafeFileHandle Check(int descriptor, string path)
    {
        const int noDevice = 6, notDirectory = 20, tooManyLinks = 40;
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        var said = $"The sealed file '{path}' cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}.";
        throw error is noDevice or notDirectory or tooManyLinks ? new InvalidDataException(said) : new IOException(said);
    }

    private static void RequireRegular(SafeFileHandle file, string path)
    {
        const int emptyPath = 0x1000, modeOffset = 28;
        const uint type = 1;
        const ushort typeMask = 0xF000, regular = 0x8000;
        // struct statx, linux/stat.h: 256 bytes on every architecture, the mode at 28.
        Span<byte> status = stackalloc byte[256];
        if (StatX((int)file.DangerousGetHandle(), "", emptyPath, type, ref MemoryMarshal.GetReference(status)) != 0)
            throw new IOException($"The sealed file '{path}' cannot be examined: {Marshal.GetLastPInvokeErrorMessage()}.");
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(status[modeOffset..]);
        if ((mode & typeMask) != regular)
            throw new InvalidDataException($"'{path}' is not a regular file.");
    }

    private const int CurrentFolder = -100;

    [LibraryImport("libc", EntryPoint = "openat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenAt(int folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, ref byte status);

    /// <summary>Three names of 32 hexadecimal digits, the last with its ending.</summary>
    private static bool IsCanonical(string path)
    {
        const string ending = ".sealed";
        const int name = 32;
        return path.Length == (3 * name) + 2 + ending.Length && path[name] == '/' && path[(2 * name) + 1] == '/' && path.EndsWith(ending, StringComparison.Ordinal)
            && IsHex(path.AsSpan(0, name)) && IsHex(path.AsSpan(name + 1, name)) && IsHex(path.AsSpan((2 * name) + 2, name));
    }

    private static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept("0123456789abcdef");
}
