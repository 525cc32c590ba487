using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Merlon.Ledger;

/// <summary>
/// A signed tree head (C2SP tlog-checkpoint): the log <paramref name="Origin"/> has <paramref name="Size"/> leaves whose root is <paramref name="Root"/>.
/// </summary>
/// <param name="Note">The whole signed note.</param>
public sealed record Checkpoint(string Origin, long Size, Digest Root, string Note)
{
    /// <summary>Signs a tree head with the log's key.</summary>
    internal static Checkpoint Sign(NoteKey key, ReadOnlySpan<byte> seed, long size, Digest root)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{key.Name}\n{size}\n{Convert.ToBase64String(root.ToArray())}\n");
        var signature = Keys.Ed25519.Sign(seed, Encoding.UTF8.GetBytes(text));
        return new Checkpoint(key.Name, size, root, text + "\n" + NoteText.SignatureLine(key.Name, key.KeyId, signature));
    }

    /// <summary>Reads a note and believes it only if <paramref name="key"/> signed it and it speaks for that key's log.</summary>
    public static Result<Checkpoint> Verify(string note, NoteKey key)
    {
        if (NoteText.TryParse(note) is not { } parsed || TryReadText(parsed.Text) is not { } head)
            return new Refusal(RefusalKind.Invalid, "ledger.checkpoint.malformed", "The checkpoint is not a signed note with origin, size and root.");
        if (!string.Equals(head.Origin, key.Name, StringComparison.Ordinal))
            return new Refusal(RefusalKind.Invalid, "ledger.checkpoint.origin",
                $"The checkpoint is for the log '{Kernel.Text.Printable(head.Origin, 100)}', not for '{key.Name}'.");
        // Signatures of unknown keys are ignored; one of a known key that fails condemns the note.
        var verified = false;
        foreach (var signature in parsed.Signatures)
        {
            if (signature.KeyId != key.KeyId || !string.Equals(signature.Name, key.Name, StringComparison.Ordinal))
                continue;
            if (!Keys.Ed25519.Verify(key.PublicKey.Span, Encoding.UTF8.GetBytes(parsed.Text), signature.Signature))
                return new Refusal(RefusalKind.Invalid, "ledger.checkpoint.signature", "The checkpoint's signature is wrong: its text was changed or another key signed it.");
            verified = true;
        }
        return verified
            ? head with { Note = note }
            : new Refusal(RefusalKind.Invalid, "ledger.checkpoint.unsigned", $"The checkpoint carries no signature of the key '{key.Name}' with id {key.KeyId:x8}.");
    }

    /// <summary>Reads a note without believing it.</summary>
    internal static Result<Checkpoint> ReadUnverified(string note) => NoteText.TryParse(note) is { } parsed && TryReadText(parsed.Text) is { } head
        ? head with { Note = note }
        : new Refusal(RefusalKind.Invalid, "ledger.checkpoint.malformed", "The checkpoint is not a signed note with origin, size and root.");

    /// <summary>The time at which <paramref name="witness"/> cosigned, or null when it did not (or not rightly).</summary>
    public DateTimeOffset? CosignedBy(NoteKey witness)
    {
        if (witness.Type != NoteKeyType.CosignatureV1 || NoteText.TryParse(Note) is not { } parsed)
            return null;
        foreach (var signature in parsed.Signatures)
        {
            if (signature.KeyId != witness.KeyId || !string.Equals(signature.Name, witness.Name, StringComparison.Ordinal) || signature.Signature.Length != 72)
                continue;
            var seconds = BinaryPrimitives.ReadInt64BigEndian(signature.Signature);
            if (seconds is >= 0 and < 253_402_300_800
                && Keys.Ed25519.Verify(witness.PublicKey.Span, CosignedMessage(seconds, parsed.Text), signature.Signature.AsSpan(8)))
                return DateTimeOffset.FromUnixTimeSeconds(seconds);
        }
        return null;
    }

    /// <summary>This checkpoint with a witness's signature line added.</summary>
    public Checkpoint WithSignature(string signatureLine) => this with { Note = Note + signatureLine };

    /// <summary>The bytes that a witness signs: C2SP tlog-cosignature, "Ed25519 signed message".</summary>
    internal static byte[] CosignedMessage(long unixSeconds, string text) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {unixSeconds}\n{text}"));

    private static Checkpoint? TryReadText(string text)
    {
        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[0].Length == 0 || lines[^1].Length != 0 || lines[..^1].Any(l => l.Length == 0))
            return null;
        if (!long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || (lines[1].Length > 1 && lines[1][0] == '0'))
            return null;
        var root = new byte[64];
        return Convert.TryFromBase64String(lines[2], root, out var length) && length == Digest.Size
            ? new Checkpoint(lines[0], size, new Digest(root.AsSpan(0, Digest.Size)), "")
            : null;
    }
}
