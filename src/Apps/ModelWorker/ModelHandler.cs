using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Sandbox.Contracts;

namespace Merlon.ModelWorker;

/// <summary>Runs the model for the worker server. A call past its deadline is terminated, whether its client still waits or not.</summary>
internal sealed class ModelHandler : IWorkerHandler, IDisposable
{
    /// <summary>A model whose calls take less on average runs on the connection's own thread: handing over would cost about as much.</summary>
    private static readonly TimeSpan s_short = TimeSpan.FromMicroseconds(50);

    private const int InlineBytes = 256 * 1024;

    private readonly OnnxSession _session;
    private readonly TimeProvider _time;
    private readonly CallPool _calls;
    private double _averageTicks = s_short.Ticks;

    public ModelHandler(OnnxSession session, TimeSpan deadline, TimeProvider time)
    {
        _session = session;
        _time = time;
        _calls = new CallPool(session, deadline, time);
    }

    public bool RunsInline(int payloadBytes) => payloadBytes <= InlineBytes && Volatile.Read(ref _averageTicks) < s_short.Ticks;

    public void Infer(ReadOnlySpan<byte> payload, TensorWriter answer, CancellationToken cancellationToken)
    {
        var call = _calls.Rent();
        var start = _time.GetTimestamp();
        try
        {
            SetInputs(call.Call, payload, out var outputs);
            call.Start(start);
            try
            {
                call.Call.Run(outputs, cancellationToken);
            }
            finally
            {
                call.Stop();
            }
            for (var i = 0; i < call.Call.OutputCount; i++)
                Write(answer, call.Call.Output(i));
        }
        catch (OnnxException e)
        {
            throw new WorkerErrorException(WorkerErrorCode.RuntimeFailure, e.Message);
        }
        finally
        {
            _calls.Return(call);
            Learn(_time.GetElapsedTime(start));
        }
    }

    public void Dispose() => _calls.Dispose();

    private void SetInputs(OnnxCall call, ReadOnlySpan<byte> payload, out ushort[] outputs)
    {
        var reader = new TensorReader(payload);
        Span<long> shape = stackalloc long[8];
        try
        {
            while (reader.TryNext(out var tensor))
                call.SetInput(tensor.Index, tensor.Type, tensor.CopyShape(shape), tensor.Data);
        }
        catch (OnnxException e)
        {
            throw new WorkerErrorException(WorkerErrorCode.BadRequest, e.Message);
        }
        Span<ushort> wanted = stackalloc ushort[Math.Min(_session.Signature.Outputs.Length, 1024)];
        outputs = reader.ReadOutputs(wanted) is > 0 and var count ? wanted[..count].ToArray() : [];
    }

    private static void Write(TensorWriter answer, OnnxTensor output)
    {
        answer.BeginTensor(output.Index, output.Type, output.Shape);
        if (output.Type == TensorType.Bytes)
        {
            for (long i = 0; i < output.ElementCount; i++)
            {
                var length = output.ElementLength(i);
                output.CopyElement(i, answer.BeginBytesElement(length));
            }
        }
        else
        {
            System.Buffers.BuffersExtensions.Write(answer, output.Data);
        }
        answer.EndTensor();
    }

    private void Learn(TimeSpan elapsed)
    {
        var average = Volatile.Read(ref _averageTicks);
        Volatile.Write(ref _averageTicks, average + (elapsed.Ticks - average) / 16);
    }
}
