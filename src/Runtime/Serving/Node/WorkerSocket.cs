using System.Net.Sockets;
using Merlon.Sandbox.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>
/// The socket on which a revision's worker answers. The node makes it and hands it over, so that it outlives a worker: calls that come while one is
/// being replaced wait in its queue instead of failing.
/// </summary>
internal sealed class WorkerSocket : IDisposable
{
    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
    private const int Backlog = 512;

    private WorkerSocket(Socket listener, string path)
    {
        Listener = listener;
        Path = path;
    }

    public Socket Listener { get; }
    public string Path { get; }

    public static WorkerSocket Listen(string directory, Guid revisionId, int? group)
    {
        var path = new WorkerAddress(directory).Of(revisionId);
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            FileOwner.Give(path, user: null, group, OwnerAndGroup);
            listener.Listen(Backlog);
            return new WorkerSocket(listener, path);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Listener.Dispose();
        File.Delete(Path);
    }
}
