using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.App.Backup;

/// <summary>
/// One file with everything but the root key: a line of magic, the data key wrapped under the root key (12-byte nonce, 32 bytes, 16-byte tag), and a sealed
/// message that holds a tar archive.
/// </summary>
internal static class BackupArchive
{
    private const int NonceSize = 12;
    private const int KeySize = 32;
    private const int TagSize = 16;

    private static ReadOnlySpan<byte> Magic => "merlon backup v1\n"u8;
    private static int HeaderSize => Magic.Length + NonceSize + KeySize + TagSize;

    /// <summary>Writes the files, by name in the archive and path on disk. Returns the plaintext's length and digest.</summary>
    public static async Task<SealInfo> WriteAsync(
        string path, RootKey root, IEnumerable<(string Name, string Path)> files, CancellationToken cancellationToken)
    {
        await using var output = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        var key = RandomNumberGenerator.GetBytes(KeySize);
        try
        {
            WriteHeader(output, root, key);
            await using var body = new OffsetStream(output, HeaderSize);
            await using var sealing = SealedWriter.Create(body, key, Encoding.ASCII.GetBytes("backup"));
            await using (var tar = new TarWriter(sealing, TarEntryFormat.Pax, leaveOpen: true))
            {
                foreach (var (name, file) in files)
                    await AddAsync(tar, name, file, cancellationToken);
            }
            var info = await sealing.CompleteAsync(cancellationToken);
            output.Flush(flushToDisk: true);
            return info;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Unpacks into an empty folder. Every frame is verified before anything of it is written.</summary>
    public static async Task<Result<int>> ReadAsync(string path, RootKey root, string target, CancellationToken cancellationToken)
    {
        await using var input = File.OpenRead(path);
        if (!ReadHeader(input, root).Try(out var key, out var refusal))
            return refusal;
        try
        {
            await using var body = new OffsetStream(input, HeaderSize);
            await using var opened = SealedReader.OpenUnpinned(body, key, leaveOpen: true);
            await using var tar = new TarReader(opened, leaveOpen: true);
            var count = 0;
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                await ExtractAsync(entry, target, cancellationToken);
                count++;
            }
            return count;
        }
        catch (InvalidDataException e)
        {
            return new Refusal(RefusalKind.Invalid, "backup.damaged", $"The backup is damaged: {e.Message}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>SHA-256 of the archive's plaintext, with every frame verified.</summary>
    public static async Task<Digest> DigestAsync(string path, RootKey root, CancellationToken cancellationToken)
    {
        await using var input = File.OpenRead(path);
        var key = ReadHeader(input, root).Value;
        try
        {
            await using var body = new OffsetStream(input, HeaderSize);
            await using var opened = SealedReader.OpenUnpinned(body, key, leaveOpen: true);
            return new Digest(await SHA256.HashDataAsync(opened, cancellationToken));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static async Task AddAsync(TarWriter tar, string name, string file, CancellationToken cancellationToken)
    {
        // A log grows while it is copied: its length is fixed first, so that the entry's size is true.
        await using var source = new FileStream(file, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete, Options = FileOptions.Asynchronous });
        await using var bounded = new BoundedStream(source, source.Length);
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = bounded, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite }, cancellationToken);
    }

    private static async Task ExtractAsync(TarEntry entry, string target, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(Path.Combine(target, entry.Name));
        if (entry.EntryType != TarEntryType.RegularFile || !path.StartsWith(target.TrimEnd('/') + "/", StringComparison.Ordinal))
            throw new InvalidDataException($"it holds '{Text.Printable(entry.Name, 120)}', which is not a file inside the data folder.");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await using var output = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        });
        if (entry.DataStream is { } data)
            await data.CopyToAsync(output, cancellationToken);
        output.Flush(flushToDisk: true);
    }

    private static void WriteHeader(Stream output, RootKey root, byte[] key)
    {
        var header = new byte[HeaderSize];
        Magic.CopyTo(header);
        var nonce = header.AsSpan(Magic.Length, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = Cipher(root);
        cipher.Encrypt(nonce, key, header.AsSpan(Magic.Length + NonceSize, KeySize), header.AsSpan(Magic.Length + NonceSize + KeySize, TagSize), Magic);
        output.Write(header);
    }

    private static Result<byte[]> ReadHeader(Stream input, RootKey root)
    {
        var header = new byte[HeaderSize];
        if (input.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header.AsSpan().StartsWith(Magic))
            return new Refusal(RefusalKind.Invalid, "backup.format", "This is not a Merlon backup.");
        var key = new byte[KeySize];
        try
        {
            using var cipher = Cipher(root);
            cipher.Decrypt(
                header.AsSpan(Magic.Length, NonceSize), header.AsSpan(Magic.Length + NonceSize, KeySize), header.AsSpan(Magic.Length + NonceSize + KeySize, TagSize), key, Magic);
            return key;
        }
        catch (AuthenticationTagMismatchException)
        {
            return new Refusal(RefusalKind.Forbidden, "backup.key", "This backup was made under another root key.") { Remedy = "Name the root key of that installation: --root-key FILE" };
        }
    }

    private static AesGcm Cipher(RootKey root)
    {
        var derived = root.Derive("backup");
        try
        {
            return new AesGcm(derived, TagSize);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }
}
