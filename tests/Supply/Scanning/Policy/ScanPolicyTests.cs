using System.Collections.Immutable;
using System.Text;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using Merlon.Scanning.Policy;
using Merlon.Scanning.Tests.Pickle;
using static Merlon.Scanning.Tests.Pickle.PickleBytes;

namespace Merlon.Scanning.Tests.Policy;

public sealed class ScanPolicyTests
{
    private const string Head = "version: 1\nname: team\n";

    internal static string Names(string module, string names, string use = "call") =>
        $"{Head}names:\n  - library: own\n    versions: 1 to 2\n    reason: Reviewed.\n    use: {use}\n    module: {module}\n    allow: [{names}]\n";

    internal static string Change(string kind, string rule, string more = "") => $"{Head}{kind}:\n  - rule: {rule}\n    reason: Known and accepted.\n{more}";

    private static Result<ScanPolicy> Read(string text) => ScanPolicy.Read(Encoding.UTF8.GetBytes(text));

    private static ContentScanReport Scan(string name, byte[] content, ScanPolicy? policy)
    {
        var report = ContentFileScanner.Scan(new ContentScanRequest { Target = name, Files = [new ContentFile(name, content.Length)], Policy = policy }, new MemoryArtifact((name, content)));
        return policy?.Apply(report) ?? report;
    }

    [Fact]
    public void Scan_NameOfThePolicy_IsAllowed_AsFarAsThePolicySays()
    {
        var (called, referred) = (Whole(Call("own.models", "Scorer")), Whole(Global("own.models", "Scorer")));
        Assert.Equal(["pickle.name", "pickle.call"], Scan("m.pkl", called, null).Findings.Select(f => f.Rule));
        Assert.Empty(Scan("m.pkl", called, Read(Names("own.models", "Scorer")).Value).Findings);
        Assert.Empty(Scan("m.pkl", referred, Read(Names("own.models", "Scorer", "refer")).Value).Findings);
        Assert.Equal(["pickle.call"], Scan("m.pkl", called, Read(Names("own.models", "Scorer", "refer")).Value).Findings.Select(f => f.Rule));
        Assert.Equal(Verdict.Block, Scan("m.pkl", called, Read(Names("own.models", "Other")).Value).Verdict);
        Assert.Equal(Verdict.Block, Scan("m.pkl", called, Read(Names("own", "Scorer")).Value).Verdict);
    }

    private static byte[] Call(string module, string name) => Join(Global(module, name), ")R");

    [Theory]
    [InlineData("os", "system")]
    [InlineData("os.path", "join")]
    [InlineData("posix", "getpid")]
    [InlineData("nt", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "print")]
    [InlineData("__builtin__", "file")]
    [InlineData("subprocess", "Anything")]
    [InlineData("importlib", "reload")]
    [InlineData("importlib.util", "spec_from_loader")]
    [InlineData("sys", "modules")]
    [InlineData("ctypes", "CDLL")]
    [InlineData("functools", "reduce")]
    [InlineData("operator", "attrgetter")]
    [InlineData("pip._internal", "main")]
    [InlineData("asyncio.unix_events", "_UnixSubprocessTransport")]
    [InlineData("__main__", "Mine")]
    [InlineData("torch.hub", "x")]
    [InlineData("torch.fx.graph_module", "x")]
    [InlineData("numpy.f2py", "x")]
    [InlineData("joblib.numpy_pickle", "NumpyArrayWrapper2")]
    [InlineData("own.models", "system")]
    [InlineData("own.models", "eval")]
    [InlineData("own.models", "os")]
    [InlineData("own.os.path", "join")]
    [InlineData("own.models", "__import__")]
    [InlineData("own.models", "__class__")]
    [InlineData("own.__globals__", "x")]
    [InlineData("own.models", "\"Scorer.os.system\"")]
    [InlineData("own.models", "\"\"")]
    [InlineData("own..models", "x")]
    [InlineData("\" os\"", "system")]
    [InlineData("own.models", "NumpyArrayWrapper")]
    [InlineData("\"o\\u017f\"", "x")]
    public void Read_NameThatCanNeverBeAllowed_RefusesThePolicy(string module, string name)
    {
        var read = Read(Names(module, name));
        Assert.True(read.IsRefused);
        Assert.Equal("scan-policy.invalid", read.Refusal.Code);
    }

