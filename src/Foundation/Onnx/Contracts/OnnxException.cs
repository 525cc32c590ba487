namespace Merlon.Onnx.Contracts;

/// <summary>ONNX Runtime refused a model or a call, or Merlon did in its place. The message is the runtime's, made printable; it may quote the model.</summary>
public sealed class OnnxException(string message) : Exception(message);
