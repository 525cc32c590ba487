using System.Security.Cryptography;
using System.Text;

namespace Merlon.Keys;

/// <summary>
/// The 32 bytes from which everything else can be opened, and which therefore lie outside the data directory: in a file of their own, in a systemd
/// credential, or in someone's head. Never printed; zeroed on dispose.
/// </summary>
public sealed class RootKey : IDisposable
{
    public const int Size = 32;
    private readonly byte[] _key;

    private RootKey(byte[] key) => _key = key;

    /// <summary>Creates the file with a new random key as base64, readable by its owner alone, and makes it durable. Never overwrites.</summary>
    public static Result<RootKey> CreateFile(string path)
    {
        var key = RandomNumberGenerator.GetBytes(Size);
        // Under another name until it is whole and on disk: a stop in between must not leave a file that looks like a damaged key.
        var pending = path + ".new";
        try
        {
            if (File.Exists(path))
                throw new IOException();
            using var stream = new FileStream(pending, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            stream.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + "\n"));
            stream.Flush(flushToDisk: true);
            File.SetUnixFileMode(stream.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(pending, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            return new Refusal(RefusalKind.Conflict, "rootkey.exists", $"The root key file '{path}' exists already and is not overwritten.")
            {
                Remedy = "Everything sealed under the old key would be lost. Use the existing file, or choose another path.",
            };
        }
        DurableFolder.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return new RootKey(key);
    }

    /// <summary>Reads a key file: 32 raw bytes, or their base64. Refused when others than the owner may read it.</summary>
    public static Result<RootKey> LoadFile(string path)
    {
        if (!File.Exists(path))
            return new Refusal(RefusalKind.NotFound, "rootkey.missing", $"The root key file '{path}' does not exist.") { Remedy = "Restore it from its backup; without it nothing that was sealed can be read." };
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        // Of the open file, not of the name: it cannot be exchanged in between.
        if ((File.GetUnixFileMode(stream.SafeFileHandle) & Others) != 0)
        {
            return new Refusal(RefusalKind.Forbidden, "rootkey.permissions", $"The root key file '{path}' can be read or written by others than its owner.")
            {
                Remedy = $"Run: chmod 600 '{path}'",
            };
        }
        return Read(stream, path);
    }

    /// <summary>Reads a systemd credential (LoadCredential=), whose directory only the service can enter.</summary>
    public static Result<RootKey> LoadCredential(string name)
    {
        var directory = Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY");
        if (string.IsNullOrEmpty(directory) || !Names.IsValid(name) || !File.Exists(Path.Combine(directory, name)))
            return new Refusal(RefusalKind.NotFound, "rootkey.credential", $"There is no systemd credential '{Text.Printable(name, 80)}'.") { Remedy = "Add LoadCredential= to the unit." };
        using var stream = new FileStream(Path.Combine(directory, name), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Read(stream, name);
    }

    /// <summary>Derives the key from a passphrase with PBKDF2-SHA512.</summary>
    /// <param name="passphrase">At least 12 characters.</param>
    /// <param name="salt">At least 16 random bytes, stored beside the data.</param>
    /// <param name="iterations">At least 210,000.</param>
    public static Result<RootKey> FromPassphrase(ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> salt, int iterations = Limits.MinPassphraseIterations)
    {
        if (passphrase.Length < 12)
            return new Refusal(RefusalKind.Invalid, "rootkey.passphrase", "The passphrase has fewer than 12 characters.") { Remedy = "Use several random words." };
        if (salt.Length < 16 || iterations < Limits.MinPassphraseIterations)
            return new Refusal(RefusalKind.Invalid, "rootkey.derivation", $"A passphrase needs a salt of 16 bytes and {Limits.MinPassphraseIterations} iterations.");
        return new RootKey(Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, iterations, HashAlgorithmName.SHA512, Size));
    }

    /// <summary>The key as it was handed over by the process that may read its file. Copied.</summary>
    /// <exception cref="ArgumentException">Not 32 bytes.</exception>
    public static RootKey FromBytes(ReadOnlySpan<byte> key) => key.Length == Size
        ? new RootKey(key.ToArray())
        : throw new ArgumentException($"A root key has {Size} bytes, not {key.Length}.", nameof(key));

    /// <summary>A copy of the key, to hand to the one role that may hold it. The caller clears it.</summary>
    public byte[] Export() => [.. _key];

    /// <summary>A 32-byte key for one purpose: HKDF-SHA256 with the purpose as info. The caller clears it.</summary>
    public byte[] Derive(string purpose)
    {
        ObjectDisposedException.ThrowIf(!_key.AsSpan().ContainsAnyExcept((byte)0), this);
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, _key, Size, salt: [], info: Encoding.UTF8.GetBytes("merlon root " + purpose));
    }

    private static Result<RootKey> Read(FileStream stream, string name)
    {
        var malformed = new Refusal(RefusalKind.Invalid, "rootkey.malformed", $"The root key '{name}' is neither 32 bytes nor the base64 of 32 bytes.");
        var content = new byte[Limits.MaxRootKeyFile + 1];
        var length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        try
        {
            if (length == Size)
                return new RootKey(content[..Size]);
            var key = new byte[Size];
            return length <= Limits.MaxRootKeyFile && Convert.TryFromBase64String(Encoding.Latin1.GetString(content, 0, length).Trim(), key, out var written) && written == Size
                ? new RootKey(key)
                : malformed;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_key);

    public override string ToString() => nameof(RootKey);
}
