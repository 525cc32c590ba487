using System.Text.Json.Nodes;
using Merlon.Scanning.Contracts;

namespace Merlon.Conformance.Tests;

/// <summary>Our SARIF against the schema of the standard, by an independent validator (the npm packages @microsoft/jest-sarif and ajv).</summary>
public sealed class SarifConformanceTests(NodePeer peer) : IClassFixture<NodePeer>, IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void Peer_AcceptsOurReports()
    {
        Validate(ScanOutput.Sarif([]));
        Validate(ScanOutput.Sarif([Report(), Report() with { Findings = [] }]));
    }

    [Fact]
    public void Peer_RefusesABrokenReport()
    {
        var broken = ScanOutput.Sarif([Report()]);
        broken["runs"]![0]!["results"]![0]!["level"] = "dreadful";
        Assert.Throws<InvalidOperationException>(() => Validate(broken));
    }

    public void Dispose() => File.Delete(_file);

    private static ContentScanReport Report() => new()
    {
        Path = "a folder/ü.gguf",
        Format = "gguf",
        Findings =
        [
            new Finding("gguf.hole", Verdict.Block, "Bytes that belong to nothing.", "a folder/ü.gguf@12", "Convert it again."),
            new Finding("no.such-rule", Verdict.Warn, "Odd."),
        ],
    };

    private void Validate(JsonObject sarif)
    {
        File.WriteAllText(_file, sarif.ToJsonString());
        peer.Node("sarif.mjs", _file);
    }
}
