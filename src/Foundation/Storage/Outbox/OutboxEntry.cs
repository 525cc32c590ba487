namespace Merlon.Storage.Outbox;

/// <summary>An event on its way into the ledger. The payload is encrypted: it may hold personal fields, and a deleted row can linger in the file.</summary>
internal sealed class OutboxEntry
{
    public required Guid Id { get; init; }
    public required byte[] Payload { get; init; }
}
