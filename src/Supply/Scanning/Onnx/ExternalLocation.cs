namespace Merlon.Scanning.Onnx;

/// <summary>
/// Where a model says that its weights lie. Allowed is a plain relative path of a file in the artifact; everything by which a loader has been led
/// elsewhere is refused by name (CVE-2024-27318 and its kin).
/// </summary>
internal static class ExternalLocation
{
    /// <summary>The path inside the artifact, or what is wrong with it.</summary>
    /// <param name="folder">Folder of the model inside the artifact: empty, or ending in '/'.</param>
    public static (string? Path, string? Rule, string Problem) Resolve(string? location, string folder)
    {
        if (string.IsNullOrEmpty(location))
            return (null, "onnx.external-data.empty", "names no file");
        if (location.Contains('\0', StringComparison.Ordinal))
            return (null, "onnx.external-data.nul", "holds a NUL character");
        if (location.StartsWith('/') || location.StartsWith('~'))
            return (null, "onnx.external-data.absolute", "is an absolute path");
        if (location.StartsWith('*') || location.Contains("_ORT_MEM_ADDR_", StringComparison.OrdinalIgnoreCase))
            return (null, "onnx.external-data.memory-address", "is a marker for an address in the loader's memory");
        if (location.Contains('\\', StringComparison.Ordinal))
            return (null, "onnx.external-data.backslash", "holds a backslash");
        if (location.Contains(':', StringComparison.Ordinal))
            return (null, "onnx.external-data.scheme", "holds a colon, as a URL or a drive does");
        foreach (var part in location.Split('/'))
        {
            if (part == "..")
                return (null, "onnx.external-data.outside", "leaves the model's folder");
            if (part.Length == 0 || part == ".")
                return (null, "onnx.external-data.not-canonical", "has an empty or '.' part");
        }
        if (location.Any(char.IsControl))
            return (null, "onnx.external-data.not-canonical", "has control characters");
        return (folder + location, null, "");
    }
}
