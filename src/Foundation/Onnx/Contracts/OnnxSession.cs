using Merlon.Kernel;
using Merlon.Onnx.Native;

namespace Merlon.Onnx.Contracts;

/// <summary>
/// A loaded model. Safe for use from many threads, each with its own <see cref="OnnxCall"/>. Dispose waits for the calls that are running.
/// </summary>
public sealed unsafe class OnnxSession : IDisposable
{
    private readonly SessionHandle _handle;
    private readonly NativeNames _inputNames;
    private readonly NativeNames _outputNames;

    private OnnxSession(SessionHandle handle, ModelSignature signature)
    {
        _handle = handle;
        Signature = signature;
        _inputNames = new NativeNames(signature.Inputs);
        _outputNames = new NativeNames(signature.Outputs);
    }

    /// <summary>Inputs and outputs in the model's order.</summary>
    public ModelSignature Signature { get; }

    /// <summary>The runtime's version, such as <c>1.27.0</c>.</summary>
    public static string RuntimeVersion => OrtLibrary.Instance.RuntimeVersion;

    internal SessionHandle Handle => _handle;
    internal byte** InputNames => _inputNames.Table;
    internal byte** OutputNames => _outputNames.Table;

    /// <summary>Loads a model from memory. The runtime copies what it keeps; <paramref name="files"/> must stay mapped while the session lives.</summary>
    /// <param name="model">The serialised ModelProto.</param>
    /// <param name="files">External data by location. A location that is not among them cannot be loaded: no file is ever opened.</param>
    /// <exception cref="OnnxException">The runtime refuses the model, or an input or output is not a tensor.</exception>
    public static OnnxSession Load(ReadOnlySpan<byte> model, ReadOnlySpan<ExternalFile> files, OnnxSessionOptions options)
    {
        var handle = SessionFactory.Create(model, files, options);
        try
        {
            return new OnnxSession(handle, SessionMetadata.Read(handle.DangerousGetHandle()));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>A reusable call for one thread at a time.</summary>
    public OnnxCall NewCall() => new(this);

    public void Dispose() => _handle.DisposeAndWait();
}
