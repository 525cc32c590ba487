using System.Globalization;
using Merlon.Scanning.Content;

namespace Merlon.Scanning.Pickle;

/// <summary>Pickle files, joblib's with raw arrays among them: one pickle, or several one after another, and nothing else.</summary>
internal sealed class PickleScanner : IContentScanner
{
    public string Format => "pickle";
    public bool NeedsSeek => false;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => HasSignature(head) || PickleProbe.IsPickle(head, target);

    /// <summary>PROTO, which begins every pickle of protocol 2 and later.</summary>
    public static bool HasSignature(ReadOnlySpan<byte> head) => head is [0x80, < 16, ..];

    public void Scan(ContentTarget target, ContentScan scan)
    {
        using var reader = new PickleReader(target.Content);
        var arrays = new RawArrays(scan, target.Location);
        var surroundings = new PickleSurroundings { AfterBuild = arrays.Read };
        var count = 0;
        while (RunOne(reader, scan, target.Location, surroundings) && !reader.AtEnd)
        {
            if (++count < Limits.Streams)
                continue;
            scan.Findings.Block("pickle.too-large", $"The file holds more than {Limits.Streams} pickles one after another.", target.Location);
            return;
        }
    }

    /// <summary>Runs one pickle. False when it could not be read to its end; a finding says why.</summary>
    public static bool RunOne(PickleReader reader, ContentScan scan, string location, PickleSurroundings surroundings)
    {
        var machine = new PickleMachine(reader, scan.Findings, location, surroundings with { Names = scan.Names });
        try
        {
            machine.Run();
            return true;
        }
        catch (Numpy.ArrayHeaderException e)
        {
            scan.Findings.Block("joblib.array", e.Message, machine.Where);
        }
        catch (PickleFormatException e)
        {
            scan.Findings.Block(e.Rule, e.Message, machine.Where, "Write the file again with its library; do not load it.");
        }
        catch (PickleEndException)
        {
            scan.Findings.Block("pickle.truncated", "The pickle ends in the middle; what comes before is run all the same when it is loaded.",
                string.Create(CultureInfo.InvariantCulture, $"{location}@{reader.Position}"), "Get the whole file.");
        }
        return false;
    }
}
