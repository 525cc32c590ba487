using System.Text.Json;
using System.Text.Json.Serialization;

namespace Merlon.Ledger;

/// <summary>Stands where a body segment was: retention removed the bodies of <paramref name="First"/> to <paramref name="Last"/>.</summary>
/// <param name="Event">Index of the event that recorded the pruning, so that a marker cannot be planted without a trace in the log.</param>
internal sealed record PruneMarker(Guid Organisation, long First, long Last, DateTimeOffset PrunedAt, long Event)
{
    private const int MaxBytes = 4096;

    internal string ToJson() => JsonSerializer.Serialize(this, PruneMarkerJson.Default.PruneMarker);

    /// <summary>Null when the file is not a marker.</summary>
    internal static PruneMarker? TryRead(string path)
    {
        try
        {
            return new FileInfo(path).Length > MaxBytes ? null : JsonSerializer.Deserialize(File.ReadAllText(path), PruneMarkerJson.Default.PruneMarker);
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>All markers of an organisation.</summary>
    internal static List<PruneMarker> All(LogPaths paths, Guid organisation)
    {
        var markers = new List<PruneMarker>();
        foreach (var first in LogPaths.Numbers(paths.Organisation(organisation), ".pruned"))
        {
            if (TryRead(paths.Pruned(organisation, first)) is { } marker && marker.Organisation == organisation)
                markers.Add(marker);
        }
        return markers;
    }

    internal bool Covers(long sequence) => First <= sequence && sequence <= Last;
}

[JsonSerializable(typeof(PruneMarker))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class PruneMarkerJson : JsonSerializerContext;
