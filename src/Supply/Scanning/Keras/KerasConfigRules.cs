using Merlon.Scanning.Content;
using System.Text.Json;

namespace Merlon.Scanning.Keras;

/// <summary>
/// A Keras configuration, from a <c>.keras</c> archive or an HDF5 attribute. Loading builds every object that it names, so every class, and the module
/// it is said to be of, must be on a list. Safe mode of the loader is not relied on: HDF5 files are loaded without it.
/// </summary>
internal static class KerasConfigRules
{
    private const int MaxDepth = 256;

    public static void Judge(string location, ReadOnlyMemory<byte> json, ContentScan scan)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth });
            Visit(document.RootElement, "", location, scan);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            scan.Findings.Block("keras.config", "The configuration is not strict JSON.", location);
        }
    }

    private static void Visit(JsonElement element, string path, string location, ContentScan scan)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in element.EnumerateArray())
                Visit(item, $"{path}/{index++}", location, scan);
        }
        if (element.ValueKind != JsonValueKind.Object)
            return;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (!names.Add(property.Name))
                scan.Findings.Block("keras.duplicate-key", $"The key '{property.Name}' stands twice.", location + "#" + path);
            if (property.Name is "custom_objects" or "registered_custom_objects")
                scan.Findings.Block("keras.custom-object", $"The configuration brings its own '{property.Name}'.", location + "#" + path);
        }
        if (names.Contains("class_name"))
            JudgeClass(element, location + "#" + path, scan);
        foreach (var property in element.EnumerateObject())
            Visit(property.Value, $"{path}/{property.Name}", location, scan);
    }

    private static void JudgeClass(JsonElement element, string location, ContentScan scan)
    {
        var name = Text(element, "class_name");
        var module = Text(element, "module");
        var registered = Text(element, "registered_name");
        if (name is "Lambda" or "__lambda__" || registered is "Lambda" || (name?.EndsWith(">Lambda", StringComparison.Ordinal) ?? false))
        {
            scan.Findings.Block("keras.lambda", "A layer is a Lambda, which holds Python code.", location);
            return;
        }
        if (name == "function")
        {
            if (Text(element, "config") is not { } function || !KerasNames.Functions.Contains(function) || module is not null and not "builtins" and not "keras.activations" || registered is not null and not "function")
                scan.Findings.Block("keras.function", "A function is named that is none of Keras's own activations, losses or metrics.", location);
            return;
        }
        if (name is null || !KerasNames.IsAllowed(module, name))
            scan.Findings.Block("keras.class", $"The class '{module ?? "(no module)"}.{name ?? "(no name)"}' is not on the list of what Keras models need.", location);
        else if (registered is not null && registered != name && !string.Equals(registered, "", StringComparison.Ordinal))
            scan.Findings.Block("keras.custom-object", $"The object is registered under the name '{registered}', which is no class of Keras.", location);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.ValueKind switch { JsonValueKind.String => value.GetString(), JsonValueKind.Null => null, _ => "(not a text)" } : null;
}
