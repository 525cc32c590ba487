using System.Security.Cryptography;
using System.Text.Json;
using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>
/// Seals personal fields to their subject's public key. One agreement serves many events of one subject, because an agreement costs as much as all
/// guards of a request. Safe for concurrent use.
/// </summary>
internal sealed class PersonalSealer : IDisposable
{
    /// <summary>Bound into the key: what was sealed for the ledger opens nowhere else.</summary>
    internal const string Context = "merlon ledger personal fields v1";

    private const int MaxSubjects = 4096;
    private readonly Lock _lock = new();
    private Dictionary<Digest, SealedBoxSender> _senders = [];

    /// <summary>The sealed JSON object of the fields, bound to the event's id and the subject.</summary>
    internal byte[] Seal(PersonalFields personal, Guid eventId)
    {
        var sender = Sender(personal.PublicKey.Span);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in personal.Fields)
                writer.WriteString(name, value);
            writer.WriteEndObject();
        }
        return sender.SealMessage(stream.GetBuffer().AsSpan(0, (int)stream.Length), AssociatedData(eventId));
    }

    internal static byte[] AssociatedData(Guid eventId) => eventId.ToByteArray(bigEndian: true);

    private SealedBoxSender Sender(ReadOnlySpan<byte> publicKey)
    {
        var id = Digest.Of(publicKey);
        lock (_lock)
        {
            if (_senders.TryGetValue(id, out var known))
                return known;
            // Forgetting all at once bounds the memory, and gives old subjects new ephemeral keys from time to time. A sender in use stays alive
            // through its own reference and is collected later.
            if (_senders.Count >= MaxSubjects)
                _senders = [];
            SealedBoxSender sender;
            try
            {
                sender = new SealedBoxSender(publicKey, Context);
            }
            catch (CryptographicException exception)
            {
                throw new ArgumentException("The subject's public key is not a P-256 key in SPKI form.", nameof(publicKey), exception);
            }
            _senders[id] = sender;
            return sender;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var sender in _senders.Values)
                sender.Dispose();
            _senders.Clear();
        }
    }
}
