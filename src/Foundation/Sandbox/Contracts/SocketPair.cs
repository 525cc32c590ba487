using System.Net.Sockets;
using Merlon.Sandbox.Isolation;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Sandbox.Contracts;

/// <summary>Two connected Unix stream sockets: one to keep, one to hand to a sandbox. No name in any file system leads to them.</summary>
public sealed class SocketPair : IDisposable
{
    private SocketPair(int ours, int theirs)
    {
        Ours = new Socket(new SafeSocketHandle(ours, ownsHandle: true));
        Theirs = new SafeFileHandle(theirs, ownsHandle: true);
    }

    public Socket Ours { get; }

    /// <summary>Close it once the sandbox has its copy: the end of the worker then ends the stream.</summary>
    public SafeFileHandle Theirs { get; }

    public static unsafe SocketPair Create()
    {
        const int unix = 1, stream = 1, closeOnExec = 0x80000;
        var pair = stackalloc int[2];
        return Posix.SocketPair(unix, stream | closeOnExec, 0, pair) == 0 ? new SocketPair(pair[0], pair[1]) : throw Posix.LastError("socketpair");
    }

    public void Dispose()
    {
        Ours.Dispose();
        Theirs.Dispose();
    }
}
