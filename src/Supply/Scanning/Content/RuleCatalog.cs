namespace Merlon.Scanning.Content;

/// <summary>Every rule that has a description, by id.</summary>
internal static class RuleCatalog
{
    public static IReadOnlyList<RuleInfo> All { get; } =
    [
        .. GeneralRules.Catalog,
        .. Pickle.PickleRules.Catalog,
        .. Archives.ArchiveRules.Catalog,
        .. Executables.ExecutableScanner.Catalog,
        .. Safetensors.SafetensorsRules.Catalog,
        .. Gguf.GgufRules.Catalog,
        .. Hdf5.Hdf5Rules.Catalog,
        .. Keras.KerasRules.Catalog,
        .. Onnx.OnnxRules.Catalog,
        .. TensorFlow.TensorFlowRules.Catalog,
        .. Texts.TextScanRules.Catalog,
    ];

    private static readonly Dictionary<string, RuleInfo> s_byId = All.ToDictionary(rule => rule.Id, StringComparer.Ordinal);

    public static RuleInfo? Find(string id) => s_byId.GetValueOrDefault(id);
}
