namespace Merlon.Storage.Contracts;

/// <summary>Where the tables are.</summary>
public sealed record StorageOptions
{
    /// <summary>Path of the SQLite file.</summary>
    public required string DatabasePath { get; init; }

    /// <summary>32 bytes, derived from the root key; encrypts events that wait for the ledger.</summary>
    public required ReadOnlyMemory<byte> OutboxKey { get; init; }

    public string ConnectionString => $"Data Source={DatabasePath};Foreign Keys=True;Default Timeout=30;Pooling=True";
}
