using Merlon.Kernel;
using Merlon.Scanning.Archives;
using Merlon.Scanning.Hdf5;
using Merlon.Scanning.Pickle;
using Merlon.Scanning.Policy;
using Merlon.Scanning.Torch;

namespace Merlon.Scanning.Content;

/// <summary>One scan of one file: its findings, and the bounds that all its nested parts share.</summary>
internal sealed class ContentScan(FindingList findings)
{
    private long _expanded;
    private int _parts;

    public FindingList Findings => findings;

    /// <summary>Names that pickles may import.</summary>
    public PolicyNames Names { get; init; } = PolicyNames.None;

    /// <summary>Files beside the outermost one; null when it stands alone.</summary>
    public FilesBeside? Beside { get; init; }

    /// <summary>Format of the outermost content, once known.</summary>
    public string? Format { get; private set; }

    /// <summary>Gives the outermost content a more exact name, once its scanner knows it.</summary>
    public void Rename(ContentTarget target, string format)
    {
        if (target.Depth == 0)
            Format = format;
    }

    /// <summary>Takes <paramref name="bytes"/> from what compressed content may grow to. False, with a finding, when that is used up: stop.</summary>
    public bool Expand(long bytes, string location)
    {
        _expanded += bytes;
        if (_expanded <= Limits.ExpandedBytes)
            return true;
        findings.Block("archive.too-large", $"Compressed content grows to more than {Limits.ExpandedBytes} bytes.", location, "Push the files uncompressed.");
        return false;
    }

    /// <summary>Identifies content and has it looked at by the scanner of its format. What no scanner knows is a finding that blocks.</summary>
    public void Descend(ContentTarget target)
    {
        if (target.Depth > Limits.Depth || ++_parts > Limits.Parts)
        {
            findings.Block("archive.too-deep", $"Content is nested in more than {Limits.Depth} levels, or has more than {Limits.Parts} parts.", target.Location);
            return;
        }
        var head = new HeadStream(target.Content, Limits.SniffBytes);
        var seen = target with { Content = head };
        foreach (var scanner in ContentFormats.All)
        {
            if (!scanner.Recognises(head.Head, seen))
                continue;
            if (target.Depth == 0)
                Format = scanner.Format;
            if (scanner is not (PickleScanner or TorchLegacyScanner) && PickleProbe.Hides(head.Head, seen))
                findings.Block("pickle.polyglot", $"The file is {scanner.Format}, and a pickle that imports something to a reader that takes it for one.", target.Location,
                    "Do not load it.");
            // What lies behind the first header of a tar file is looked at as what it is.
            if (scanner is not (Hdf5Scanner or TarScanner) && Hdf5Elsewhere.Is(head.Head, seen))
                findings.Block("hdf5.polyglot", $"The content is {scanner.Format}, and an HDF5 file to the HDF5 library, which finds one behind other bytes.", target.Location, "Do not load it.");
            Run(scanner, seen);
            return;
        }
        if (target.Depth == 0)
            Format = "unknown";
        // Weights without a format of their own are what the model beside them says.
        if (TensorFlow.Checkpoint.Judge(seen, this) || Onnx.ExternalWeights.Judge(seen, this))
            return;
        findings.Block("file.unknown", "The content is of no format that is understood.", target.Location, "Remove the file, or convert it to a format that can be checked.");
    }

    private void Run(IContentScanner scanner, ContentTarget target)
    {
        if (!scanner.NeedsSeek || target.Content.CanSeek)
        {
            scanner.Scan(target, this);
            return;
        }
        using var kept = Keep(target);
        if (kept is not null)
            scanner.Scan(target with { Content = kept, Size = kept.Length }, this);
    }

    private MemoryStream? Keep(ContentTarget target)
    {
        var kept = new MemoryStream();
        var piece = new byte[64 * 1024];
        int count;
        while ((count = target.Content.Read(piece)) > 0)
        {
            if (kept.Length + count > Limits.KeptBytes)
            {
                findings.Block("archive.nested-too-large", $"A compressed {Text.Printable(target.Name, 80)} of more than {Limits.KeptBytes} bytes would have to be unpacked to be looked at.",
                    target.Location, "Push it uncompressed.");
                kept.Dispose();
                return null;
            }
            kept.Write(piece.AsSpan(0, count));
        }
        kept.Position = 0;
        return kept;
    }
}
