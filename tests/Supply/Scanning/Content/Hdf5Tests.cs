using System.IO.Compression;
using System.Text;
using static Merlon.Scanning.Tests.Content.ContentCases;
using static Merlon.Scanning.Tests.Content.Hdf5Bytes;

namespace Merlon.Scanning.Tests.Content;

/// <summary>Each bound of the HDF5 reader, and what the C library reads otherwise than a plain reading of the specification.</summary>
public sealed class Hdf5Tests
{
    private const string Lambda = """{"class_name":"Sequential","config":{"name":"s","layers":[{"class_name":"Lambda","config":{"name":"l"}}]}}""";
    private const string Plain = """{"class_name":"Sequential","config":{"name":"s","layers":[]}}""";

    private static byte[] File(Func<Hdf5Bytes, ulong> root)
    {
        var file = new Hdf5Bytes();
        return file.ToArray(root(file));
    }

    [Fact]
    public void Scan_SmallFile_PassesAndItsConfigurationIsJudged()
    {
        Passes("m.h5", File(f => f.Object(Message(0x0C, Attribute("model_config", Plain)))), "keras-h5");
        Blocks("m.h5", File(f => f.Object(Message(0x0C, Attribute("model_config", Lambda)))), "keras.lambda");
        Passes("m.h5", File(f => f.OldObject(2, [.. OldMessage(0, new byte[8]), .. OldMessage(0x0C, Attribute("model_config", Plain))])), "keras-h5");
        Blocks("m.h5", File(f => f.OldObject(2, [.. OldMessage(0, new byte[8]), .. OldMessage(0x0C, Attribute("model_config", Lambda))])), "keras.lambda");
    }

    /// <summary>The C library reads all messages of a block, whatever their count says.</summary>
    [Fact]
    public void Scan_MessageBehindTheCount_IsRefused() =>
        Blocks("m.h5", File(f => f.OldObject(1, [.. OldMessage(0, new byte[8]), .. OldMessage(0x0C, Attribute("model_config", Lambda))])), "hdf5.malformed");

    /// <summary>To the C library a name ends at its first NUL.</summary>
    [Fact]
    public void Scan_NameWithANul_IsRefused()
    {
        Blocks("m.h5", File(f => f.Object(Message(0x0C, Attribute("model_config\0x", Lambda)))), "hdf5.malformed");
        Blocks("m.h5", File(f => f.Object(Link("a\0b", f.Object()))), "hdf5.malformed");
    }

    /// <summary>The C library looks for the signature at 512, 1024, 2048 … too, in whatever stands before.</summary>
    [Theory]
    [InlineData(512)]
    [InlineData(1024)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void Scan_OtherFormatWithAnHdf5FileBehindItsBegin_IsAPolyglot(int at)
    {
        var inside = File(f => f.Object(Message(0x0C, Attribute("model_config", Lambda))));
        var data = new byte[at + inside.Length + 1000];
        inside.CopyTo(data, at);
        Blocks("m.h5", Tensors(data, at), "hdf5.polyglot");
        Passes("m.h5", Tensors(new byte[data.Length], at), "safetensors");
        // One byte further on, no library finds it.
        var shifted = new byte[data.Length + 1];
        data.CopyTo(shifted, 1);
        Passes("m.h5", Tensors(shifted, at), "safetensors");
    }

    [Fact]
    public void Scan_CompressedContentWithAnHdf5FileBehindItsBegin_IsAPolyglot()
    {
        var array = Array(2048);
        File(f => f.Object(Message(0x0C, Attribute("model_config", Lambda)))).CopyTo(array, 512);
        Blocks("a.npy.gz", Gzip(array), "hdf5.polyglot");
        Passes("a.npy.gz", Gzip(Array(2048)), "gzip");
    }

    /// <summary>A safetensors file of one tensor whose bytes are such that those of <paramref name="data"/> stand at their own places.</summary>
    private static byte[] Tensors(byte[] data, int at)
    {
        _ = at;
        const int header = 256;
        var length = data.Length - 8 - header;
        var text = $$$"""{"t":{"dtype":"U8","shape":[{{{length}}}],"data_offsets":[0,{{{length}}}]}}""".PadRight(header);
        return [.. UInt64(header), .. Encoding.ASCII.GetBytes(text), .. data[(8 + header)..]];
    }

    private static byte[] Array(int bytes)
    {
        var header = Encoding.ASCII.GetBytes($"{{'descr': '|u1', 'fortran_order': False, 'shape': ({bytes - 128},), }}".PadRight(117) + "\n");
        var file = new byte[bytes];
        ((byte[])[0x93, .. "NUMPY"u8, 1, 0, .. UInt16(118), .. header]).CopyTo(file, 0);
        return file;
    }

    private static byte[] Gzip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(content);
        return stream.ToArray();
    }

