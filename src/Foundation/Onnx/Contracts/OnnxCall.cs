using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Onnx.Native;

namespace Merlon.Onnx.Contracts;

/// <summary>
/// One call of a session: set every input, run, read the outputs, reset. Reuse it: it then allocates nothing but what the runtime needs for the
/// outputs. For one thread at a time; only <see cref="Terminate"/> may come from another.
/// </summary>
public sealed unsafe class OnnxCall : IDisposable
{
    private readonly OnnxSession _session;
    private readonly OrtApi _api = OrtLibrary.Instance.Api;
    private readonly nint[] _inputs;
    private readonly nint[] _outputs;
    private readonly nint[] _outputNames;
    private readonly ushort[] _outputIndices;
    private readonly AlignedMemory[] _memory;
    private readonly long[] _shape = new long[64];
    private readonly RunOptionsHandle _options = new();

    internal OnnxCall(OnnxSession session)
    {
        _session = session;
        _inputs = new nint[session.Signature.Inputs.Length];
        _memory = new AlignedMemory[_inputs.Length];
        _outputs = new nint[session.Signature.Outputs.Length];
        _outputNames = new nint[_outputs.Length];
        _outputIndices = new ushort[_outputs.Length];
        for (var i = 0; i < _memory.Length; i++)
            _memory[i] = new AlignedMemory();
    }

    /// <summary>Outputs of the last run.</summary>
    public int OutputCount { get; private set; }

    /// <summary>Gives one input. The data are copied, to memory aligned as the runtime's own is.</summary>
    /// <param name="data">Row-major; BYTES elements as u32 little-endian length + bytes, already known to be well formed.</param>
    /// <exception cref="OnnxException">No such input, given twice, or of a value the type does not have.</exception>
    public void SetInput(int index, TensorType type, ReadOnlySpan<long> shape, ReadOnlySpan<byte> data)
    {
        if ((uint)index >= (uint)_inputs.Length)
            throw new OnnxException($"The model has {_inputs.Length} inputs; there is no input {index}.");
        if (_inputs[index] != 0)
            throw new OnnxException($"Input {index} is given twice.");
        // A byte that is neither 0 nor 1 is not a C++ bool; what a kernel does with it is undefined.
        if (type == TensorType.Bool && data.ContainsAnyExceptInRange((byte)0, (byte)1))
            throw new OnnxException($"Input {index} is BOOL and holds a byte other than 0 and 1.");

        nint value;
        fixed (long* dimensions = shape)
        {
            if (type == TensorType.Bytes)
            {
                _api.Check(_api.CreateTensor(OrtLibrary.Instance.Allocator, dimensions, (nuint)shape.Length, ElementTypes.String, &value));
                _inputs[index] = value;
                FillStrings(value, data);
                return;
            }
            var copy = _memory[index].Copy(data);
            _api.Check(_api.CreateTensorWithData(
                OrtLibrary.Instance.CpuMemory, copy, (nuint)data.Length, dimensions, (nuint)shape.Length, ElementTypes.ToOnnx(type), &value));
            _inputs[index] = value;
        }
    }

    /// <summary>Runs the model.</summary>
    /// <param name="outputs">Indices of the wanted outputs; empty for all.</param>
    /// <exception cref="OnnxException">An input is missing or does not fit, or the runtime failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or terminated by <see cref="Terminate"/>.</exception>
    /// <exception cref="ObjectDisposedException">The session has been disposed.</exception>
    public void Run(ReadOnlySpan<ushort> outputs, CancellationToken cancellationToken)
    {
        ReleaseOutputs();
        var missing = Array.IndexOf(_inputs, 0);
        if (missing >= 0)
            throw new OnnxException($"Input {missing} ('{Text.Printable(_session.Signature.Inputs[missing].Name, 80)}') is missing.");
        SelectOutputs(outputs);

        var added = false;
        _session.Handle.DangerousAddRef(ref added);
        _options.Reset();
        var registration = cancellationToken.UnsafeRegister(static options => ((RunOptionsHandle)options!).Terminate(), _options);
        try
        {
            fixed (nint* inputs = _inputs, results = _outputs, names = _outputNames)
            {
                _api.Check(_api.Run(
                    _session.Handle.DangerousGetHandle(), _options.Pointer, _session.InputNames, inputs, (nuint)_inputs.Length,
                    (byte**)names, (nuint)OutputCount, results));
            }
        }
        catch (OnnxException e) when (_options.IsTerminated)
        {
            throw new OperationCanceledException("The call was terminated.", e, cancellationToken);
        }
        finally
        {
            // Waits for a callback that is running, so that it cannot terminate the next call.
            registration.Dispose();
            _session.Handle.DangerousRelease();
            _options.Reset();
        }
    }

