using Merlon.Scanning.Content;

namespace Merlon.Scanning.Texts;

/// <summary>Keys of configuration files by which a loader imports or calls code.</summary>
internal static class CodeSettings
{
    /// <summary>Modules whose classes people build from configuration. Calling one of them is what the configuration is for.</summary>
    private static readonly string[] s_known =
    [
        "torch.nn.", "torch.optim.", "torchvision.models.", "torchvision.transforms.", "torchmetrics.", "lightning.pytorch.", "pytorch_lightning.", "transformers.models.",
        "nemo.collections.", "timm.models.", "diffusers.models.", "sklearn.",
    ];

    /// <summary>Judges one key with its value; the value is empty when it is not a text.</summary>
    public static void Judge(string key, string value, string location, ContentScan scan)
    {
        switch (key)
        {
            case "auto_map" or "custom_pipelines" or "custom_pipeline":
                scan.Findings.Warn("file.remote-code", $"The configuration asks a loader to run code from elsewhere ('{key}').", location);
                break;
            case "trust_remote_code" when value is not "" and not "false" and not "False":
                scan.Findings.Warn("file.remote-code", "The configuration asks a loader to trust remote code.", location);
                break;
            case "_target_" when s_known.Any(known => value.StartsWith(known, StringComparison.Ordinal)) && !value.Contains("__", StringComparison.Ordinal):
                scan.Findings.Warn("text.hydra-target", $"The configuration has '{value}' built by its loader.", location);
                break;
            case "_target_":
                scan.Findings.Block("text.hydra-target", $"The configuration has '{value}' called by its loader; it is no class of a known library.", location);
                break;
        }
    }
}
