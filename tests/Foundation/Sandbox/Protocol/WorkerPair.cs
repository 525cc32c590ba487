using System.Net.Sockets;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Tests.Protocol;

/// <summary>A worker server on its own socket with a model that doubles FP32 numbers, or waits when asked to.</summary>
internal sealed class WorkerPair : IDisposable
{
    public static readonly Digest Manifest = Digest.Of("artifact"u8);

    public static readonly ModelSignature Signature = new(
        [new TensorSpec("x", TensorType.Fp32, [-1])],
        [new TensorSpec("y", TensorType.Fp32, [-1])]);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-worker-");
    private readonly WorkerServer _server;
    private readonly Thread _thread;

    public WorkerPair(bool inline = false, int concurrency = 2)
    {
        Path = System.IO.Path.Combine(_folder.FullName, "w.sock");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path));
        listener.Listen(16);
        Model = new DoublingModel(inline);
        _server = new WorkerServer(listener, Manifest, Signature, Model, concurrency, TimeProvider.System);
        _thread = new Thread(_server.Run) { IsBackground = true };
        _thread.Start();
    }

    public string Path { get; }
    public DoublingModel Model { get; }

    public Task<WorkerClient> ConnectAsync() => WorkerClient.ConnectAsync(Path, Manifest, CancellationToken.None);

    public static byte[] Request(params ReadOnlySpan<float> values)
    {
        using var writer = new TensorWriter();
        writer.WriteTensor(0, TensorType.Fp32, [values.Length], MemoryMarshal.AsBytes(values));
        writer.WriteOutputs([]);
        return writer.Payload.ToArray();
    }

    public static float[] Values(WorkerAnswer answer)
    {
        var reader = new TensorReader(answer.Payload.Span);
        Assert.True(reader.TryNext(out var tensor));
        reader.End();
        return MemoryMarshal.Cast<byte, float>(tensor.Data).ToArray();
    }

    public void Dispose()
    {
        _server.Dispose();
        _thread.Join();
        _folder.Delete(recursive: true);
    }

    /// <summary>A negative first number makes the call wait until it is cancelled.</summary>
    internal sealed class DoublingModel(bool inline) : IWorkerHandler
    {
        public int Cancelled;
        public readonly SemaphoreSlim Waiting = new(0);

        public bool RunsInline(int payloadBytes) => inline;

        public void Infer(ReadOnlySpan<byte> payload, TensorWriter answer, CancellationToken cancellationToken)
        {
            var reader = new TensorReader(payload);
            if (!reader.TryNext(out var tensor))
                throw new WorkerErrorException(WorkerErrorCode.RuntimeFailure, "no tensor");
            reader.ReadOutputs(stackalloc ushort[1]);
            var values = MemoryMarshal.Cast<byte, float>(tensor.Data).ToArray();
            if (values.Length > 0 && values[0] < 0)
            {
                Waiting.Release();
                cancellationToken.WaitHandle.WaitOne();
                Interlocked.Increment(ref Cancelled);
                throw new OperationCanceledException(cancellationToken);
            }
            for (var i = 0; i < values.Length; i++)
                values[i] *= 2;
            answer.WriteTensor(0, TensorType.Fp32, [values.Length], MemoryMarshal.AsBytes<float>(values));
        }
    }
}
