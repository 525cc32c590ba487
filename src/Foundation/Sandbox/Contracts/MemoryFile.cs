using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Sandbox.Isolation;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// An artifact in memory, sealed: written once, then neither written, grown, shrunk nor unsealed by anyone who holds it. The files lie one after
/// another without gaps, in the order given. The handle is read-only and can be passed to a sandbox.
/// </summary>
public sealed class MemoryFile : IDisposable
{
    private MemoryFile(SafeFileHandle handle, long length)
    {
        Handle = handle;
        Length = length;
    }

    public SafeFileHandle Handle { get; }
    public long Length { get; }

    /// <summary>Fills a memory file with <paramref name="files"/> from <paramref name="artifact"/>.</summary>
    /// <exception cref="InvalidDataException">A file has another size or digest than the manifest says.</exception>
    public static async Task<MemoryFile> CreateAsync(IReadOnlyList<ArtifactFile> files, IArtifactReader artifact, CancellationToken cancellationToken)
    {
        using var writable = Create();
        long offset = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(1024 * 1024);
        try
        {
            foreach (var file in files)
            {
                await CopyAsync(file, artifact, writable, offset, buffer, cancellationToken).ConfigureAwait(false);
                offset += file.Size;
            }
        }
        finally
        {
            // It held a model in clear.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
        return Seal(writable, offset);
    }

    /// <summary>Fills a memory file with all of <paramref name="source"/>, which may be a pipe.</summary>
    /// <exception cref="InvalidDataException">It has more than <paramref name="maxBytes"/>.</exception>
    public static async Task<MemoryFile> CreateAsync(Stream source, long maxBytes, CancellationToken cancellationToken)
    {
        using var writable = Create();
        var buffer = new byte[1024 * 1024];
        long offset = 0;
        int count;
        while ((count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (count > maxBytes - offset)
                throw new InvalidDataException($"There are more than {maxBytes} bytes.");
            await RandomAccess.WriteAsync(writable, buffer.AsMemory(0, count), offset, cancellationToken).ConfigureAwait(false);
            offset += count;
        }
        return Seal(writable, offset);
    }

    public void Dispose() => Handle.Dispose();

    private static SafeFileHandle Create()
    {
        var fd = Posix.MemfdCreate("model", Posix.MemfdCloExec | Posix.MemfdNoExecSeal);
        // Kernels before 6.3 do not know the flag.
        if (fd < 0 && Marshal.GetLastPInvokeError() == Posix.EInval)
            fd = Posix.MemfdCreate("model", Posix.MemfdCloExec | Posix.MemfdAllowSealing);
        return fd >= 0 ? new SafeFileHandle(fd, ownsHandle: true) : throw Posix.LastError("memfd_create");
    }

    private static async Task CopyAsync(
        ArtifactFile file, IArtifactReader artifact, SafeFileHandle target, long offset, byte[] buffer, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var source = artifact.OpenFile(file.Path);
        await using (source.ConfigureAwait(false))
        {
            long copied = 0;
            while (true)
            {
                var count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    break;
                if (count > file.Size - copied)
                    throw new InvalidDataException($"'{Text.Printable(file.Path, 200)}' is longer than its manifest says.");
                hash.AppendData(buffer, 0, count);
                await RandomAccess.WriteAsync(target, buffer.AsMemory(0, count), offset + copied, cancellationToken).ConfigureAwait(false);
                copied += count;
            }
            if (copied != file.Size || new Digest(hash.GetHashAndReset()) != file.Sha256)
                throw new InvalidDataException($"'{Text.Printable(file.Path, 200)}' is not the file that its manifest names.");
        }
    }

    private static MemoryFile Seal(SafeFileHandle writable, long length)
    {
        var fd = (int)writable.DangerousGetHandle();
        if (Posix.Fcntl(fd, Posix.FAddSeals, Posix.SealSeal | Posix.SealShrink | Posix.SealGrow | Posix.SealWrite) != 0)
            throw Posix.LastError("Sealing the memory file");
        // A read-only description of its own: a sealed file opened for writing cannot be mapped shared before Linux 6.7.
        const int readOnlyCloseOnExec = 0x80000;
        var reopened = Posix.Open($"/proc/self/fd/{fd}", readOnlyCloseOnExec);
        return reopened >= 0
            ? new MemoryFile(new SafeFileHandle(reopened, ownsHandle: true), length)
            : throw Posix.LastError("Opening the memory file");
    }
}
