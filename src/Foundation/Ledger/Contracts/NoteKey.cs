using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Merlon.Ledger;

/// <summary>What a key signs, as the signature type byte of C2SP signed-note.</summary>
public enum NoteKeyType : byte
{
    /// <summary>A log's own Ed25519 signature over a checkpoint.</summary>
    Ed25519 = 1,

    /// <summary>A witness's timestamped Ed25519 cosignature (C2SP tlog-cosignature, cosignature/v1).</summary>
    CosignatureV1 = 4,
}

/// <summary>A named public key of C2SP signed-note, written <c>name+keyid+base64(type ‖ key)</c> (a "vkey").</summary>
public sealed record NoteKey
{
    private readonly byte[] _publicKey;

    /// <param name="name">Without spaces and without '+'; for a log the same as its origin.</param>
    /// <param name="publicKey">32 bytes.</param>
    /// <param name="type">What the key signs.</param>
    public NoteKey(string name, ReadOnlySpan<byte> publicKey, NoteKeyType type = NoteKeyType.Ed25519)
    {
        if (!IsName(name))
            throw new ArgumentException("A key name is not empty and holds neither spaces nor '+'.", nameof(name));
        if (publicKey.Length != Keys.Ed25519.PublicKeySize)
            throw new ArgumentException("An Ed25519 public key has 32 bytes.", nameof(publicKey));
        Name = name;
        Type = type;
        _publicKey = publicKey.ToArray();
        var hash = SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)type, .. publicKey]);
        KeyId = BinaryPrimitives.ReadUInt32BigEndian(hash);
    }

    public string Name { get; }
    public NoteKeyType Type { get; }

    /// <summary>The first four bytes of SHA-256(name ‖ '\n' ‖ type ‖ key): a hint, never a proof.</summary>
    public uint KeyId { get; }
    public ReadOnlyMemory<byte> PublicKey => _publicKey;

    /// <summary>Reads a vkey; refused unless name, id, type and key agree.</summary>
    public static Result<NoteKey> Parse(string vkey)
    {
        var refusal = new Refusal(RefusalKind.Invalid, "ledger.vkey", "The public key of the log is not of the form 'name+keyid+base64key'.")
        {
            Remedy = "Give the whole line as the log's owner published it.",
        };
        var parts = vkey.Trim().Split('+', 3);
        if (parts.Length != 3 || !IsName(parts[0]) || !uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var keyId))
            return refusal;
        var bytes = new byte[64];
        if (!Convert.TryFromBase64String(parts[2], bytes, out var length) || length != 33 || bytes[0] is not (1 or 4))
            return refusal;
        var key = new NoteKey(parts[0], bytes.AsSpan(1, 32), (NoteKeyType)bytes[0]);
        return key.KeyId == keyId ? key : refusal;
    }

    /// <summary>The vkey.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}+{KeyId:x8}+{Convert.ToBase64String([(byte)Type, .. _publicKey])}");

    public bool Equals(NoteKey? other) => other is not null && string.Equals(ToString(), other.ToString(), StringComparison.Ordinal);
    public override int GetHashCode() => (int)KeyId;

    internal static bool IsName(string name) => name.Length is > 0 and <= 255 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+');
}
