using Merlon.Kernel;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.Scanning.Tests;

public sealed class OnnxFormatRulesTests
{
    [Fact]
    public void Scan_PlainModel_IsCleanWithItsSignature()
    {
        var report = new MemoryArtifact(("model.onnx", Model(Node("Relu")))).Scan();
        Assert.Empty(report.Findings);
        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.Equal(new ModelSignature([new TensorSpec("x", TensorType.Fp32, [-1, 4])], [new TensorSpec("y", TensorType.Fp32, [-1, 4])]), report.Signature);
        Assert.Equal("Relu×1", report.Facts["operators"]);
    }

    [Theory]
    [InlineData("../weights.bin", "onnx.external-data.outside")]
    [InlineData("a/../../weights.bin", "onnx.external-data.outside")]
    [InlineData("/etc/passwd", "onnx.external-data.absolute")]
    [InlineData("~/weights.bin", "onnx.external-data.absolute")]
    [InlineData("a\\weights.bin", "onnx.external-data.backslash")]
    [InlineData("", "onnx.external-data.empty")]
    [InlineData("a\0b", "onnx.external-data.nul")]
    [InlineData("*/_ORT_MEM_ADDR_/*", "onnx.external-data.memory-address")]
    [InlineData("x_ort_mem_addr_", "onnx.external-data.memory-address")]
    [InlineData("file://weights.bin", "onnx.external-data.scheme")]
    [InlineData("C:weights.bin", "onnx.external-data.scheme")]
    [InlineData("./weights.bin", "onnx.external-data.not-canonical")]
    [InlineData("a//weights.bin", "onnx.external-data.not-canonical")]
    [InlineData("a\u0001b", "onnx.external-data.not-canonical")]
    [InlineData("other.bin", "onnx.external-data.missing")]
    [InlineData("model.onnx", "onnx.external-data.missing")]
    public void Scan_ExternalDataElsewhere_IsBlocked(string location, string rule)
    {
        var report = Artifact(("location", location)).Scan();
        Assert.Contains(report.Findings, finding => finding.Rule == rule && finding.Severity == Verdict.Block && finding.Location!.StartsWith("model.onnx@", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0", "16", null)]
    [InlineData("16", "16", null)]
    [InlineData("17", "16", "onnx.external-data.range")]
    [InlineData("33", null, "onnx.external-data.range")]
    [InlineData("0", "15", "onnx.external-data.size")]
    [InlineData("-1", "16", "onnx.external-data.number")]
    [InlineData("0", "0x10", "onnx.external-data.number")]
    [InlineData("9223372036854775807", "9223372036854775807", "onnx.external-data.range")]
    [InlineData("99999999999999999999", "16", "onnx.external-data.number")]
    public void Scan_ExternalRange_MustLieInTheFile(string offset, string? length, string? rule)
    {
        var entries = new List<(string, string)> { ("location", "weights.bin"), ("offset", offset) };
        if (length is not null)
            entries.Add(("length", length));
        var report = Artifact([.. entries]).Scan();
        Assert.Equal(rule is null ? [] : [rule], report.Findings.Where(finding => finding.Rule.StartsWith("onnx", StringComparison.Ordinal)).Select(finding => finding.Rule));
    }

    [Fact]
    public void Scan_ExternalKeyTwice_IsBlocked() =>
        AssertBlocked("onnx.duplicate-name", Artifact(("location", "weights.bin"), ("location", "../x")));

    [Fact]
    public void Scan_ExternalUnknownKey_IsBlocked() =>
        AssertBlocked("onnx.external-data.unknown-key", Artifact(("location", "weights.bin"), ("basepath", "/")));

    [Fact]
    public void Scan_ExternalDataInsideAttributeOfSubgraph_IsFoundToo()
    {
        byte[] tensor = [.. Number(1, 4), .. Number(2, 1), .. Message(13, [.. Text(1, "location"), .. Text(2, "/etc/shadow")]), .. Number(14, 1)];
        var inner = Node("Constant", attribute: [.. Text(1, "value"), .. Message(5, tensor)]);
        AssertBlocked("onnx.external-data.absolute", new MemoryArtifact(("model.onnx", Model(Node("If", attribute: [.. Text(1, "then_branch"), .. Message(6, inner)])))));
    }

    [Fact]
    public void Scan_OperatorOfAnotherDomain_IsBlockedUnlessThePolicyAllowsIt()
    {
        var artifact = new MemoryArtifact(("model.onnx", Model(Node("Shell", "evil.ops"))));
        AssertBlocked("onnx.operator-domain", artifact);
        Assert.Empty(artifact.Scan("evil.ops").Findings);
    }

    [Fact]
    public void Scan_OwnFunction_IsAllowedButNotInAStandardDomain()
    {
        byte[] Function(string domain) => Message(25, [.. Text(1, "Mine"), .. Text(10, domain), .. Message(7, Text(4, "Relu")), .. Message(9, [.. Number(2, 15)])]);
        Assert.Empty(new MemoryArtifact(("model.onnx", Model(Node("Mine", "own"), Function("own")))).Scan().Findings);
        AssertBlocked("onnx.function-shadows", new MemoryArtifact(("model.onnx", Model(Node("Mine"), Function("")))));
        AssertBlocked("onnx.operator-domain", new MemoryArtifact(("model.onnx", Model(Node("Other", "own"), Function("own")))));
    }

    [Theory]
    [InlineData(6, true)]
    [InlineData(7, false)]
    [InlineData(26, false)]
    [InlineData(27, true)]
    public void Scan_OpsetAtAndBeyondTheRange_IsBlockedBeyond(long version, bool blocked)
    {
        byte[] model = [.. Number(1, 8), .. Opset("", version), .. Message(7, [.. Node("Relu"), .. Value(11, "x", 4), .. Value(12, "y", 4)])];
        Assert.Equal(blocked ? ["onnx.opset"] : [], new MemoryArtifact(("model.onnx", model)).Scan().Findings.Select(finding => finding.Rule));
    }

    [Fact]
    public void Scan_SequenceOutput_IsBlockedByName()
    {
        byte[] output = Message(12, [.. Text(1, "maps"), .. Message(2, Message(4, []))]);
        var report = new MemoryArtifact(("model.onnx", Model([.. Node("ZipMap", "ai.onnx.ml"), .. output]))).Scan();
        Assert.Contains("'maps' is a sequence", Assert.Single(report.Findings).Message, StringComparison.Ordinal);
        Assert.Null(report.Signature);
    }

    [Fact]
    public void Scan_UnsupportedConstructs_AreBlocked()
    {
        AssertBlocked("onnx.unsupported", new MemoryArtifact(("model.onnx", Model(Node("Relu"), Message(20, [])))));            // training
        AssertBlocked("onnx.unsupported", new MemoryArtifact(("model.onnx", Model([.. Node("Relu"), .. Message(15, [])]))));    // sparse initialiser
        byte[] wrongSize = Message(5, [.. Number(1, 4), .. Number(2, 1), .. Text(8, "w"), .. Message(9, new byte[15])]);
        AssertBlocked("onnx.unsupported", new MemoryArtifact(("model.onnx", Model([.. Node("Relu"), .. wrongSize]))));          // 15 bytes for 4 floats
    }

    [Fact]
    public void Scan_DuplicateNames_AreBlocked()
    {
        AssertBlocked("onnx.duplicate-name", new MemoryArtifact(("model.onnx", Model([.. Node("Relu"), .. Node("Tanh")]))));
        AssertBlocked("onnx.duplicate-name", new MemoryArtifact(("model.onnx", Model(Node("Relu"), Opset("", 14)))));
    }

    [Fact]
    public void Scan_NotAModel_IsBlockedWithItsOffset()
    {
        var report = new MemoryArtifact(("model.onnx", "\u0080\u0004evil pickle."u8.ToArray())).Scan();
        Assert.Equal(["onnx.malformed", "file.unknown"], report.Findings.Select(finding => finding.Rule));
        Assert.Null(report.Signature);
    }

    private static MemoryArtifact Artifact(params (string, string)[] entries) =>
        new(("model.onnx", Model([.. Node("Relu"), .. External("w", 4, entries)])), ("weights.bin", new byte[32]));

    private static void AssertBlocked(string rule, MemoryArtifact artifact) =>
        Assert.Contains(artifact.Scan().Findings, finding => finding.Rule == rule && finding.Severity == Verdict.Block);
}
