using System.Text;
using Merlon.Scanning.Content;
using Merlon.Scanning.Files;
using Merlon.Scanning.Keras;

namespace Merlon.Scanning.Hdf5;

/// <summary>Walks every object of the file from the root, and every message of every object.</summary>
internal sealed class Hdf5Walk(Hdf5File file, ContentTarget target, ContentScan scan)
{
    private readonly HashSet<ulong> _seen = [];
    private readonly List<(string Link, string Path)> _softLinks = [];
    private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
    private int _nodes;

    /// <summary>True once a Keras configuration has been found.</summary>
    public bool IsKeras { get; private set; }

    public void Run()
    {
        Visit(file.Root, "", 0);
        foreach (var (link, path) in _softLinks)
        {
            var full = link.StartsWith('/') ? link : path[..(path.LastIndexOf('/') + 1)] + link;
            if (!_paths.Contains(full.TrimEnd('/')))
                scan.Findings.Block("hdf5.soft-link", $"The soft link '{path}' leads to '{link}', which is not in the file.", target.Location);
        }
    }

    private void Visit(ulong address, string path, int depth)
    {
        _paths.Add(path);
        if (depth > Limits.Depth)
            throw new MalformedException("hdf5.cycle", $"Groups are nested in more than {Limits.Depth} levels.", (long)address);
        // A second hard link to an object already seen is fine, and needs no second look.
        if (!_seen.Add(address))
            return;
        if (_seen.Count > Limits.Objects)
            throw new MalformedException("hdf5.bounds", $"There are more than {Limits.Objects} objects.");
        foreach (var message in ObjectHeader.Read(file, address))
            Judge(message, path, depth);
    }

    private void Judge(HeaderMessage message, string path, int depth)
    {
        if (message.Shared && message.Type is not 3)
            throw new MalformedException("hdf5.not-understood", $"A message of type {message.Type} is shared.", message.Address);
        var block = new Block(message.Content, message.Address);
        switch (message.Type)
        {
            case 0 or 1 or 3 or 4 or 5 or 0x0A or 0x0D or 0x0E or 0x10 or 0x12 or 0x13 or 0x16:
                break;
            case 2:
                RequireCompact(ref block, 0x01, "links");
                break;
            case 0x15:
                RequireCompact(ref block, 0x01, "attributes");
                break;
            case 6:
                ReadLink(ref block, path, depth);
                break;
            case 7:
                throw new MalformedException("hdf5.external-storage", $"The data of '{path}' are kept in another file.", message.Address);
            case 8:
                new DataLayout(file, path).Read(ref block);
                break;
            case 0x0B:
                FilterPipeline.Read(ref block, path);
                break;
            case 0x0C:
                ReadAttribute(ref block, path);
                break;
            case 0x11:
                ReadSymbolTable(block.UInt64(), block.UInt64(), path, depth);
                break;
            default:
                throw new MalformedException("hdf5.not-understood", $"A message of type {message.Type} is not understood.", message.Address);
        }
    }

    private static void RequireCompact(ref Block block, byte indexed, string what)
    {
        block.Skip(1);
        var flags = block.UInt8();
        if ((flags & indexed) != 0)
            block.Skip(what == "links" ? 8 : 2);
        if (!Hdf5File.IsUndefined(block.UInt64()))
            throw block.NotUnderstood($"An object keeps its {what} in a fractal heap.");
    }

    private void ReadLink(ref Block block, string path, int depth)
    {
        if (block.UInt8() != 1)
            throw block.NotUnderstood("A link has an unknown version.");
        var flags = block.UInt8();
        var type = (flags & 0x08) != 0 ? block.UInt8() : 0;
        if ((flags & 0x04) != 0)
            block.Skip(8);
        if ((flags & 0x10) != 0)
            block.Skip(1);
        var length = block.UInt(1 << (flags & 3));
        var name = path + "/" + Hdf5File.Name(block.Take(length <= Limits.NameBytes ? (int)length : -1), block.Address);
        if (type == 0)
            Visit(block.UInt64(), name, depth + 1);
        else if (type == 1)
            _softLinks.Add((Hdf5File.Name(block.Take(block.UInt16()).TrimEnd((byte)0), block.Address), name));
        else
            throw new MalformedException(type == 64 ? "hdf5.external-link" : "hdf5.not-understood", $"'{name}' is a link of type {type}, which leads out of the file.", block.Address);
    }

    private void ReadAttribute(ref Block block, string path)
    {
        var at = block.Address;
        var (name, text) = AttributeReader.Read(file, ref block);
        if (text is null)
            return;
        if (name is "model_config" or "training_config")
        {
            IsKeras |= name == "model_config";
            KerasConfigRules.Judge(target.Part($"{path}@{name}"), Trim(text), scan);
        }
        else if (text.Length <= 1024 * 1024)
        {
            TextRules.JudgeSecrets(target.At(at), Encoding.UTF8.GetString(text), scan.Findings);
        }
    }

    private static byte[] Trim(byte[] text) => text.AsSpan().TrimEnd((byte)0).ToArray();

    // Specification III.A.1 and III.B: a B-tree of symbol table nodes, with names in a local heap.
    private void ReadSymbolTable(ulong tree, ulong heap, string path, int depth)
    {
        var header = file.Read(heap, 32UL);
        header.Expect("HEAP"u8, "local heap");
        header.Skip(4);
        var size = header.UInt64();
        header.Skip(8);
        var names = file.Read(header.UInt64(), size).Bytes.ToArray();
        foreach (var node in BTree.Leaves(file, tree, 0, ref _nodes))
            ReadSymbols(node, names, path, depth);
    }

    private void ReadSymbols(ulong address, byte[] names, string path, int depth)
    {
        var head = file.Read(address, 8UL);
        head.Expect("SNOD"u8, "symbol table node");
        head.Skip(2);
        var count = head.UInt16();
        var entries = file.Read(address + 8, (ulong)count * 40);
        for (var i = 0; i < count; i++)
        {
            var name = path + "/" + HeapName(names, entries.UInt64());
            var child = entries.UInt64();
            var cache = entries.UInt32();
            entries.Skip(4);
            var scratch = entries.Take(16);
            if (cache == 2)
                _softLinks.Add((HeapName(names, BitConverter.ToUInt32(scratch)), name));
            else if (cache is 0 or 1)
                Visit(child, name, depth + 1);
            else
                throw entries.NotUnderstood($"A symbol has the cache type {cache}.");
        }
    }

    private static string HeapName(byte[] names, ulong offset)
    {
        var end = offset < (ulong)names.Length ? names.AsSpan((int)offset).IndexOf((byte)0) : -1;
        return end >= 0 ? Hdf5File.Name(names.AsSpan((int)offset, end), (long)offset) : throw new MalformedException("hdf5.bounds", "A name lies outside of its heap.");
    }
}
