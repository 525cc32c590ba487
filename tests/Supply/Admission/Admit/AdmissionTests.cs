using Merlon.Admission.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using static Merlon.Admission.Tests.Admit.AdmissionFixture;

namespace Merlon.Admission.Tests.Admit;

/// <summary>The gates in order, what a mode does to their verdict, and what is recorded.</summary>
public sealed class AdmissionTests : IAsyncLifetime
{
    private readonly AdmissionFixture _control = new();

    public Task InitializeAsync() => _control.InitializeAsync();

    public Task DisposeAsync() => _control.DisposeAsync();

    [Fact]
    public async Task Admit_AllGates_RunInTheirOrder_AndTheVerdictIsRecorded()
    {
        var answer = await _control.AdmitAsync("production");
        Assert.Equal(["integrity", "format", "signature", "approval"], answer.Json!["gates"]!.AsArray().Select(g => g!["gate"]!.GetValue<string>()));
        Assert.Equal("block", answer.Text("verdict"));
        Assert.Equal(("pass", "pass", "block", "block"), (Gate(answer, "integrity"), Gate(answer, "format"), Gate(answer, "signature"), Gate(answer, "approval")));
        var recorded = Assert.Single(_control.Host.Events.Of("model.admit"));
        Assert.Equal((EventStatus.Failure, "admission.blocked"), (recorded.Status, recorded.StatusCode));
        var stored = await _control.Owner.GetAsync("/models/fraud/versions/1/verdicts");
        Assert.Equal(answer.Text("id"), stored.Json![0]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Admit_Development_WarnsOfTheMissingSignature_AndSkipsApproval()
    {
        var answer = await _control.AdmitAsync("development");
        Assert.Equal("warn", answer.Text("verdict"));
        Assert.Equal("warn", Gate(answer, "signature"));
        Assert.DoesNotContain(answer.Json!["gates"]!.AsArray(), g => g!["gate"]!.GetValue<string>() == "approval");
        Assert.Equal(EventStatus.Success, Assert.Single(_control.Host.Events.Of("model.admit")).Status);
    }

    [Fact]
    public async Task Admit_UnknownEnvironmentOrVersion_IsRefused()
    {
        Assert.Equal("environment.unknown", (await _control.AdmitAsync("staging")).Code);
        Assert.Equal("model.unknown", (await _control.AdmitAsync("development", version: 2)).Code);
    }

    [Fact]
    public async Task Admit_GateThatThrows_Blocks_AndTellsNoInternals()
    {
        _control.Scanner.Answer = () => throw new FormatException("secret path /etc/x");
        var answer = await _control.AdmitAsync("development");
        Assert.Equal(("block", "block", "format.failed"), (answer.Text("verdict"), Gate(answer, "format"), Rule(answer, "format")));
        Assert.DoesNotContain("secret", answer.Body, StringComparison.Ordinal);
        Assert.Null(answer.Json!["contract"]);
    }

    [Fact]
    public async Task Admit_NoScanWorkerOrNoModelOrBlockingFinding_Blocks()
    {
        _control.Scanner.Answer = () => new Refusal(RefusalKind.Unavailable, "scan.failed", "No node.");
        Assert.Equal("scan.failed", Rule(await _control.AdmitAsync("development"), "format"));
        _control.Scanner.Answer = () => ScriptedScanner.Clean with { Signature = null };
        Assert.Equal("format.no-model", Rule(await _control.AdmitAsync("development"), "format"));
        _control.Scanner.Answer = () => ScriptedScanner.Clean with { Findings = [new Finding("onnx.x", Verdict.Block, "Bad.")] };
        var found = await _control.AdmitAsync("development");
        Assert.Equal(("onnx.x", "block"), (Rule(found, "format"), found.Text("verdict")));
        _control.Scanner.Answer = () => ScriptedScanner.Clean with { Declared = new DeclaredContract { Version = 1, Inputs = [new DeclaredInput { Name = "other" }] } };
        Assert.Equal("contract.contradiction", Rule(await _control.AdmitAsync("development"), "format"));
    }

    [Fact]
    public async Task Admit_Contract_IsInTheEvidence()
    {
        var answer = await _control.AdmitAsync("development");
        var format = answer.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "format")!;
        Assert.True(Digest.TryParse(format["evidence"]!["contract"]!.GetValue<string>(), out _));
        Assert.Equal("test", format["evidence"]!["rules"]!.GetValue<string>());
    }

    [Fact]
    public async Task Admit_SealedFileChangedOnDisk_IsBlockedByIntegrity()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_control.Host.Directory, "blobs"), "*.sealed", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            bytes[^40] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
        }
        var answer = await _control.AdmitAsync("development");
        Assert.Equal(("block", "integrity.file"), (Gate(answer, "integrity"), Rule(answer, "integrity")));
    }

    [Fact]
    public async Task Admit_VerdictThatCannotBeRecorded_IsNotGiven()
    {
        _control.Host.Events.Full = true;
        Assert.False((await _control.AdmitAsync("development")).IsSuccess);
    }

    [Fact]
    public async Task Policy_Invalid_LeavesTheOneInForce()
    {
        var before = await _control.Owner.GetAsync("/policy");
        Assert.Equal("policy.invalid", (await _control.Owner.PutAsync("/policy", new { text = "version: 1\nenvironments: {dev: {format: off}}" })).Code);
        Assert.Equal(before.Body, (await _control.Owner.GetAsync("/policy")).Body);
        Assert.Single(_control.Host.Events.Of("policy.change"));
    }

    [Fact]
    public async Task Policy_ChangedTwice_CountsUp_AndTheSameTextChangesNothing()
    {
        const string Text = "version: 1\nenvironments: {dev: {}}";
        Assert.Equal(2, (await _control.Owner.PutAsync("/policy", new { text = Text })).Number("number"));
        Assert.Equal(2, (await _control.Owner.PutAsync("/policy", new { text = Text })).Number("number"));
        Assert.Equal(2, _control.Host.Events.Of("policy.change").Count());
    }

    [Fact]
    public async Task Policy_ByAnEngineer_IsForbidden()
    {
        var engineer = await _control.Host.AddAsync("eve", "ml-engineer");
        Assert.Equal("access.forbidden", (await engineer.PutAsync("/policy", new { text = "version: 1" })).Code);
        Assert.Equal("access.forbidden", (await engineer.PostAsync("/models/fraud/versions/1/approvals", new { environment = "production", approved = true, reason = "x" })).Code);
    }
}
