using System.IO.Compression;
using System.Text;
using Merlon.Kernel;
using static Merlon.Scanning.Tests.OnnxBytes;

namespace Merlon.Scanning.Tests;

public sealed class FileRulesTests
{
    private static readonly byte[] s_model = Model(Node("Relu"));

    [Fact]
    public void Scan_UsualFilesBesideAModel_AreClean()
    {
        var report = new MemoryArtifact(
            ("model.onnx", s_model), ("README.md", "# Fraud\nWorks. Ünicode.\n"u8.ToArray()), ("LICENSE", "MIT"u8.ToArray()), ("merlon.yaml", "version: 1\n"u8.ToArray()),
            ("model.sig", "{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json\"}"u8.ToArray()), ("config.json", "{\"labels\":[\"a\"]}"u8.ToArray())).Scan();
        Assert.Empty(report.Findings);
    }

    public static TheoryData<string, byte[], string> Hostile() => new()
    {
        { "weights.pkl", [0x80, 4, 0x95, 0, 0], "file.kind" },
        { "README.md", [0x80, 2, (byte)'c', (byte)'o', (byte)'s'], "file.kind" },
        { "notes.txt", "cos\nsystem\n(S'id'\ntR."u8.ToArray(), "file.pickle" },
        { "data.json", Zip(), "file.kind" },
        { "model.pt", Zip(), "file.kind" },
        { "LICENSE", Tar(), "file.kind" },
        { "run.txt", "#!/bin/sh\nrm -rf /\n"u8.ToArray(), "file.kind" },
        { "libop.so", [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1], "file.kind" },
        { "x.json", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0], "file.kind" },
        { "modeling.py", "import os\n"u8.ToArray(), "file.unknown" },
        { "blob", [1, 2, 3], "file.unknown" },
        { "vocab.txt", [(byte)'a', 0, (byte)'b'], "file.not-text" },
        { "vocab.json", [0xFF, 0xFE], "file.not-text" },
        { "deploy.md", "-----BEGIN RSA PRIVATE KEY-----"u8.ToArray(), "file.secret" },
        { "env.txt", Encoding.ASCII.GetBytes("key=AKIA" + "IOSFODNN7EXAMPLE"), "file.secret" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Scan_StrayFile_IsBlockedWhateverItsName(string name, byte[] content, string rule)
    {
        var report = new MemoryArtifact(("model.onnx", s_model), (name, content)).Scan();
        var finding = Assert.Single(report.Findings);
        Assert.Equal((rule, Verdict.Block), (finding.Rule, finding.Severity));
        Assert.StartsWith(name, finding.Location, StringComparison.Ordinal);
    }

    [Fact]
    public void Scan_RemoteCodeInConfig_Warns()
    {
        var report = new MemoryArtifact(("model.onnx", s_model), ("config.json", "{\"auto_map\":{\"AutoModel\":\"m.M\"}}"u8.ToArray())).Scan();
        Assert.Equal(("file.remote-code", Verdict.Warn), (report.Findings[0].Rule, report.Verdict));
    }

    [Fact]
    public void Scan_BytesBehindTheWeights_Warn()
    {
        var model = Model([.. Node("Relu"), .. External("w", 4, ("location", "w.bin"), ("length", "16"))]);
        Assert.Empty(new MemoryArtifact(("model.onnx", model), ("w.bin", new byte[16 + Limits.UnreferencedBytes])).Scan().Findings);
        var report = new MemoryArtifact(("model.onnx", model), ("w.bin", new byte[17 + Limits.UnreferencedBytes])).Scan();
        Assert.Equal("file.weights-unreferenced", Assert.Single(report.Findings).Rule);
    }

    [Fact]
    public void Scan_NoModelOrTwo_IsBlocked()
    {
        Assert.Equal("artifact.no-model", new MemoryArtifact(("README.md", "x"u8.ToArray())).Scan().Findings[0].Rule);
        Assert.Equal("artifact.no-model", new MemoryArtifact(("a.onnx", s_model), ("b.onnx", s_model)).Scan().Findings[0].Rule);
        Assert.Equal("model.onnx", new MemoryArtifact(("a.onnx", s_model), ("model.onnx", s_model)).Scan().MainFile);
    }

    [Fact]
    public void Scan_TextAtAndOverTheBound_PassesAndBlocks()
    {
        byte[] Text(int size) => [.. Enumerable.Repeat((byte)'a', size)];
        Assert.Empty(new MemoryArtifact(("model.onnx", s_model), ("README", Text(Limits.TextBytes))).Scan().Findings);
        Assert.Equal("file.too-large", new MemoryArtifact(("model.onnx", s_model), ("README", Text(Limits.TextBytes + 1))).Scan().Findings[0].Rule);
    }

    [Fact]
    public void Scan_FilesAndFindingsOverTheBound_AreBlocked()
    {
        (string, byte[])[] Files(int count) => [("model.onnx", s_model), .. Enumerable.Range(0, count - 1).Select(i => ($"bad{i}", new byte[] { 1 }))];
        Assert.Equal("artifact.too-many-files", new MemoryArtifact(Files(Limits.Files + 1)).Scan().Findings[0].Rule);
        var report = new MemoryArtifact(Files(Limits.Files)).Scan();
        Assert.Equal(Limits.Findings, report.Findings.Length);
        Assert.Equal("scan.too-many-findings", report.Findings[^1].Rule);
    }

    private static byte[] Zip()
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("data.pkl").Open();
            entry.Write([0x80, 2]);
        }
        return stream.ToArray();
    }

    private static byte[] Tar()
    {
        var stream = new MemoryStream();
        using (var tar = new System.Formats.Tar.TarWriter(stream, leaveOpen: true))
            tar.WriteEntry(new System.Formats.Tar.UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "x"));
        return stream.ToArray();
    }
}
