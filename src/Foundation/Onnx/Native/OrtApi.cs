namespace Merlon.Onnx.Native;

/// <summary>
/// ONNX Runtime's C API as a table of function pointers. The order never changes once released (onnxruntime_c_api.h), so an entry is
/// named by its position; version 18 ends with entry 279.
/// </summary>
internal readonly unsafe struct OrtApi(void** table)
{
    /// <summary>First version with external initialisers from memory.</summary>
    public const uint Version = 18;

    public delegate* unmanaged<nint, byte*> GetErrorMessage => (delegate* unmanaged<nint, byte*>)table[2];

    /// <summary>(logger, its parameter, severity, log id, out env)</summary>
    public delegate* unmanaged<delegate* unmanaged<void*, int, byte*, byte*, byte*, byte*, void>, void*, int, byte*, nint*, nint> CreateEnvWithCustomLogger =>
        (delegate* unmanaged<delegate* unmanaged<void*, int, byte*, byte*, byte*, byte*, void>, void*, int, byte*, nint*, nint>)table[4];

    public delegate* unmanaged<nint, nint> DisableTelemetryEvents => (delegate* unmanaged<nint, nint>)table[6];

    /// <summary>(env, model, length, options, out session)</summary>
    public delegate* unmanaged<nint, void*, nuint, nint, nint*, nint> CreateSessionFromArray => (delegate* unmanaged<nint, void*, nuint, nint, nint*, nint>)table[8];

    /// <summary>(session, run options, input names, inputs, count, output names, count, outputs)</summary>
    public delegate* unmanaged<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint> Run =>
        (delegate* unmanaged<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)table[9];

    public delegate* unmanaged<nint*, nint> CreateSessionOptions => (delegate* unmanaged<nint*, nint>)table[10];
    public delegate* unmanaged<nint, int, nint> SetSessionExecutionMode => (delegate* unmanaged<nint, int, nint>)table[13];
    public delegate* unmanaged<nint, int, nint> SetSessionLogSeverityLevel => (delegate* unmanaged<nint, int, nint>)table[22];
    public delegate* unmanaged<nint, int, nint> SetSessionGraphOptimizationLevel => (delegate* unmanaged<nint, int, nint>)table[23];
    public delegate* unmanaged<nint, int, nint> SetIntraOpNumThreads => (delegate* unmanaged<nint, int, nint>)table[24];
    public delegate* unmanaged<nint, int, nint> SetInterOpNumThreads => (delegate* unmanaged<nint, int, nint>)table[25];
    public delegate* unmanaged<nint, nuint*, nint> SessionGetInputCount => (delegate* unmanaged<nint, nuint*, nint>)table[30];
    public delegate* unmanaged<nint, nuint*, nint> SessionGetOutputCount => (delegate* unmanaged<nint, nuint*, nint>)table[31];
    public delegate* unmanaged<nint, nuint, nint*, nint> SessionGetInputTypeInfo => (delegate* unmanaged<nint, nuint, nint*, nint>)table[33];
    public delegate* unmanaged<nint, nuint, nint*, nint> SessionGetOutputTypeInfo => (delegate* unmanaged<nint, nuint, nint*, nint>)table[34];

    /// <summary>(session, index, allocator, out name)</summary>
    public delegate* unmanaged<nint, nuint, nint, byte**, nint> SessionGetInputName => (delegate* unmanaged<nint, nuint, nint, byte**, nint>)table[36];
    public delegate* unmanaged<nint, nuint, nint, byte**, nint> SessionGetOutputName => (delegate* unmanaged<nint, nuint, nint, byte**, nint>)table[37];
    public delegate* unmanaged<nint*, nint> CreateRunOptions => (delegate* unmanaged<nint*, nint>)table[39];
    public delegate* unmanaged<nint, nint> RunOptionsSetTerminate => (delegate* unmanaged<nint, nint>)table[46];
    public delegate* unmanaged<nint, nint> RunOptionsUnsetTerminate => (delegate* unmanaged<nint, nint>)table[47];

    /// <summary>(allocator, shape, rank, type, out value)</summary>
    public delegate* unmanaged<nint, long*, nuint, int, nint*, nint> CreateTensor => (delegate* unmanaged<nint, long*, nuint, int, nint*, nint>)table[48];

    /// <summary>(memory info, data, bytes, shape, rank, type, out value)</summary>
    public delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint> CreateTensorWithData =>
        (delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)table[49];

    public delegate* unmanaged<nint, int*, nint> IsTensor => (delegate* unmanaged<nint, int*, nint>)table[50];
    public delegate* unmanaged<nint, void**, nint> GetTensorMutableData => (delegate* unmanaged<nint, void**, nint>)table[51];
    public delegate* unmanaged<nint, nint*, nint> CastTypeInfoToTensorInfo => (delegate* unmanaged<nint, nint*, nint>)table[55];
    public delegate* unmanaged<nint, int*, nint> GetOnnxTypeFromTypeInfo => (delegate* unmanaged<nint, int*, nint>)table[56];
    public delegate* unmanaged<nint, int*, nint> GetTensorElementType => (delegate* unmanaged<nint, int*, nint>)table[60];
    public delegate* unmanaged<nint, nuint*, nint> GetDimensionsCount => (delegate* unmanaged<nint, nuint*, nint>)table[61];
    public delegate* unmanaged<nint, long*, nuint, nint> GetDimensions => (delegate* unmanaged<nint, long*, nuint, nint>)table[62];
    public delegate* unmanaged<nint, nuint*, nint> GetTensorShapeElementCount => (delegate* unmanaged<nint, nuint*, nint>)table[64];
    public delegate* unmanaged<nint, nint*, nint> GetTensorTypeAndShape => (delegate* unmanaged<nint, nint*, nint>)table[65];

    /// <summary>(allocator type, memory type, out info)</summary>
    public delegate* unmanaged<int, int, nint*, nint> CreateCpuMemoryInfo => (delegate* unmanaged<int, int, nint*, nint>)table[69];
    public delegate* unmanaged<nint, void*, nint> AllocatorFree => (delegate* unmanaged<nint, void*, nint>)table[76];
    public delegate* unmanaged<nint*, nint> GetAllocatorWithDefaultOptions => (delegate* unmanaged<nint*, nint>)table[78];
    public delegate* unmanaged<nint, void> ReleaseStatus => (delegate* unmanaged<nint, void>)table[93];
    public delegate* unmanaged<nint, void> ReleaseSession => (delegate* unmanaged<nint, void>)table[95];
    public delegate* unmanaged<nint, void> ReleaseValue => (delegate* unmanaged<nint, void>)table[96];
    public delegate* unmanaged<nint, void> ReleaseRunOptions => (delegate* unmanaged<nint, void>)table[97];
    public delegate* unmanaged<nint, void> ReleaseTypeInfo => (delegate* unmanaged<nint, void>)table[98];
    public delegate* unmanaged<nint, void> ReleaseTensorTypeAndShapeInfo => (delegate* unmanaged<nint, void>)table[99];
    public delegate* unmanaged<nint, void> ReleaseSessionOptions => (delegate* unmanaged<nint, void>)table[100];

    /// <summary>(value, index, out bytes)</summary>
    public delegate* unmanaged<nint, nuint, nuint*, nint> GetStringTensorElementLength => (delegate* unmanaged<nint, nuint, nuint*, nint>)table[127];

    /// <summary>(value, room, index, destination)</summary>
    public delegate* unmanaged<nint, nuint, nuint, void*, nint> GetStringTensorElement => (delegate* unmanaged<nint, nuint, nuint, void*, nint>)table[128];

    /// <summary>(options, key, value)</summary>
    public delegate* unmanaged<nint, byte*, byte*, nint> AddSessionConfigEntry => (delegate* unmanaged<nint, byte*, byte*, nint>)table[130];

    /// <summary>(value, index, bytes, out buffer)</summary>
    public delegate* unmanaged<nint, nuint, nuint, byte**, nint> GetResizedStringTensorElementBuffer =>
        (delegate* unmanaged<nint, nuint, nuint, byte**, nint>)table[252];

    /// <summary>(options, file names, buffers, lengths, count)</summary>
    public delegate* unmanaged<nint, byte**, byte**, nuint*, nuint, nint> AddExternalInitializersFromFilesInMemory =>
        (delegate* unmanaged<nint, byte**, byte**, nuint*, nuint, nint>)table[279];

    /// <exception cref="Contracts.OnnxException">The call returned a status: its message, with the status released.</exception>
    public void Check(nint status)
    {
        if (status != 0)
            Throw(status);
    }

    private void Throw(nint status)
    {
        var message = System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)GetErrorMessage(status));
        ReleaseStatus(status);
        throw new Contracts.OnnxException(Kernel.Text.Printable(message, 800));
    }
}
