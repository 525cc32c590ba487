using System.Text;

namespace Merlon.Scanning.Files;

/// <summary>What a file is by its first bytes. Its name counts for nothing here.</summary>
internal static class FileKind
{
    private static readonly (byte[] Magic, int Offset, string Kind)[] s_magics =
    [
        ("PK\u0003\u0004"u8.ToArray(), 0, "a zip archive (a PyTorch file is one)"),
        ("PK\u0005\u0006"u8.ToArray(), 0, "an empty zip archive"),
        ([0x1F, 0x8B], 0, "a gzip archive"),
        ("BZh"u8.ToArray(), 0, "a bzip2 archive"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], 0, "an xz archive"),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7z archive"),
        ([0x28, 0xB5, 0x2F, 0xFD], 0, "a zstandard archive"),
        ([0x04, 0x22, 0x4D, 0x18], 0, "an lz4 archive"),
        ("Rar!"u8.ToArray(), 0, "a rar archive"),
        ("ustar"u8.ToArray(), 257, "a tar archive"),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], 0, "an executable (ELF)"),
        ("MZ"u8.ToArray(), 0, "an executable (PE)"),
        ([0xCF, 0xFA, 0xED, 0xFE], 0, "an executable (Mach-O)"),
        ([0xCA, 0xFE, 0xBA, 0xBE], 0, "an executable (Java or Mach-O)"),
        ("\0asm"u8.ToArray(), 0, "an executable (WebAssembly)"),
        ("#!"u8.ToArray(), 0, "a script"),
        ([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'], 0, "a numpy array, which may hold a pickle"),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], 0, "an HDF5 file (Keras)"),
        ("GGUF"u8.ToArray(), 0, "a GGUF model"),
    ];

    /// <summary>A kind that may not stand in an artifact, or null.</summary>
    public static string? Dangerous(ReadOnlySpan<byte> start)
    {
        foreach (var (magic, offset, kind) in s_magics)
        {
            if (start.Length >= offset + magic.Length && start[offset..].StartsWith(magic))
                return kind;
        }
        // PROTO opcode and a protocol number; older protocols have no magic but are not text that passes for text either.
        return start.Length >= 2 && start[0] == 0x80 && start[1] is >= 2 and <= 5 ? "a pickle" : null;
    }

    /// <summary>True for UTF-8 without control characters other than white space.</summary>
    public static bool IsText(ReadOnlySpan<byte> content)
    {
        foreach (var b in content)
        {
            if (b is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C) or 0x7F)
                return false;
        }
        return System.Text.Unicode.Utf8.IsValid(content);
    }

    /// <summary>True for a pickle of protocol 0, which consists of printable characters: it ends with STOP and calls by GLOBAL, INST or REDUCE lines.</summary>
    public static bool IsTextPickle(ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content).TrimEnd();
        return text.EndsWith('.') && text.Length > 2 && (text[0] is '(' or 'c' or ']' or '}' or 'I' or 'S' or 'V')
            && TextRules.PickleCall().IsMatch(text);
    }
}
