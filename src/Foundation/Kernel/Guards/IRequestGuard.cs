using System.Buffers;

namespace Merlon.Kernel;

/// <summary>Which way a guard looks.</summary>
[Flags]
public enum GuardSides
{
    Request = 1,
    Response = 2,
}

/// <summary>
/// A question asked of a request or its answer while it passes. Incremental: it sees the bytes in chunks, and may hold back at most
/// <see cref="HoldBack"/> bytes until it can decide, so that a streamed answer gets the same verdict as a whole one.
/// One instance serves all calls and is safe for concurrent use; the state of one call lives in the pass.
/// </summary>
public interface IRequestGuard
{
    string Name { get; }
    GuardSides Sides { get; }

    /// <summary>Upper bound of bytes that a pass keeps unreleased between two chunks.</summary>
    int HoldBack { get; }

    /// <summary>Begins to look at one side of one call. Null: this guard has nothing to ask of it.</summary>
    IGuardPass? Begin(in GuardedCall call, GuardSides side);
}

/// <summary>What was resolved once and is what will be executed: caller, target, content type of the bytes to come.</summary>
public readonly record struct GuardedCall(Scope Scope, string Caller, string Endpoint, Digest Manifest, string ContentType);

/// <summary>One guard looking at one side of one call.</summary>
public interface IGuardPass
{
    /// <summary>
    /// Takes the next chunk and writes to <paramref name="released"/> what may go on. On refusal nothing that was not released before is released.
    /// After <paramref name="last"/> nothing may be held back.
    /// </summary>
    GuardDecision Inspect(ReadOnlySpan<byte> chunk, bool last, IBufferWriter<byte> released);
}

/// <summary>Allow, change (allowed, but other bytes were released than came in) or refuse.</summary>
public readonly record struct GuardDecision(GuardOutcome Outcome, Refusal? Refusal = null)
{
    public static readonly GuardDecision Allow = new(GuardOutcome.Allow);
    public static readonly GuardDecision Change = new(GuardOutcome.Change);
    public static GuardDecision Refuse(Refusal refusal) => new(GuardOutcome.Refuse, refusal);
}

public enum GuardOutcome
{
    Allow,
    Change,
    Refuse,
}
