namespace Merlon.Kernel;

/// <summary>What a gate says of an artifact.</summary>
public enum Verdict
{
    Pass,
    Warn,
    Block,
}

/// <summary>
/// A question asked of an artifact before it may run. Gates run in the order in which the policy lists them; each sees the same immutable subject.
/// A gate that throws is a block: what could not be judged is not clean.
/// </summary>
public interface IGate
{
    /// <summary>The stable name that the policy and the evidence use.</summary>
    string Name { get; }

    ValueTask<GateVerdict> EvaluateAsync(GateSubject subject, CancellationToken cancellationToken);
}

/// <summary>The artifact under question: one immutable version, named by its manifest digest.</summary>
public sealed record GateSubject
{
    public required Scope Scope { get; init; }
    public required string Model { get; init; }
    public required int Version { get; init; }
    public required Digest Manifest { get; init; }
    public required IReadOnlyList<ArtifactFile> Files { get; init; }
    public required string Environment { get; init; }

    /// <summary>Pseudonymous id of the principal who pushed the version.</summary>
    public required string Author { get; init; }
    public required IArtifactReader Artifact { get; init; }
}

/// <summary>One file of an artifact. <paramref name="Path"/> is canonical: relative, '/'-separated, no '.' or '..' part, NFC.</summary>
public sealed record ArtifactFile(string Path, long Size, Digest Sha256);

/// <summary>Reads the sealed artifact in authenticated frames, without ever writing it in clear.</summary>
public interface IArtifactReader
{
    /// <summary>Opens one file for random access. The stream is read-only and seekable; a frame that does not authenticate throws <see cref="InvalidDataException"/>.</summary>
    Stream OpenFile(string path);
}

/// <summary>One thing a gate found.</summary>
/// <param name="Rule">Stable rule id, such as <c>onnx.external-data.outside</c>.</param>
/// <param name="Location">File, and where in it, when that is known.</param>
public sealed record Finding(string Rule, Verdict Severity, string Message, string? Location = null, string? Remedy = null)
{
    /// <summary>Set when a signed policy excuses it: then <see cref="Severity"/> is pass, and the finding is still shown.</summary>
    public Suppression? Suppressed { get; init; }
}

/// <summary>Why a finding does not count.</summary>
/// <param name="Severity">What it would be otherwise.</param>
public sealed record Suppression(Verdict Severity, string Reason);

/// <summary>A gate's answer with its findings and its evidence.</summary>
public sealed record GateVerdict(string Gate, Verdict Verdict, string Reason)
{
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>Flat facts that let someone else repeat the judgement: rule versions, key ids, digests.</summary>
    public IReadOnlyDictionary<string, string> Evidence { get; init; } = new Dictionary<string, string>();
    public TimeSpan Duration { get; init; }
}
