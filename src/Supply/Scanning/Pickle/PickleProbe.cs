namespace Merlon.Scanning.Pickle;

/// <summary>Tells a pickle without a signature (protocols 0 and 1) from other content, by running its beginning.</summary>
internal static class PickleProbe
{
    /// <summary>True when the bytes are a whole pickle, or begin one with at least this many bytes of valid operations.</summary>
    private const int Enough = 64;

    private static string? AnyId(PickleValue id, out PickleValue value)
    {
        value = PickleValue.Unknown;
        return null;
    }

    public static bool IsPickle(ReadOnlySpan<byte> head)
    {
        if (head.IsEmpty)
            return false;
        using var stream = new MemoryStream(head.ToArray());
        using var reader = new PickleReader(stream);
        var machine = new PickleMachine(reader, new FindingList(), "", new PickleSurroundings { PersistentId = AnyId });
        try
        {
            machine.Run();
            // A single letter before a full stop is a pickle too, but hardly meant as one unless it imports or makes something.
            return reader.Position > 2;
        }
        catch (PickleEndException)
        {
            return machine.StepsEnd >= Enough || machine.HasImported;
        }
        catch (PickleFormatException)
        {
            // What has imported something before it broke would have done so when loaded.
            return machine.HasImported;
        }
    }
}
