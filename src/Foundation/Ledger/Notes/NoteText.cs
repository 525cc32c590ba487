using System.Text;

namespace Merlon.Ledger;

/// <summary>One signature line of a note: key name, and the decoded blob (key id, then signature).</summary>
internal readonly record struct NoteSignature(string Name, uint KeyId, byte[] Signature, string Line);

/// <summary>A note of C2SP signed-note, taken apart but not yet believed.</summary>
internal sealed record NoteText(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    private const string SignaturePrefix = "\u2014 ";

    /// <summary>Null when <paramref name="note"/> is not a well-formed note within the limits.</summary>
    internal static NoteText? TryParse(string note)
    {
        if (note.Length > Limits.MaxNoteCharacters || !note.EndsWith('\n') || note.Any(c => c < ' ' && c != '\n') || note.Contains('\uFFFD', StringComparison.Ordinal))
            return null;
        // The text may hold empty lines itself: the last one separates.
        var split = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0)
            return null;
        var signatures = new List<NoteSignature>();
        foreach (var line in note[(split + 2)..^1].Split('\n'))
        {
            if (signatures.Count == Limits.MaxNoteSignatures || !line.StartsWith(SignaturePrefix, StringComparison.Ordinal))
                return null;
            var space = line.IndexOf(' ', SignaturePrefix.Length);
            if (space <= SignaturePrefix.Length)
                return null;
            var blob = new byte[line.Length];
            if (!Convert.TryFromBase64String(line[(space + 1)..], blob, out var length) || length < 5)
                return null;
            signatures.Add(new NoteSignature(line[SignaturePrefix.Length..space],
                System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(blob), blob[4..length], line + "\n"));
        }
        return new NoteText(note[..(split + 1)], signatures);
    }

    internal static string SignatureLine(string name, uint keyId, ReadOnlySpan<byte> signature)
    {
        var blob = new byte[4 + signature.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(blob, keyId);
        signature.CopyTo(blob.AsSpan(4));
        return new StringBuilder(SignaturePrefix).Append(name).Append(' ').Append(Convert.ToBase64String(blob)).Append('\n').ToString();
    }
}
