using System.Net.Sockets;
using Merlon.Kernel;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// The worker's side of the protocol: one blocking thread per connection (the fewest hand-overs per call) and a fixed number of threads for calls
/// that are too long to run on it.
/// </summary>
public sealed class WorkerServer : IDisposable
{
    private readonly Socket _listener;
    private readonly byte[] _hello;
    private readonly IWorkerHandler _handler;
    private readonly CallQueue _queue;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly HashSet<ServerConnection> _connections = [];
    private bool _disposed;

    /// <param name="listener">A bound Unix socket that already listens.</param>
    /// <param name="concurrency">Calls that may run at once, besides those that run inline.</param>
    public WorkerServer(Socket listener, Digest manifest, ModelSignature signature, IWorkerHandler handler, int concurrency, TimeProvider time)
    {
        _listener = listener;
        _hello = Hello.Write(manifest, signature);
        _handler = handler;
        _time = time;
        _queue = new CallQueue(handler, concurrency);
    }

    /// <summary>Accepts connections until the server is disposed or the listening socket fails. Blocks.</summary>
    public void Run()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException && Volatile.Read(ref _disposed))
            {
                return;
            }
            Serve(socket);
        }
    }

    public void Dispose()
    {
        ServerConnection[] open;
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            open = [.. _connections];
        }
        _listener.Dispose();
        foreach (var connection in open)
            connection.Close();
        _queue.Dispose();
    }

    private void Serve(Socket socket)
    {
        var connection = new ServerConnection(socket, _handler, _queue, _time);
        lock (_lock)
        {
            if (_disposed || _connections.Count >= Limits.MaxConnections)
            {
                socket.Dispose();
                return;
            }
            _connections.Add(connection);
        }
        var thread = new Thread(() =>
        {
            connection.Run(_hello);
            lock (_lock)
                _connections.Remove(connection);
        }, maxStackSize: 512 * 1024)
        { IsBackground = true, Name = "connection" };
        thread.Start();
    }
}
