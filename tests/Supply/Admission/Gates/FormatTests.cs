using System.Security.Cryptography;
using Merlon.Admission.Tests.Admit;
using Merlon.Admission.Tests.Policy;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Tests.Gates;

/// <summary>What an environment makes of files beside the model, and which scan policy the scanner follows.</summary>
public sealed class FormatTests : IAsyncLifetime
{
    private const string Environment = "    integrity: block\n    format: block\n    signature: off\n    approval: off\n    isolation: reduced\n";
    private readonly AdmissionFixture _control = new();

    public Task InitializeAsync() => _control.InitializeAsync();

    public Task DisposeAsync() => _control.DisposeAsync();

    private static string Environments(string formats) => $"  strict:\n{Environment}  open:\n{Environment}    formats: {formats}\n";

    private async Task<string> VerdictAsync(string environment) => AdmissionFixture.Gate(await _control.AdmitAsync(environment), "format");

    private void Finds(params string[] rules) =>
        _control.Scanner.Answer = () => ScriptedScanner.Clean with { Findings = [.. rules.Select(rule => new Finding(rule, Verdict.Block, "Told.", "w.pkl"))] };

    [Theory]
    [InlineData("served", "file.kind", "block", "block")]
    [InlineData("understood", "file.kind", "block", "warn")]
    [InlineData("understood", "file.unknown", "block", "block")]
    [InlineData("any", "file.kind", "block", "warn")]
    [InlineData("any", "file.unknown", "block", "warn")]
    [InlineData("any", "pickle.call", "block", "block")]
    [InlineData("any", "archive.unsupported", "block", "block")]
    public async Task Admit_FileThatIsNotServed_IsAsTheEnvironmentSays(string formats, string rule, string strict, string open)
    {
        await _control.SetPolicyAsync(Environments(formats));
        Finds(rule);
        Assert.Equal((strict, open), (await VerdictAsync("strict"), await VerdictAsync("open")));
        // What no environment takes is blocked in the newest scan too; what one of them takes is not.
        Assert.Equal(open, (await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Text("verdict"));
    }

    [Fact]
    public async Task Admit_UnderADefaultPolicy_BlocksOtherFormatsInProduction()
    {
        Finds("file.kind");
        Assert.Equal("block", await VerdictAsync("production"));
        Finds("file.unknown");
        Assert.Equal("block", await VerdictAsync("production"));
    }

    [Fact]
    public async Task Admit_ProjectWithAScanPolicy_ScansByIt_AndScansAgainWhenItChanges()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await _control.AdmitAsync("development");
        Assert.Null(_control.Scanner.Policy);
        Assert.True((await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Json!["current"]!.GetValue<bool>());

        var text = ScanSectionTests.Text(key, ScanSectionTests.Sign(key, ScanSectionTests.Names), environments: Environments("any"));
        Assert.True((await _control.Owner.PutAsync("/policy", new { text })).IsSuccess);
        Assert.False((await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Json!["current"]!.GetValue<bool>());
        var admitted = await _control.AdmitAsync("open");
        Assert.Equal("Scorer", Assert.Single(_control.Scanner.Policy!.Names).Name);
        Assert.Equal(_control.Scanner.Policy.Digest.ToString(),
            admitted.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "format")!["evidence"]!["scan_policy"]!.GetValue<string>());
        Assert.True((await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Json!["current"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Admit_SuppressedFinding_DoesNotBlockAndIsShown()
    {
        await _control.SetPolicyAsync(Environments("served"));
        _control.Scanner.Answer = () => ScriptedScanner.Clean with
        {
            Findings = [new Finding("text.python", Verdict.Pass, "Told.", "a.py") { Suppressed = new Suppression(Verdict.Block, "Accepted.") }],
        };
        var admitted = await _control.AdmitAsync("strict");
        var finding = admitted.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "format")!["findings"]![0]!;
        Assert.Equal(("pass", "block", "Accepted."), (AdmissionFixture.Gate(admitted, "format"), finding["severity"]!.GetValue<string>(), finding["suppressed"]!.GetValue<string>()));
    }
}
