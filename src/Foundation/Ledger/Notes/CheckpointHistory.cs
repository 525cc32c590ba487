namespace Merlon.Ledger;

/// <summary>The file <c>checkpoints.log</c>: signed notes one after another, oldest first.</summary>
internal static class CheckpointHistory
{
    /// <summary>The notes of the text, each whole with its signatures. A torn last one is left out; <paramref name="wholeLength"/> tells where it begins.</summary>
    internal static List<string> Split(string text, out int wholeLength)
    {
        var notes = new List<string>();
        var start = 0;
        while (start < text.Length)
        {
            var separator = text.IndexOf("\n\n", start, StringComparison.Ordinal);
            if (separator < 0)
                break;
            var end = separator + 2;
            while (end < text.Length && text[end] == '\u2014' && text.IndexOf('\n', end) is var newline and >= 0)
                end = newline + 1;
            // A signature line that lacks its newline, or a note without any signature, is torn.
            if (end == separator + 2 || (end < text.Length && text[end] == '\u2014'))
                break;
            notes.Add(text[start..end]);
            start = end;
        }
        wholeLength = start;
        return notes;
    }
}
