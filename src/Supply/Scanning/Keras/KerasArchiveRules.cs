using Merlon.Scanning.Content;

namespace Merlon.Scanning.Keras;

/// <summary>The entries of a Keras 3 archive, however they were taken out of it.</summary>
internal sealed class KerasArchiveRules(ContentTarget target, ContentScan scan)
{
    private static readonly string[] s_required = ["config.json", "metadata.json"];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <param name="content">At its first byte; read once.</param>
    public void Judge(string name, Stream content, long size)
    {
        var place = target.Part(name);
        if (!_names.Add(name))
        {
            scan.Findings.Block("keras.archive", $"The entry '{name}' stands twice.", place);
            return;
        }
        switch (name)
        {
            case "config.json" or "metadata.json":
                if (WholeContent.Read(content, size, Limits.ConfigurationBytes) is not { } json)
                    scan.Findings.Block("keras.config", $"The configuration has more than {Limits.ConfigurationBytes} bytes.", place);
                else
                    KerasConfigRules.Judge(place, json, scan);
                break;
            case "model.weights.h5" or "model.weights.json":
                scan.Descend(new ContentTarget(place, name, content, size, target.Depth + 1));
                break;
            case var asset when asset.StartsWith("assets/", StringComparison.Ordinal):
                if (!asset.EndsWith('/'))
                    scan.Descend(new ContentTarget(place, name[(name.LastIndexOf('/') + 1)..], content, size, target.Depth + 1));
                break;
            default:
                scan.Findings.Block("keras.entry", $"The entry '{name}' does not belong into a Keras archive.", place);
                break;
        }
    }

    public void Finish()
    {
        foreach (var name in s_required.Where(name => !_names.Contains(name)))
            scan.Findings.Block("keras.archive", $"The archive has no '{name}'.", target.Location);
    }
}
