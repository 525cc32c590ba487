using Merlon.Onnx.Reader;

namespace Merlon.Onnx.Contracts;

/// <summary>Reads an ONNX file completely and in bounded memory, whatever its size. For hostile files: call it only inside a scan worker.</summary>
public static class OnnxModelReader
{
    /// <param name="stream">Seekable; read with few and small jumps.</param>
    /// <exception cref="OnnxFormatException">Truncated, malformed, over a bound, or with anything in it that is not understood.</exception>
    public static OnnxModelInfo Read(Stream stream) => new ModelParser(new ProtobufReader(stream)).Read();
}