    [Fact]
    public void Scan_ObjectsAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Groups(int count)
        {
            var file = new Hdf5Bytes();
            var links = new MemoryStream();
            for (var i = 1; i < count; i++)
                links.Write(Link(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{i}"), file.Object()));
            return file.ToArray(file.Object(links.ToArray()));
        }
        Passes("m.h5", Groups(Hdf5.Limits.Objects), "hdf5");
        Blocks("m.h5", Groups(Hdf5.Limits.Objects + 1), "hdf5.bounds");
    }

    [Fact]
    public void Scan_MessagesAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Messages(int count) => File(f => f.Object(new byte[4 * count]));
        Passes("m.h5", Messages(Hdf5.Limits.Messages), "hdf5");
        Blocks("m.h5", Messages(Hdf5.Limits.Messages + 1), "hdf5.bounds");
    }

    [Fact]
    public void Scan_HeaderAtAndOverTheBound_PassesAndBlocks()
    {
        static byte[] Header(int bytes)
        {
            var messages = new byte[bytes];
            for (var at = 0; bytes - at >= 4; at += 4 + Math.Min(ushort.MaxValue, bytes - at - 4))
                UInt16(Math.Min(ushort.MaxValue, bytes - at - 4)).CopyTo(messages, at + 1);
            return File(f => f.Object(messages));
        }
        Passes("m.h5", Header(Hdf5.Limits.HeaderBytes), "hdf5");
        Blocks("m.h5", Header(Hdf5.Limits.HeaderBytes + 1), "hdf5.bounds");
    }

    [Fact]
    public void Scan_NodesAtAndOverTheBound_PassAndBlock()
    {
        // Every node is the same one, as often as its parent says: 1 + 27 × (1 + 37,036) is one million.
        static byte[] Tree(int parents, int leaves)
        {
            var file = new Hdf5Bytes();
            var leaf = file.Add(TreeNode(0));
            var middle = file.Add(TreeNode(1, [.. Enumerable.Repeat(leaf, leaves)]));
            var root = file.Add(TreeNode(2, [.. Enumerable.Repeat(middle, parents)]));
            var heap = file.Add([.. "HEAP"u8, 0, 0, 0, 0, .. UInt64(8), .. UInt64(0), .. UInt64(file.Here + 32), .. new byte[8]]);
            return file.ToArray(file.Object(Message(0x11, [.. UInt64(root), .. UInt64(heap)])));
        }
        Assert.Equal(1_000_000, Hdf5.Limits.Nodes);
        Passes("m.h5", Tree(27, 37_036), "hdf5");
        Blocks("m.h5", Tree(27, 37_037), "hdf5.cycle");
    }

    [Fact]
    public void Scan_BlockAndConfigurationAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Configuration(int heap, int length)
        {
            var text = new byte[length];
            text.AsSpan().Fill((byte)' ');
            Encoding.ASCII.GetBytes(Plain).CopyTo(text, 0);
            return File(f =>
            {
                var at = f.Add(Heap(heap, text));
                return f.Object(Message(0x0C, HeapAttribute("model_config", (uint)length, at, 1)));
            });
        }
        Passes("m.h5", Configuration(Hdf5.Limits.BlockBytes, 100), "keras-h5");
        Blocks("m.h5", Configuration(Hdf5.Limits.BlockBytes + 1, 100), "hdf5.bounds");
        Blocks("m.h5", Configuration(Hdf5.Limits.BlockBytes, Hdf5.Limits.ConfigurationBytes + 1), "hdf5.bounds");
    }

    [Fact]
    public void Scan_NameThatSaysItIsLongerThanTheBound_IsBlocked() =>
        Blocks("m.h5", File(f => f.Object(Message(6, [1, 2, .. UInt32(Hdf5.Limits.NameBytes + 1), .. new byte[100]]))), "hdf5.bounds");

    [Fact]
    public void Scan_TreeThatNamesItself_IsBlocked()
    {
        var file = new Hdf5Bytes();
        var at = file.Here;
        file.Add(TreeNode(1, at));
        var heap = file.Add([.. "HEAP"u8, 0, 0, 0, 0, .. UInt64(8), .. UInt64(0), .. UInt64(file.Here + 32), .. new byte[8]]);
        Blocks("m.h5", file.ToArray(file.Object(Message(0x11, [.. UInt64(at), .. UInt64(heap)]))), "hdf5.cycle");
    }
}
