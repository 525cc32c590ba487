using System.Net.Sockets;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>
/// A worker on its own Unix socket whose model answers, per row, the sum of the row plus an offset: a wrong row or revision shows in the number.
/// The first value of a request steers it: −1 waits for Cancel, −2 fails, −3 answers NaN, −4 answers another shape, −5 sends an output nobody asked for.
/// </summary>
internal sealed class TestWorker : IWorkerHandler, IDisposable
{
    private readonly WorkerServer _server;
    private readonly Thread _thread;
    private readonly float _offset;

    public TestWorker(string path, Digest manifest, float offset = 0)
    {
        _offset = offset;
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(16);
        var signature = new ModelSignature(
            [new TensorSpec("features", TensorType.Fp32, [-1, 3])],
            [new TensorSpec("hidden", TensorType.Fp32, [-1]), new TensorSpec("score", TensorType.Fp32, [-1])]);
        _server = new WorkerServer(listener, manifest, signature, this, concurrency: 8, TimeProvider.System);
        _thread = new Thread(_server.Run) { IsBackground = true };
        _thread.Start();
    }

    public SemaphoreSlim Waiting { get; } = new(0);
    public SemaphoreSlim Cancelled { get; } = new(0);
    public int Calls;

    public bool RunsInline(int payloadBytes) => false;

    public void Infer(ReadOnlySpan<byte> payload, TensorWriter answer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Calls);
        var reader = new TensorReader(payload);
        if (!reader.TryNext(out var tensor))
            throw new WorkerErrorException(WorkerErrorCode.BadRequest, "no tensor");
        Span<ushort> outputs = stackalloc ushort[2];
        var asked = reader.ReadOutputs(outputs);
        if (asked != 1 || outputs[0] != 1)
            throw new WorkerErrorException(WorkerErrorCode.BadRequest, "only 'score' is in the contract");
        var rows = (int)tensor.Dimension(0);
        var values = MemoryMarshal.Cast<byte, float>(tensor.Data).ToArray();
        var scores = new float[rows];
        for (var row = 0; row < rows; row++)
            scores[row] = values[3 * row] + values[3 * row + 1] + values[3 * row + 2] + _offset;
        switch (values[0])
        {
            case -1:
                Waiting.Release();
                cancellationToken.WaitHandle.WaitOne();
                Cancelled.Release();
                throw new OperationCanceledException(cancellationToken);
            case -2:
                throw new WorkerErrorException(WorkerErrorCode.RuntimeFailure, "secret internals /etc/passwd");
            case -3:
                scores[0] = float.NaN;
                break;
            case -4:
                answer.WriteTensor(1, TensorType.Fp32, [1, rows], MemoryMarshal.AsBytes<float>(scores));
                return;
            case -5:
                answer.WriteTensor(0, TensorType.Fp32, [rows], MemoryMarshal.AsBytes<float>(scores));
                return;
        }
        answer.WriteTensor(1, TensorType.Fp32, [rows], MemoryMarshal.AsBytes<float>(scores));
    }

    public void Dispose()
    {
        _server.Dispose();
        _thread.Join();
    }
}
