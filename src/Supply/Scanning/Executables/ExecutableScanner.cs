using System.Buffers.Binary;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;

namespace Merlon.Scanning.Executables;

/// <summary>Programs have no place among models, whatever they are called.</summary>
internal sealed class ExecutableScanner : IContentScanner
{
    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("executable.binary", "A program or library", "Loading or starting it runs whatever it holds; a model needs none.", "Remove it. Operators of your own belong in an image that you build and sign.", "AML.T0011.000", 829),
        new("executable.script", "A script", "It is made to be run, and nothing that it does can be bounded.", "Remove it, or keep it in the source repository of the model.", "AML.T0011.000", 829),
    ];

    private static readonly (byte[] Magic, string Kind)[] s_magics =
    [
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "an ELF program or library"),
        ([0xCF, 0xFA, 0xED, 0xFE], "a Mach-O program"), ([0xCE, 0xFA, 0xED, 0xFE], "a Mach-O program"),
        ([0xFE, 0xED, 0xFA, 0xCF], "a Mach-O program"), ([0xFE, 0xED, 0xFA, 0xCE], "a Mach-O program"),
        ([0xCA, 0xFE, 0xBA, 0xBE], "a Java class or Mach-O program"),
        ("\0asm"u8.ToArray(), "a WebAssembly program"), ("dex\n"u8.ToArray(), "an Android program"), ("BC\u00C0"u8.ToArray()[..2], "LLVM bitcode"),
    ];

    public string Format => "executable";
    public bool NeedsSeek => false;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => Kind(head) is not null;

    public void Scan(ContentTarget target, ContentScan scan)
    {
        var head = new byte[Limits.SniffBytes];
        var kind = Kind(head.AsSpan(0, target.Content.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)));
        scan.Findings.Block(kind == "a script" ? "executable.script" : "executable.binary", $"The content is {kind}.", target.Location);
    }

    private static string? Kind(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("#!"u8))
            return "a script";
        if (IsWindowsProgram(head))
            return "a Windows program";
        foreach (var (magic, kind) in s_magics)
        {
            // Two bytes say little: bitcode has two more that no text has.
            if (head.StartsWith(magic) && (magic.Length > 2 || (head.Length >= 4 && head[2] == 0xC0 && head[3] == 0xDE)))
                return kind;
        }
        return null;
    }

    private static bool IsWindowsProgram(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("MZ"u8) || head.Length < 64)
            return false;
        var at = BinaryPrimitives.ReadUInt32LittleEndian(head[60..]);
        return at > head.Length - 4 ? !FileKind.IsText(head[..64]) : head[(int)at..].StartsWith("PE\0\0"u8);
    }
}
