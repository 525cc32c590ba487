using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Merlon.Scanning.Content;

/// <summary>Every rule that has a description, by id.</summary>
internal static class RuleCatalog
{
    public static IReadOnlyList<RuleInfo> All { get; } =
    [
        .. ScanRules.Catalog,
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

    /// <summary>Tells by which rules a verdict came: it changes with every change of the scanner's code.</summary>
    public static string Digest { get; } = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"{FormatScanner.RulesVersion}\n{typeof(RuleCatalog).Assembly.ManifestModule.ModuleVersionId}\n{string.Join('\n', All)}"))));

    public static RuleInfo? Find(string id) => s_byId.GetValueOrDefault(id);
}
