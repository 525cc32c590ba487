using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Merlon.Kernel;
using Merlon.Storage.Outbox;
using Microsoft.Data.Sqlite;

namespace Merlon.Storage.Contracts;

/// <summary>
/// Moves events from the outbox table into the ledger, in order of their ids. The append is idempotent by event id, so a crash between the
/// append and the delete records nothing twice.
/// </summary>
public sealed class OutboxPump : IDisposable
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly StorageOptions _options;
    private readonly IEventSink _sink;
    private readonly AesGcm _cipher;

    /// <summary>INVARIANT: held around each use of the cipher. One OpenSSL context stands behind it, and two uses at once mix their nonces and data.</summary>
    private readonly Lock _cipherLock = new();
    private readonly SemaphoreSlim _turn = new(1, 1);

    public OutboxPump(StorageOptions options, IEventSink sink)
    {
        _options = options;
        _sink = sink;
        _cipher = new AesGcm(options.OutboxKey.Span, TagSize);
    }

    internal OutboxEntry Seal(SecurityEvent securityEvent)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(securityEvent, OutboxJson.Default.SecurityEvent);
        var payload = new byte[NonceSize + plain.Length + TagSize];
        RandomNumberGenerator.Fill(payload.AsSpan(0, NonceSize));
        lock (_cipherLock)
        {
            _cipher.Encrypt(payload.AsSpan(0, NonceSize), plain, payload.AsSpan(NonceSize, plain.Length), payload.AsSpan(NonceSize + plain.Length),
                securityEvent.Id.ToByteArray());
        }
        return new OutboxEntry { Id = securityEvent.Id, Payload = payload };
    }

    /// <summary>Delivers everything that is committed by now. Safe to call at any time and from many callers.</summary>
    /// <returns>How many events were delivered.</returns>
    public async Task<int> FlushAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await using var connection = new SqliteConnection(_options.ConnectionString);
            await connection.OpenAsync(cancellationToken);
            var pending = await ReadAsync(connection, cancellationToken);
            // All are handed over before the first is awaited: the ledger makes one fsync of them.
            var appends = pending.Select(e => AppendAsync(e, cancellationToken)).ToArray();
            var failures = new List<Exception>();
            var delivered = new List<SecurityEvent>(pending.Count);
            for (var i = 0; i < appends.Length; i++)
            {
                try
                {
                    await appends[i];
                    delivered.Add(pending[i]);
                }
                catch (Exception e)
                {
                    failures.Add(e);
                }
            }
            // What was recorded leaves the outbox even when another event could not be.
            if (delivered.Count > 0)
                await DeleteAsync(connection, delivered, CancellationToken.None);
            if (failures.Count > 0)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failures[0]);
            return delivered.Count;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// An event that the ledger can never take (its form is wrong, not the disk) must not hold up all that come after it. In its place, under its id,
    /// goes one that says so.
    /// </summary>
    private async Task AppendAsync(SecurityEvent securityEvent, CancellationToken cancellationToken)
    {
        try
        {
            await _sink.AppendAsync(securityEvent, Durability.Disk, cancellationToken);
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException))
        {
            await _sink.AppendAsync(
                new SecurityEvent
                {
                    Id = securityEvent.Id,
                    Time = securityEvent.Time,
                    Class = OcsfClass.EntityManagement,
                    Activity = 99,
                    Operation = "event.unrecordable",
                    Status = EventStatus.Failure,
                    Severity = EventSeverity.High,
                    Scope = securityEvent.Scope,
                    Actor = securityEvent.Actor,
                    Service = securityEvent.Service,
                    Message = $"An event of the operation '{Text.Printable(securityEvent.Operation, 80)}' could not be recorded in its own form.",
                },
                Durability.Disk, cancellationToken);
        }
    }

    private async Task<List<SecurityEvent>> ReadAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        var events = new List<SecurityEvent>();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT Id, Payload FROM storage_outbox ORDER BY Id";
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            events.Add(Open(reader.GetGuid(0), (byte[])reader.GetValue(1)));
        return events;
    }

    private SecurityEvent Open(Guid id, byte[] payload)
    {
        var plain = new byte[payload.Length - NonceSize - TagSize];
        lock (_cipherLock)
            _cipher.Decrypt(payload.AsSpan(0, NonceSize), payload.AsSpan(NonceSize, plain.Length), payload.AsSpan(NonceSize + plain.Length), plain, id.ToByteArray());
        return JsonSerializer.Deserialize(plain, OutboxJson.Default.SecurityEvent) ?? throw new InvalidDataException($"Outbox entry {id} is empty.");
    }

    private static async Task DeleteAsync(SqliteConnection connection, List<SecurityEvent> delivered, CancellationToken cancellationToken)
    {
        await using var transaction = (SqliteTransaction)await connection.BeginTransactionAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "DELETE FROM storage_outbox WHERE Id = $id";
        var id = command.Parameters.Add("$id", SqliteType.Text);
        foreach (var securityEvent in delivered)
        {
            // The same text form as EF Core writes.
            id.Value = securityEvent.Id.ToString().ToUpperInvariant();
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
    }

    public void Dispose()
    {
        _cipher.Dispose();
        _turn.Dispose();
    }
}

[JsonSerializable(typeof(SecurityEvent))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class OutboxJson : JsonSerializerContext;
