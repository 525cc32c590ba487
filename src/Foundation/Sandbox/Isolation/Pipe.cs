using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Sandbox.Isolation;

/// <summary>An anonymous pipe whose ends close on exec.</summary>
internal sealed class Pipe : IDisposable
{
    private Pipe(int read, int write)
    {
        ReadEnd = new SafeFileHandle(read, ownsHandle: true);
        WriteEnd = new SafeFileHandle(write, ownsHandle: true);
    }

    public SafeFileHandle ReadEnd { get; }
    public SafeFileHandle WriteEnd { get; }

    public static unsafe Pipe Create()
    {
        const int closeOnExec = 0x80000;
        var ends = stackalloc int[2];
        return Posix.Pipe2(ends, closeOnExec) == 0 ? new Pipe(ends[0], ends[1]) : throw Posix.LastError("pipe2");
    }

    /// <summary>A pipe that holds <paramref name="content"/> and then ends. At most 64 KiB, which a pipe takes without a reader.</summary>
    public static unsafe Pipe Holding(ReadOnlySpan<byte> content)
    {
        var pipe = Create();
        fixed (byte* bytes = content)
        {
            if (Posix.Write((int)pipe.WriteEnd.DangerousGetHandle(), bytes, (nuint)content.Length) != content.Length)
                throw Posix.LastError("Writing to a pipe");
        }
        pipe.WriteEnd.Dispose();
        return pipe;
    }

    /// <summary>Reads until the other side closes, at most <paramref name="bound"/> bytes. Blocks.</summary>
    public unsafe byte[] ReadToEnd(int bound)
    {
        var buffer = new byte[bound];
        var length = 0;
        fixed (byte* bytes = buffer)
        {
            while (length < bound)
            {
                var count = (int)Posix.Read((int)ReadEnd.DangerousGetHandle(), bytes + length, (nuint)(bound - length));
                if (count < 0 && Marshal.GetLastPInvokeError() == Posix.EIntr)
                    continue;
                if (count <= 0)
                    break;
                length += count;
            }
        }
        return buffer[..length];
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
