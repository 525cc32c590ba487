using Merlon.Scanning.Content;

namespace Merlon.Scanning.TensorFlow;

/// <summary>A protocol-buffer message that fills the whole file and whose fields are those of the format, and no others.</summary>
internal static class WholeMessage
{
    /// <param name="fields">The first number must be there.</param>
    public static bool Is(ContentTarget target, params ReadOnlySpan<int> fields)
    {
        if (!target.Content.CanSeek)
            return false;
        var (found, count) = (false, 0);
        try
        {
            foreach (var field in new WireReader(target.Content).Fields(0, target.Content.Length))
            {
                if (!fields.Contains(field.Number) || ++count > Limits.SniffedFields)
                    return false;
                found |= field.Number == fields[0] && field.Type == WireField.Bytes;
            }
            return found;
        }
        catch (MalformedException)
        {
            return false;
        }
        finally
        {
            target.Content.Position = 0;
        }
    }
}

/// <summary><c>saved_model.pb</c>.</summary>
internal sealed class SavedModelScanner : IContentScanner
{
    public string Format => "tensorflow-saved-model";
    public bool NeedsSeek => true;

    // Schema version 1, then a meta graph that begins with its tags or its graph.
    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => head.Length > 4 && head[0] == 8 && head[1] == 1 && head[2] == 0x12;

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            new GraphWalk(target, scan, new WireReader(target.Content)).SavedModel(target.Content.Length);
        }
        catch (MalformedException e)
        {
            scan.Block(target, e);
        }
    }
}

/// <summary>A frozen graph: a GraphDef that is a file of its own.</summary>
internal sealed class FrozenGraphScanner : IContentScanner
{
    public string Format => "tensorflow-graph";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => head.Length > 4 && head[0] == 0x0A && HasNode(head) && WholeMessage.Is(target, 1, 2, 3, 4, 5);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            new GraphWalk(target, scan, new WireReader(target.Content)).FrozenGraph(target.Content.Length);
        }
        catch (MalformedException e)
        {
            scan.Block(target, e);
        }
    }

    // The first node begins with its name, a text of a plain length, and goes on with its operation.
    private static bool HasNode(ReadOnlySpan<byte> head)
    {
        var at = 1;
        while (at < head.Length && head[at] >= 0x80 && at < 6)
            at++;
        at++;
        if (at + 2 >= head.Length || head[at] != 0x0A || head[at + 1] >= 0x80)
            return false;
        var operation = at + 2 + head[at + 1];
        return operation + 2 < head.Length && head[operation] == 0x12 && char.IsAsciiLetterOrDigit((char)head[operation + 2]) | head[operation + 2] == (byte)'_';
    }
}

/// <summary>The variables beside a saved model: an index in the form of a LevelDB table, and shards of raw numbers.</summary>
internal static class Checkpoint
{
    private static readonly byte[] s_tableMagic = [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB];

    /// <returns>False when the file is none of a checkpoint's.</returns>
    public static bool Judge(ContentTarget target, ContentScan scan)
    {
        if (target.Depth > 0 || !target.Content.CanSeek || !Is(target, scan.Beside))
            return false;
        scan.Rename(target, "tensorflow-checkpoint");
        var path = target.Location;
        var folder = path[..Math.Max(0, path.LastIndexOf('/'))];
        var model = folder[..(folder.LastIndexOf('/') + 1)] + "saved_model.pb";
        if (scan.Beside?.Files.Any(file => file.Path == model) == true)
            scan.Findings.Warn("tensorflow.checkpoint", "The file holds variables of the saved model beside it.", path);
        else
            scan.Findings.Block("tensorflow.checkpoint-alone", "The file is part of a TensorFlow checkpoint without a saved model.", path);
        return true;
    }

    private static bool Is(ContentTarget target, FilesBeside? beside)
    {
        if (EndsWithMagic(target.Content))
            return true;
        var shard = target.Location.LastIndexOf(".data-", StringComparison.Ordinal);
        if (shard < 0 || beside is null)
            return false;
        var index = target.Location[..shard] + ".index";
        if (beside.Files.All(file => file.Path != index))
            return false;
        using var stream = beside.Open(index);
        return EndsWithMagic(stream);
    }

    private static bool EndsWithMagic(Stream content)
    {
        if (content.Length < 48)
            return false;
        var tail = new byte[s_tableMagic.Length];
        content.Position = content.Length - tail.Length;
        content.ReadExactly(tail);
        content.Position = 0;
        return tail.AsSpan().SequenceEqual(s_tableMagic);
    }
}
