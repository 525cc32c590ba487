using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>Decrypts stored bodies with the keys that a reader was given, and checks each against its leaf. Not safe for concurrent use.</summary>
internal sealed class BodyOpener(LogPaths paths, LedgerKeys? keys) : IDisposable
{
    private const int MaxReceivers = 1024;
    private readonly Dictionary<Guid, OrganisationBodies> _bodies = [];
    private readonly Dictionary<Guid, ReadingKey> _organisationKeys = [];
    private readonly Dictionary<(Guid, string), ReadingKey> _subjectKeys = [];
    private readonly Dictionary<Digest, SealedBoxReceiver?> _receivers = [];

    internal LedgerEntry Open(in LeafRecord leaf, Digest leafHash)
    {
        var entry = new LedgerEntry
        {
            Index = leaf.Sequence,
            Time = DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(leaf.Time, -62_135_596_800_000, 253_402_300_799_999)),
            Class = (OcsfClass)leaf.Class,
            Activity = leaf.Activity,
            Organisation = leaf.Organisation,
            LeafHash = leafHash,
            State = BodyState.Missing,
        };
        if (!_bodies.TryGetValue(leaf.Organisation, out var bodies))
            _bodies.Add(leaf.Organisation, bodies = new OrganisationBodies(paths, leaf.Organisation));
        if (bodies.Find(leaf.Sequence) is not { } stored)
            return bodies.IsPruned(leaf.Sequence) ? entry with { State = BodyState.Pruned } : entry;
        if (SegmentRecord.Hash(stored.HeadHash, stored.Record) != leaf.SealedHash)
            return entry with { State = BodyState.Damaged };
        var key = OrganisationKey(leaf.Organisation);
        if (key.PrivateKey.IsEmpty)
            return entry with { State = key.WasErased ? BodyState.Erased : BodyState.Sealed };
        return TryDecrypt(stored, key) is { } payload && Digest.Of(payload) == leaf.BodyHash
            ? WithPersonal(entry with { State = BodyState.Open, Salt = payload.AsMemory(0, AppendOperation.SaltSize), Body = payload.AsMemory(AppendOperation.SaltSize) })
            : entry with { State = BodyState.Damaged };
    }

    private byte[]? TryDecrypt(SegmentScanner stored, ReadingKey key)
    {
        if (Receiver(stored, key) is not { } receiver)
            return null;
        var record = stored.Record;
        Span<byte> associated = stackalloc byte[SegmentRecord.PrefixSize + Digest.Size];
        SegmentRecord.AssociatedData(record, stored.HeadHash, associated);
        var payload = new byte[record.Length - SegmentRecord.Overhead];
        return receiver.TryOpen(BinaryPrimitives.ReadUInt64BigEndian(record[12..]), record[SegmentRecord.PrefixSize..], associated, payload) ? payload : null;
    }

    private SealedBoxReceiver? Receiver(SegmentScanner stored, ReadingKey key)
    {
        if (_receivers.TryGetValue(stored.HeadHash, out var known))
            return known;
        if (_receivers.Count >= MaxReceivers)
            DisposeReceivers();
        SealedBoxReceiver? receiver = null;
        try
        {
            receiver = new SealedBoxReceiver(key.PrivateKey.Span, stored.Header.Ephemeral, SegmentHeader.Context(stored.Header.Organisation));
        }
        catch (Exception exception) when (exception is InvalidDataException or CryptographicException)
        {
            // A damaged head, or a key of another kind: its bodies show as damaged.
        }
        _receivers.Add(stored.HeadHash, receiver);
        return receiver;
    }

    private LedgerEntry WithPersonal(LedgerEntry entry)
    {
        using var document = JsonDocument.Parse(entry.Body);
        if (!document.RootElement.TryGetProperty("unmapped", out var unmapped) || !unmapped.TryGetProperty("personal", out var personal))
            return entry;
        var subject = personal.GetProperty("subject").GetString() ?? "";
        entry = entry with { Subject = subject };
        var key = SubjectKey(entry.Organisation, subject);
        if (key.PrivateKey.IsEmpty)
            return entry with { Personal = key.WasErased ? PersonalState.Erased : PersonalState.Sealed };
        try
        {
            var eventId = document.RootElement.GetProperty("metadata").GetProperty("uid").GetGuid();
            var opened = SealedBox.Open(key.PrivateKey.Span, PersonalSealer.Context, personal.GetProperty("sealed").GetBytesFromBase64(), PersonalSealer.AssociatedData(eventId));
            using var fields = JsonDocument.Parse(opened);
            var values = fields.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.GetString() ?? "", StringComparer.Ordinal);
            return entry with { Personal = PersonalState.Open, PersonalFields = values };
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException or CryptographicException)
        {
            return entry with { Personal = PersonalState.Damaged };
        }
    }

    private ReadingKey OrganisationKey(Guid organisation)
    {
        if (keys is null)
            return ReadingKey.None;
        if (!_organisationKeys.TryGetValue(organisation, out var key))
            _organisationKeys.Add(organisation, key = keys.Organisation(organisation));
        return key;
    }

    private ReadingKey SubjectKey(Guid organisation, string subject)
    {
        if (!_subjectKeys.TryGetValue((organisation, subject), out var key))
            _subjectKeys.Add((organisation, subject), key = keys!.Subject(organisation, subject));
        return key;
    }

    private void DisposeReceivers()
    {
        foreach (var receiver in _receivers.Values)
            receiver?.Dispose();
        _receivers.Clear();
    }

    public void Dispose()
    {
        DisposeReceivers();
        foreach (var bodies in _bodies.Values)
            bodies.Dispose();
    }
}
