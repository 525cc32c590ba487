using System.Buffers.Binary;
using System.Text;
using static Merlon.Scanning.Tests.Content.ContentCases;

namespace Merlon.Scanning.Tests.Content;

public sealed class SafetensorsTests
{
    internal static byte[] File(string header, int data)
    {
        var bytes = new byte[8 + Encoding.UTF8.GetByteCount(header) + data];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)Encoding.UTF8.GetByteCount(header));
        Encoding.UTF8.GetBytes(header, bytes.AsSpan(8));
        return bytes;
    }

    internal const string Ordinary = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}   """;

    [Theory]
    [InlineData(Ordinary, 32)]
    [InlineData("{}", 0)]
    [InlineData("""{"x":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}""", 8)]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"y":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}""", 2)]
    public void Scan_OrdinaryFile_Passes(string header, int data) => Passes("model.safetensors", File(header, data), "safetensors");

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "safetensors.duplicate-key")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "safetensors.duplicate-key")]
    [InlineData("""{"__metadata__":{"a":"1","\u0061":"2"}}""", 0, "safetensors.duplicate-key")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "safetensors.metadata")]
    [InlineData("""{"__metadata__":{"a":{"b":"c"}}}""", 0, "safetensors.metadata")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "safetensors.hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "safetensors.hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""", 16, "safetensors.hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "safetensors.overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "safetensors.bounds")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "safetensors.span")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "safetensors.span")]
    [InlineData("""{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}""", 1, "safetensors.span")]
    [InlineData("""{"a":{"dtype":"OBJECT","shape":[1],"data_offsets":[0,8]}}""", 8, "safetensors.dtype")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", 8, "safetensors.header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"pickle":"x"}}""", 8, "safetensors.header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}""", 8, "safetensors.header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "safetensors.header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", 8, "safetensors.header")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", 8, "safetensors.header")]
    [InlineData("""{"__metadata__":{"key":"-----BEGIN PRIVATE KEY-----"}}""", 0, "file.secret")]
    public void Scan_BrokenFile_IsBlocked(string header, int data, string rule) => Blocks("model.safetensors", File(header, data), rule);

    [Fact]
    public void Scan_HeaderAtAndOverTheBound_PassesAndBlocks()
    {
        Passes("m", File("{}" + new string(' ', Safetensors.Limits.HeaderBytes - 2), 0), "safetensors");
        Blocks("m", File("{}" + new string(' ', Safetensors.Limits.HeaderBytes - 1), 0), "safetensors.header-size");
        var lies = File("{}", 0);
        lies[0] = 3;
        Blocks("m", lies, "safetensors.header-size");
    }

    [Fact]
    public void Scan_DimensionsAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Shape(int dimensions) => File($$$"""{"a":{"dtype":"U8","shape":[{{{string.Join(',', Enumerable.Repeat(1, dimensions))}}}],"data_offsets":[0,1]}}""", 1);
        Passes("m", Shape(Safetensors.Limits.Dimensions), "safetensors");
        Blocks("m", Shape(Safetensors.Limits.Dimensions + 1), "safetensors.header");
    }

    [Fact]
    public void Scan_ZipArchiveInsideOfATensor_IsBlocked()
    {
        var file = File("""{"a":{"dtype":"U8","shape":[40],"data_offsets":[0,40]}}""", 40);
        "PK\u0005\u0006"u8.CopyTo(file.AsSpan(file.Length - 22));
        Blocks("model.safetensors", file, "safetensors.polyglot");
        file[^1] = 1;
        Passes("model.safetensors", file, "safetensors");
    }
}
