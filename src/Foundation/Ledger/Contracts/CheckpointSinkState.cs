namespace Merlon.Ledger;

/// <summary>How the copying of checkpoints to one outside place fares.</summary>
/// <param name="Size">Size of the last checkpoint that arrived; -1 when none did yet.</param>
/// <param name="LastError">Why the last attempt failed; null when it did not.</param>
/// <param name="Failures">Failed attempts since the last success.</param>
public sealed record CheckpointSinkState(Uri Address, long Size, DateTimeOffset? DeliveredAt, string? LastError, int Failures);
