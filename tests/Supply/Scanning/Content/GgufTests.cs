using static Merlon.Scanning.Tests.Content.ContentCases;

namespace Merlon.Scanning.Tests.Content;

public sealed class GgufTests
{
    internal static GgufBytes Ordinary(bool bigEndian = false, uint version = 3) => new GgufBytes(bigEndian, version)
        .Text("general.architecture", "llama").UInt32("general.alignment", 32).UInt32("llama.block_count", 1)
        .Texts("tokenizer.ggml.tokens", "<unk>", "a", "{{").Text("tokenizer.chat_template", "{% for m in messages %}{{ m['content'] }}{% endfor %}")
        .Tensor("token_embd.weight", 0, [4, 3], 48).Tensor("blk.0.attn_q.weight", 8, [32, 2], 68).Tensor("output.weight", 14, [256], 210);

    [Theory]
    [InlineData(false, 2)]
    [InlineData(false, 3)]
    [InlineData(true, 3)]
    public void Scan_OrdinaryFile_Passes(bool bigEndian, uint version)
    {
        Passes("model.gguf", Ordinary(bigEndian, version).ToArray(), "gguf");
        Passes("vocab.gguf", new GgufBytes(bigEndian, version).Text("general.name", "n").Texts("tokenizer.chat_templates", "tool_use", "rag").ToArray(), "gguf");
    }

    public static TheoryData<string, byte[]> Broken() => new()
    {
        { "gguf.version", new GgufBytes(version: 1).ToArray() },
        { "gguf.version", new GgufBytes(version: 4).ToArray() },
        { "gguf.bounds", new GgufBytes { Pairs = ulong.MaxValue }.ToArray() },
        { "gguf.bounds", new GgufBytes { Tensors = 1UL << 40 }.ToArray() },
        { "gguf.bounds", new GgufBytes { Pairs = 2 }.Text("a", "b").ToArray() },
        { "gguf.duplicate-key", new GgufBytes().Text("a", "b").Text("a", "c").ToArray() },
        { "gguf.type", new GgufBytes().Raw("a", 13, 0).ToArray() },
        { "gguf.bounds", new GgufBytes().Raw("a", 8, 255, 255, 255, 255, 255, 255, 255, 127).ToArray() },
        { "gguf.bounds", new GgufBytes().Raw("a", 9, 4, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0).ToArray() },
        { "gguf.malformed", new GgufBytes().Raw("a", 7, 2).ToArray() },
        { "gguf.malformed", new GgufBytes().Text("a b", "").ToArray() },
        { "gguf.alignment", new GgufBytes().UInt32("general.alignment", 3).ToArray() },
        { "gguf.alignment", new GgufBytes().UInt32("general.alignment", 0).ToArray() },
        { "gguf.alignment", new GgufBytes().Tensor("t", 0, [4], 16, offset: 4).ToArray() },
        { "gguf.type", new GgufBytes().Tensor("t", 4, [4], 16).ToArray() },
        { "gguf.malformed", new GgufBytes().Tensor("t", 2, [31], 18).ToArray() },
        { "gguf.bounds", new GgufBytes().Tensor("t", 0, [5], 16).ToArray() },
        { "gguf.bounds", new GgufBytes().Tensor("t", 0, [1UL << 33, 1UL << 33], 16).ToArray() },
        { "gguf.bounds", new GgufBytes().Tensor("t", 0, [1, 1, 1, 1, 1], 4).ToArray() },
        { "gguf.duplicate-key", new GgufBytes().Tensor("t", 0, [8], 32).Tensor("t", 0, [8], 32).ToArray() },
        { "gguf.overlap", new GgufBytes().Tensor("t", 0, [8], 32).Tensor("u", 0, [8], 32, offset: 0).ToArray() },
        { "gguf.hole", new GgufBytes().Tensor("t", 0, [8], 32).ToArray(new byte[64]) },
        { "gguf.hole", new GgufBytes().Tensor("t", 0, [4], 16).Tensor("u", 0, [4], 16).ToArray(1) },
        { "gguf.hole", new GgufBytes().Text("a", "b").ToArray(new byte[100]) },
        { "template.name", new GgufBytes().Texts("tokenizer.chat_templates", "tool_use", "{{ x }}").ToArray() },
        { "file.secret", new GgufBytes().Text("general.author", "-----BEGIN PRIVATE KEY-----").ToArray() },
        { "template.attribute", new GgufBytes().Text("tokenizer.chat_template", "{{ messages.__class__ }}").ToArray() },
        { "template.attribute", new GgufBytes().Text("tokenizer.chat_template.tool_use", "{{ messages.__class__ }}").ToArray() },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Scan_BrokenFile_IsBlocked(string rule, byte[] file) => Blocks("model.gguf", file, rule);

    [Fact]
    public void Scan_TemplateUnderAnotherKey_Warns() =>
        Warns("m.gguf", new GgufBytes().Text("general.description", "{{ x.__class__ }}").ToArray(), "gguf.stray-template");

    [Fact]
    public void Scan_CountsAtAndOverTheBound_PassAndBlock()
    {
        static byte[] Nested(int depth) => new GgufBytes().Raw("a", 9,
            [.. Enumerable.Repeat((byte[])[9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], depth - 1).SelectMany(b => b), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).ToArray();
        Passes("m", Nested(Gguf.Limits.ArrayDepth), "gguf");
        Blocks("m", Nested(Gguf.Limits.ArrayDepth + 1), "gguf.bounds");
        Passes("m", new GgufBytes().Text(new string('k', (int)Gguf.Limits.KeyBytes), "").ToArray(), "gguf");
        Blocks("m", new GgufBytes().Text(new string('k', (int)Gguf.Limits.KeyBytes + 1), "").ToArray(), "gguf.bounds");
        Passes("m", new GgufBytes().Text("a", new string('v', (int)Gguf.Limits.TextBytes)).ToArray(), "gguf");
        Blocks("m", new GgufBytes().Text("a", new string('v', (int)Gguf.Limits.TextBytes + 1)).ToArray(), "gguf.bounds");
    }
}