    /// <summary>A request that says more than a policy can say is worth no more: the worker asks the list itself.</summary>
    [Fact]
    public void Scan_RequestWithANameThatCanNeverBeAllowed_StillBlocks()
    {
        var policy = new ScanPolicy { Digest = default, Name = "x", Names = [new PolicyName("posix", "system", true, "x", "x", "x"), new PolicyName("numpy", "dtype", true, "x", "x", "x")] };
        Assert.Equal(Verdict.Block, Scan("m.pkl", Whole(Global("posix", "system"), Short("id"), 0x85, "R"), policy).Verdict);
        Assert.Same(Merlon.Scanning.Pickle.PickleNames.Find("numpy", "dtype"), PolicyNames.Of(policy.Names).Find("numpy", "dtype"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("version: 2\nname: team\n")]
    [InlineData("version: 1\n")]
    [InlineData("version: 1\nname: team\nnames: []\nnames: []\n")]
    [InlineData("version: 1\nname: team\nallow_everything: true\n")]
    [InlineData("version: 1\nname: &a team\n")]
    [InlineData("version: 1\nname: !!str team\n")]
    [InlineData("{\"payload\":\"\"}")]
    [InlineData("- a\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: no.such-rule\n    reason: x\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n    reason: \"  \"\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n    reason: x\n    path: ../a.py\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n    reason: x\n    path: /a.py\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n    reason: x\nraise:\n  - rule: text.python\n    reason: x\n")]
    [InlineData("version: 1\nname: team\nsuppress:\n  - rule: text.python\n    rule: text.bidi-control\n    reason: x\n")]
    public void Read_Malformed_IsRefused(string text) => Assert.True(Read(text).IsRefused);

    [Theory]
    [InlineData("pickle.call")]
    [InlineData("pickle.name")]
    [InlineData("joblib.two-readings")]
    [InlineData("scan.crashed")]
    [InlineData("onnx.external-data.outside")]
    [InlineData("keras.lambda")]
    public void Read_SuppressionOfWhatWouldRun_IsRefused(string rule) => Assert.Contains("never be suppressed", Read(Change("suppress", rule)).Refusal.Detail, StringComparison.Ordinal);

    [Fact]
    public void Read_NamesAllowedTwiceOrBuiltIn_AreRefused()
    {
        Assert.True(Read(Names("own.models", "A, A")).IsRefused);
        Assert.Contains("own list", Read(Names("collections", "OrderedDict").Replace("collections", "sklearn.dummy", StringComparison.Ordinal).Replace("OrderedDict", "DummyClassifier", StringComparison.Ordinal)).Refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NamesAndBytesAtAndOverTheBound_PassAndAreRefused()
    {
        static string Many(int count) => Names("own.models", string.Join(", ", Enumerable.Range(0, count).Select(i => $"N{i}")));
        Assert.Equal(Merlon.Scanning.Policy.Limits.Names, Read(Many(Merlon.Scanning.Policy.Limits.Names)).Value.Names.Length);
        Assert.True(Read(Many(Merlon.Scanning.Policy.Limits.Names + 1)).IsRefused);
        Assert.False(Read(Head.PadRight(Merlon.Scanning.Policy.Limits.Bytes, '\n')).IsRefused);
        Assert.Equal("scan-policy.size", Read(Head.PadRight(Merlon.Scanning.Policy.Limits.Bytes + 1, '\n')).Refusal.Code);
    }

    [Fact]
    public void Apply_SuppressedFinding_DoesNotCountAndStaysVisible()
    {
        var policy = Read(Change("suppress", "text.python", "    path: tools/run.py\n")).Value;
        var python = "import os\n"u8.ToArray();
        var report = Scan("m/tools/run.py", python, policy);
        Assert.Equal(Verdict.Pass, report.Verdict);
        Assert.Equal(new Suppression(Verdict.Warn, "Known and accepted."), Assert.Single(report.Findings).Suppressed);
        Assert.Equal(Verdict.Warn, Scan("m/mytools/run.py", python, policy).Verdict);
        Assert.Equal(Verdict.Warn, Scan("tools/run.py.d/x.py", python, policy).Verdict);

        var json = ScanOutput.Json([report], policy);
        var finding = json["results"]![0]!["findings"]![0]!;
        Assert.Equal(("warn", "Known and accepted."), (finding["severity"]!.GetValue<string>(), finding["suppressed"]!["reason"]!.GetValue<string>()));
        Assert.Equal("pass", json["results"]![0]!["verdict"]!.GetValue<string>());
        Assert.Equal(policy.Digest.ToString(), json["policy"]!["digest"]!.GetValue<string>());
        Assert.NotEqual(ScanRules.Digest.ToString(), json["rulesDigest"]!.GetValue<string>());
        var suppression = ScanOutput.Sarif([report], policy)["runs"]![0]!["results"]![0]!["suppressions"]![0]!;
        Assert.Equal(("external", "accepted", "Known and accepted."),
            (suppression["kind"]!.GetValue<string>(), suppression["status"]!.GetValue<string>(), suppression["justification"]!.GetValue<string>()));
        Assert.Contains("suppressed: ", ScanOutput.Text([report]), StringComparison.Ordinal);
        Assert.Contains("reason: Known and accepted.", ScanOutput.Text([report]), StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_RaisedRule_Blocks() => Assert.Equal(Verdict.Block, Scan("a.py", "import os\n"u8.ToArray(), Read(Change("raise", "text.python")).Value).Verdict);

    [Fact]
    public void Apply_SeveralFiles_TakesTheLongestThatTheLocationBeginsWith()
    {
        var policy = Read(Change("suppress", "file.unknown", "    path: a\n")).Value;
        ImmutableArray<Finding> findings = [new("file.unknown", Verdict.Block, "x", "a@1"), new("file.unknown", Verdict.Block, "x", "a@b"), new("file.unknown", Verdict.Block, "x", "ab"), new("file.unknown", Verdict.Block, "x")];
        Assert.Equal([Verdict.Pass, Verdict.Block, Verdict.Block, Verdict.Block], PolicyRules.Apply(policy, findings, ["a", "a@b", "ab"]).Select(f => f.Severity));
    }

    [Fact]
    public void RulesOf_ChangesWithThePolicy()
    {
        var (one, two) = (Read(Change("raise", "text.python")).Value, Read(Change("raise", "text.bidi-control")).Value);
        Assert.Equal(3, new[] { ScanPolicy.RulesOf(null), ScanPolicy.RulesOf(one), ScanPolicy.RulesOf(two) }.Distinct().Count());
        Assert.Equal(ScanPolicy.RulesOf(one), ScanPolicy.RulesOf(Read(Change("raise", "text.python")).Value));
    }

    /// <summary>It is never taken from what is being scanned: a policy in an archive or folder is a text like any other.</summary>
    [Fact]
    public void Scan_PolicyBesideTheFile_ChangesNothing()
    {
        var pickle = Whole(Call("own.models", "Scorer"));
        (string, byte[])[] all = [("m/x.pkl", pickle), ("m/merlon-scan-policy.yaml", Encoding.UTF8.GetBytes(Names("own.models", "Scorer"))), ("m/.merlon/scan-policy.json", "{}"u8.ToArray())];
        var request = new ContentScanRequest { Target = "m/x.pkl", Files = [.. all.Select(f => new ContentFile(f.Item1, f.Item2.Length))] };
        Assert.Equal(Verdict.Block, ContentFileScanner.Scan(request, new MemoryArtifact(all)).Verdict);
    }
}
