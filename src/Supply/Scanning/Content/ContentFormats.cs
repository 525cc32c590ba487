using Merlon.Scanning.Archives;
using Merlon.Scanning.Numpy;
using Merlon.Scanning.Pickle;
using Merlon.Scanning.Torch;
using Merlon.Scanning.Zip;

namespace Merlon.Scanning.Content;

/// <summary>Every format that is understood, in the order in which they are asked: the stricter the signature, the earlier.</summary>
internal static class ContentFormats
{
    public static IReadOnlyList<IContentScanner> All { get; } =
    [
        // binary formats with a signature
new Executables.ExecutableScanner(),
        new Gguf.GgufScanner(),
        new Hdf5.Hdf5Scanner(),
        new Keras.KerasScanner(),
        new TorchZipScanner(),
        new ZipScanner(),
        new NumpyScanner(),
        new TorchLegacyScanner(),
        .. CompressedScanner.All,
        new TarScanner(),
        new RefusedScanner(),

        // binary formats without one
        new TensorFlow.SavedModelScanner(),
        new Onnx.OnnxScanner(),
        new TensorFlow.FrozenGraphScanner(),
        new Safetensors.SafetensorsScanner(),
        new PickleScanner(),

        // text
        new Texts.TextScanner(),
    ];
}
