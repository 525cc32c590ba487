using System.Buffers.Binary;
using System.Text;
using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>
/// Watches other logs (C2SP tlog-witness): cosigns a checkpoint only when it provably extends the last one it saw of that log, and remembers it
/// durably before it signs. Safe for concurrent use in one process.
/// </summary>
public sealed class CheckpointWitness : IDisposable
{
    private readonly Lock _lock = new();
    private readonly string _directory;
    private readonly byte[] _seed;
    private readonly TimeProvider _time;

    /// <param name="directory">Keeps the last checkpoint of each log.</param>
    /// <param name="name">The witness's key name, a schema-less URL.</param>
    /// <param name="seed">Its Ed25519 seed, used for nothing else: the cosigned message does not name the witness.</param>
    /// <param name="time">Stamps the cosignatures.</param>
    public CheckpointWitness(string directory, string name, ReadOnlySpan<byte> seed, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        (_directory, _seed, _time) = (directory, seed.ToArray(), time);
        Key = new NoteKey(name, Ed25519.PublicKey(seed), NoteKeyType.CosignatureV1);
    }

    /// <summary>With which others check the cosignatures.</summary>
    public NoteKey Key { get; }

    /// <summary>The size of the log that this witness saw last; 0 for a log that it never saw. The proof must begin there.</summary>
    public long SeenSize(NoteKey log)
    {
        lock (_lock)
            return Seen(log)?.Size ?? 0;
    }

    /// <summary>
    /// Cosigns: 1. the log signed the checkpoint; 2. the proof begins at what was seen last; 3. it proves that nothing before was changed;
    /// 4. it is remembered; 5. it is signed. Returns the checkpoint with the cosignature.
    /// </summary>
    public Result<Checkpoint> Cosign(NoteKey log, string note, ConsistencyProof proof)
    {
        // 1
        if (!Checkpoint.Verify(note, log).Try(out var checkpoint, out var refusal))
            return refusal;
        if (proof.Path.Count > Limits.MaxProofHashes)
            return new Refusal(RefusalKind.TooLarge, "witness.proof", $"A consistency proof has at most {Limits.MaxProofHashes} hashes.");
        lock (_lock)
        {
            // 2
            var seen = Seen(log);
            var (seenSize, seenRoot) = seen is null ? (0, Digest.Of([])) : (seen.Size, seen.Root);
            if (proof.OldSize != seenSize || proof.NewSize != checkpoint.Size)
                return new Refusal(RefusalKind.Conflict, "witness.size", $"This witness saw the log at {seenSize} events last; the proof goes from {proof.OldSize} to {proof.NewSize}.") { Remedy = "Send a proof that begins there." };
            // 3
            if (!proof.Verify(seenRoot, checkpoint.Root))
                return new Refusal(RefusalKind.Blocked, "witness.inconsistent", $"The checkpoint for {checkpoint.Size} events does not extend the one for {seenSize} that this witness saw: the log was rewritten.");
            // 4
            DurableFile.Replace(PathOf(log), checkpoint.Note);
        }
        // 5
        var seconds = _time.GetUtcNow().ToUnixTimeSeconds();
        var text = checkpoint.Note[..(checkpoint.Note.LastIndexOf("\n\n", StringComparison.Ordinal) + 1)];
        var signature = new byte[8 + Ed25519.SignatureSize];
        BinaryPrimitives.WriteInt64BigEndian(signature, seconds);
        Ed25519.Sign(_seed, Checkpoint.CosignedMessage(seconds, text)).CopyTo(signature, 8);
        return checkpoint.WithSignature(NoteText.SignatureLine(Key.Name, Key.KeyId, signature));
    }

    private Checkpoint? Seen(NoteKey log)
    {
        if (!File.Exists(PathOf(log)))
            return null;
        return Checkpoint.Verify(File.ReadAllText(PathOf(log)), log).Try(out var seen, out var refusal)
            ? seen
            : throw new InvalidDataException($"What this witness remembers of the log {log.Name} is damaged: {refusal.Detail}");
    }

    // The name is hashed: an origin is text from outside and no file name.
    private string PathOf(NoteKey log) => Path.Combine(_directory, Digest.Of(Encoding.UTF8.GetBytes(log.Name)).Hex);

    public void Dispose() => System.Security.Cryptography.CryptographicOperations.ZeroMemory(_seed);
}
