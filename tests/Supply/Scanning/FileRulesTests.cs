using System.IO.Compression;
using System.Text;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using static Merlon.Scanning.Tests.OnnxBytes;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

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
        { "weights.pkl", Whole(Global("posix", "system"), Short("id"), 0x85, "R"), "pickle.call" },
        { "README.md", [0x80, 2, (byte)'c', (byte)'o', (byte)'s'], "pickle.truncated" },
        { "notes.txt", "cos\nsystem\n(S'id'\ntR."u8.ToArray(), "pickle.call" },
        { "data.json", Zip(Whole(Global("posix", "system"), Short("id"), 0x85, "R")), "pickle.call" },
        { "inner.json", Zip(Zip(Whole(Global("posix", "system"), Short("id"), 0x85, "R"))), "pickle.call" },
        { "LICENSE", Tar(), "file.kind" },
        { "run.txt", "#!/bin/sh\nrm -rf /\n"u8.ToArray(), "executable.script" },
        { "libop.so", [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1], "executable.binary" },
        { "x.json", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C, 0], "archive.unsupported" },
        { "modeling.py", "import os\n"u8.ToArray(), "file.kind" },
        { "blob", [1, 2, 3], "file.unknown" },
        { "other.bin", Model(Node("Relu")), "file.kind" },
        { "vocab.txt", [(byte)'a', 0, (byte)'b'], "file.unknown" },
        { "vocab.json", [0xFF, 0xFE], "file.unknown" },
        { "deploy.md", "-----BEGIN RSA PRIVATE KEY-----"u8.ToArray(), "file.secret" },
        { "env.txt", Encoding.ASCII.GetBytes("key=AKIA" + "IOSFODNN7EXAMPLE"), "file.secret" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Scan_StrayFile_IsBlockedWhateverItsName(string name, byte[] content, string rule)
    {
        var report = new MemoryArtifact(("model.onnx", s_model), (name, content)).Scan();
        Assert.Contains(report.Findings, finding => (finding.Rule, finding.Severity) == (rule, Verdict.Block));
        Assert.All(report.Findings, finding => Assert.StartsWith(name, finding.Location, StringComparison.Ordinal));
    }

    /// <summary>What is understood and clean is not served either, and nothing but that is said of it: the environment decides.</summary>
    [Fact]
    public void Scan_CleanFilesOfOtherFormats_AreOnlyNotServed()
    {
        (string, byte[])[] files = [("w.pkl", Whole(Short("a"))), ("a.zip", Zip("text"u8.ToArray())), ("m.gguf", Content.GgufTests.Ordinary().ToArray()), ("w.safetensors", Content.SafetensorsTests.File(Content.SafetensorsTests.Ordinary, 32))];
        var report = new MemoryArtifact([("model.onnx", s_model), .. files]).Scan();
        Assert.Equal(files.Select(file => (ScanRules.NotServed, (string?)file.Item1)), report.Findings.Select(finding => (finding.Rule, finding.Location)));
        Assert.Equal("gguf×1, onnx×1, pickle×1, safetensors×1, zip×1", report.Facts["formats"]);
    }

    [Fact]
    public void Scan_NamesOfThePolicy_HoldInTheArtifactToo()
    {
        var policy = ScanPolicy.Read(Encoding.UTF8.GetBytes(Policy.ScanPolicyTests.Names("own.models", "Scorer"))).Value;
        var artifact = new MemoryArtifact(("model.onnx", s_model), ("w.pkl", Whole(Global("own.models", "Scorer"), ")R")));
        Assert.Equal(["pickle.name", "pickle.call", "file.kind"], artifact.Scan().Findings.Select(finding => finding.Rule));
        Assert.Equal(["file.kind"], FormatScanner.Scan(new ScanRequest { Files = artifact.Files, Policy = policy }, artifact).Findings.Select(finding => finding.Rule));
    }

    /// <summary>An artifact that brings a policy along gets nothing from it.</summary>
    [Fact]
    public void Scan_PolicyInsideTheArtifact_IsOnlyText()
    {
        var report = new MemoryArtifact(("model.onnx", s_model), ("scan-policy.yaml", Encoding.UTF8.GetBytes(Policy.ScanPolicyTests.Names("own.models", "Scorer"))), ("w.pkl", Whole(Global("own.models", "Scorer"), ")R"))).Scan();
        Assert.Contains("pickle.name", report.Findings.Select(finding => finding.Rule));
    }

    [Fact]
    public void Scan_WeightsThatAreAPickleToo_AreBlocked()
    {
        var model = Model([.. Node("Relu"), .. External("w", 16, ("location", "w.bin"))]);
        var pickle = Whole(Global("posix", "system"), Short("id"), 0x85, "R");
        Assert.Equal("pickle.polyglot", Assert.Single(new MemoryArtifact(("model.onnx", model), ("w.bin", [.. pickle, .. new byte[64 - pickle.Length]])).Scan().Findings).Rule);
        Assert.Empty(new MemoryArtifact(("model.onnx", model), ("w.bin", [0x80, 4, .. new byte[62]])).Scan().Findings);
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
    public void Scan_FilesAndFindingsOverTheBound_AreBlocked()
    {
        (string, byte[])[] Files(int count) => [("model.onnx", s_model), .. Enumerable.Range(0, count - 1).Select(i => ($"bad{i}", new byte[] { 1 }))];
        Assert.Equal("artifact.too-many-files", new MemoryArtifact(Files(Limits.Files + 1)).Scan().Findings[0].Rule);
        var report = new MemoryArtifact(Files(Limits.Files)).Scan();
        Assert.Equal(Limits.Findings, report.Findings.Length);
        Assert.Equal("scan.too-many-findings", report.Findings[^1].Rule);
    }

    private static byte[] Zip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var entry = zip.CreateEntry("data.pkl").Open();
            entry.Write(content);
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
