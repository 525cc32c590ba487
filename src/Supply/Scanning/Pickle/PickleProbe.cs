using Merlon.Scanning.Content;

namespace Merlon.Scanning.Pickle;

/// <summary>
/// Tells a pickle without a signature (protocols 0 and 1) from other content, and finds a pickle in what is something else too, by running the beginning.
/// INVARIANT: where CPython would go on, the machine goes on; so whatever would import something when loaded is noticed here.
/// </summary>
internal static class PickleProbe
{
    /// <summary>A whole pickle, or so many bytes of valid operations.</summary>
    private const int Enough = 64;

    /// <summary>True when the content is a pickle, or one up to where it breaks.</summary>
    /// <param name="head">Its first bytes.</param>
    /// <param name="target">The content, for its size.</param>
    public static bool IsPickle(ReadOnlySpan<byte> head, ContentTarget target)
    {
        if (head.IsEmpty)
            return false;
        using var stream = new MemoryStream(head.ToArray());
        using var reader = new PickleReader(stream);
        var machine = NewMachine(reader, AnyId);
        try
        {
            machine.Run();
            // A single letter before a full stop is a pickle too, but hardly meant as one unless it imports or makes something.
            return reader.Position > 2;
        }
        catch (PickleEndException e)
        {
            return machine.StepsEnd >= Enough || machine.HasImported || GoesOn(head, target, e);
        }
        catch (PickleFormatException e)
        {
            // What has imported something before it broke would have done so when loaded.
            return machine.HasImported || e.Rule == "pickle.too-large";
        }
    }

    /// <summary>
    /// True when content of another format would import something if it were loaded as a pickle: bytes of a header or of weights that are operations too.
    /// </summary>
    public static bool Hides(ReadOnlySpan<byte> head, ContentTarget target)
    {
        if (!BeginsPickle(head, target))
            return false;
        if (!target.Content.CanSeek)
            return true;
        var at = target.Content.Position;
        using var reader = new PickleReader(target.Content);
        var machine = NewMachine(reader, NoId);
        try
        {
            machine.Run();
        }
        catch (Exception e) when (e is PickleEndException or PickleFormatException)
        {
            // How it ends does not matter, only what it did before.
        }
        finally
        {
            target.Content.Position = at;
        }
        return machine.HasImported;
    }

    private static PickleMachine NewMachine(PickleReader reader, PersistentIdJudge judge) =>
        new(reader, new FindingList(), "", new PickleSurroundings { PersistentId = judge }) { StopsAtOddNames = true };

    private static bool BeginsPickle(ReadOnlySpan<byte> head, ContentTarget target)
    {
        using var stream = new MemoryStream(head.ToArray());
        using var reader = new PickleReader(stream);
        var machine = NewMachine(reader, NoId);
        try
        {
            machine.Run();
        }
        catch (PickleEndException e)
        {
            return machine.HasImported || GoesOn(head, target, e);
        }
        catch (PickleFormatException)
        {
            // Judged by what it did before.
        }
        return machine.HasImported;
    }

    /// <summary>The operation at the end of the head ends inside the content: letters that are taken for a length announce more than there is.</summary>
    private static bool GoesOn(ReadOnlySpan<byte> head, ContentTarget target, PickleEndException end) =>
        head.Length == Scanning.Limits.SniffBytes && (target.Size < 0 ? end.Missing < 1UL << 28 : end.Missing <= (ulong)Math.Max(0, target.Size - head.Length));

    /// <summary>A plain reader stops at a persistent id, and zip archives begin as one.</summary>
    private static string? NoId(PickleValue id, out PickleValue value) => throw new PickleFormatException("pickle.persistent-id", "A plain reader knows no ids.");

    private static string? AnyId(PickleValue id, out PickleValue value)
    {
        value = PickleValue.Unknown;
        return null;
    }
}
