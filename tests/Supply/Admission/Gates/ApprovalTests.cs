using Merlon.Admission.Model;
using Merlon.Admission.Tests.Admit;
using Merlon.ControlHost;
using Merlon.Kernel;
using static Merlon.Admission.Tests.Admit.AdmissionFixture;

namespace Merlon.Admission.Tests.Gates;

public sealed class ApprovalTests : IAsyncLifetime
{
    private readonly AdmissionFixture _control = new();
    private ControlClient _ann = null!, _bob = null!;

    public async Task InitializeAsync()
    {
        await _control.InitializeAsync();
        (_ann, _bob) = (await _control.Host.AddAsync("ann", "approver"), await _control.Host.AddAsync("bob", "approver"));
        await PolicyAsync(approvals: 1, fourEyes: true);
    }

    public Task DisposeAsync() => _control.DisposeAsync();

    private Task PolicyAsync(int approvals, bool fourEyes) => _control.SetPolicyAsync(
        $"  production: {{signature: off, approvals: {approvals}, four_eyes: {(fourEyes ? "true" : "false")}}}\n  staging: {{signature: off}}\n");

    private static async Task DecideAsync(ControlClient person, bool approved, string environment = "production", int version = 1) => Assert.True(
        (await person.PostAsync($"/models/fraud/versions/{version}/approvals", new { environment, approved, reason = "seen" })).IsSuccess);

    private async Task<string> VerdictAsync() => Gate(await _control.AdmitAsync("production"), "approval");

    [Fact]
    public async Task Approval_OfTheAuthor_DoesNotCount_OfAnotherItDoes()
    {
        await DecideAsync(_control.Owner, approved: true);
        Assert.Equal("approval.missing", Rule(await _control.AdmitAsync("production"), "approval"));
        await DecideAsync(_ann, approved: true);
        Assert.Equal("pass", await VerdictAsync());
    }

    [Fact]
    public async Task Approval_OfTheAuthor_CountsWithoutFourEyes()
    {
        await PolicyAsync(approvals: 1, fourEyes: false);
        await DecideAsync(_control.Owner, approved: true);
        Assert.Equal("pass", await VerdictAsync());
    }

    [Fact]
    public async Task Approval_OnePersonTwice_CountsOnce()
    {
        await PolicyAsync(approvals: 2, fourEyes: true);
        await DecideAsync(_ann, approved: true);
        await DecideAsync(_ann, approved: true);
        Assert.Equal("block", await VerdictAsync());
        await DecideAsync(_bob, approved: true);
        Assert.Equal("pass", await VerdictAsync());
    }

    [Fact]
    public async Task Refusal_Blocks_UntilTheSamePersonApproves()
    {
        await DecideAsync(_ann, approved: true);
        await DecideAsync(_bob, approved: false);
        Assert.Equal("approval.refused", Rule(await _control.AdmitAsync("production"), "approval"));
        await DecideAsync(_bob, approved: true);
        Assert.Equal("pass", await VerdictAsync());
        await DecideAsync(_ann, approved: false);
        Assert.Equal("block", await VerdictAsync());
    }

    [Fact]
    public async Task Approval_ForOtherEnvironmentOrVersion_DoesNotCount()
    {
        await DecideAsync(_ann, approved: true, environment: "staging");
        Assert.Equal("block", await VerdictAsync());
        Assert.True((await _control.Owner.PushAsync("fraud", ("model.onnx", "other weights"))).IsSuccess);
        await DecideAsync(_ann, approved: true, version: 2);
        Assert.Equal("block", await VerdictAsync());
        Assert.Equal("pass", Gate(await _control.AdmitAsync("production", version: 2), "approval"));
    }

    [Fact]
    public async Task Approval_OfOtherContentUnderTheSameVersion_DoesNotCount()
    {
        await DecideAsync(_bob, approved: false, environment: "staging");
        await _control.WithDbAsync(async db =>
        {
            var versionId = db.Approvals.Single().VersionId;
            db.Approvals.Add(new Approval
            {
                Id = Guid.CreateVersion7(),
                VersionId = versionId,
                Manifest = Digest.Of("other content"u8),
                Environment = "production",
                Principal = _ann.Principal,
                Approved = true,
                Reason = "planted",
                CreatedAt = TimeProvider.System.GetUtcNow(),
            });
            await db.SaveChangesAsync();
        });
        Assert.Equal("approval.missing", Rule(await _control.AdmitAsync("production"), "approval"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public async Task Approval_WithoutAReason_IsRefused(string reason) => Assert.Equal(
        "approval.reason", (await _ann.PostAsync("/models/fraud/versions/1/approvals", new { environment = "production", approved = true, reason })).Code);
}