    /// <summary>Stops the run in progress at its next operator; without one, does nothing. From any thread.</summary>
    public void Terminate() => _options.Terminate();

    /// <summary>One output of the last run.</summary>
    /// <param name="position">0 to <see cref="OutputCount"/> − 1, in the order that was asked for.</param>
    public OnnxTensor Output(int position)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)position, (uint)OutputCount);
        var value = _outputs[position];
        nint info;
        _api.Check(_api.GetTensorTypeAndShape(value, &info));
        try
        {
            int onnxType;
            nuint rank, elements;
            _api.Check(_api.GetTensorElementType(info, &onnxType));
            _api.Check(_api.GetDimensionsCount(info, &rank));
            if (rank > (nuint)_shape.Length)
                throw new OnnxException($"Output {position} has {rank} dimensions.");
            fixed (long* dimensions = _shape)
                _api.Check(_api.GetDimensions(info, dimensions, rank));
            _api.Check(_api.GetTensorShapeElementCount(info, &elements));
            var type = ElementTypes.FromOnnx(onnxType) ?? throw new OnnxException($"Output {position} has ONNX element type {onnxType}, which cannot be served.");
            ReadOnlySpan<byte> data = default;
            if (type != TensorType.Bytes && elements > 0)
            {
                void* bytes;
                _api.Check(_api.GetTensorMutableData(value, &bytes));
                data = new ReadOnlySpan<byte>(bytes, checked((int)elements * type.ElementSize()));
            }
            return new OnnxTensor(value, _outputIndices[position], type, _shape.AsSpan(0, (int)rank), (long)elements, data);
        }
        finally
        {
            _api.ReleaseTensorTypeAndShapeInfo(info);
        }
    }

    /// <summary>Lets go of inputs and outputs; the call is ready for the next one.</summary>
    public void Reset()
    {
        foreach (ref var input in _inputs.AsSpan())
        {
            if (input != 0)
                _api.ReleaseValue(input);
            input = 0;
        }
        ReleaseOutputs();
    }

    public void Dispose()
    {
        Reset();
        _options.Dispose();
    }

    private void SelectOutputs(ReadOnlySpan<ushort> outputs)
    {
        OutputCount = outputs.IsEmpty ? _outputs.Length : outputs.Length;
        if (OutputCount > _outputs.Length)
            throw new OnnxException($"The model has {_outputs.Length} outputs; {OutputCount} are asked for.");
        for (var i = 0; i < OutputCount; i++)
        {
            var index = outputs.IsEmpty ? (ushort)i : outputs[i];
            if (index >= _outputs.Length)
            {
                OutputCount = 0;
                throw new OnnxException($"The model has {_outputs.Length} outputs; there is no output {index}.");
            }
            _outputIndices[i] = index;
            _outputNames[i] = (nint)_session.OutputNames[index];
        }
    }

    private void FillStrings(nint value, ReadOnlySpan<byte> data)
    {
        for (nuint element = 0; !data.IsEmpty; element++)
        {
            var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(data);
            byte* buffer;
            _api.Check(_api.GetResizedStringTensorElementBuffer(value, element, (nuint)length, &buffer));
            data.Slice(sizeof(uint), length).CopyTo(new Span<byte>(buffer, length));
            data = data[(sizeof(uint) + length)..];
        }
    }

    private void ReleaseOutputs()
    {
        foreach (ref var output in _outputs.AsSpan())
        {
            if (output != 0)
                _api.ReleaseValue(output);
            output = 0;
        }
        OutputCount = 0;
    }
}
