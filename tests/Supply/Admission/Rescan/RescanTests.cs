using Merlon.Admission.Rescan;
using Merlon.Admission.Tests.Admit;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Scanning.Contracts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Admission.Tests.Rescan;

/// <summary>What happens to stored versions when the rules change. The change itself is played by writing other rules into the records.</summary>
public sealed class RescanTests : IAsyncLifetime
{
    private static readonly ScanReport s_blocking = ScriptedScanner.Clean with
    {
        Findings = [new Finding("pickle.call", Verdict.Block, "The file calls os.system.", "model.pkl@12")],
    };

    private readonly AdmissionFixture _control = new();

    public Task InitializeAsync() => _control.InitializeAsync();

    public Task DisposeAsync() => _control.DisposeAsync();

    private async Task<T> AskAsync<T>(Func<RescanService, Task<T>> ask)
    {
        await using var scope = _control.Host.Services.CreateAsyncScope();
        return await ask(scope.ServiceProvider.GetRequiredService<RescanService>());
    }

    private Task<IReadOnlyList<Guid>> PendingAsync() => AskAsync(s => s.PendingAsync(CancellationToken.None));

    private Task<Result<Verdict>> ScanAsync(Guid id) => AskAsync(s => s.ScanAsync(id, CancellationToken.None));

    private async Task<Guid> IdOfAsync(int number)
    {
        await using var scope = _control.Host.Services.CreateAsyncScope();
        var found = await scope.ServiceProvider.GetRequiredService<IRegistry>().FindAsync(Scope.Default, new ModelReference("fraud", number), CancellationToken.None);
        return found.Value.Id;
    }

    private Task RulesChangeAsync() => _control.WithDbAsync(async db =>
    {
        foreach (var scan in await db.Scans.ToListAsync())
            scan.Rules = Digest.Of("yesterday's rules"u8);
        await db.SaveChangesAsync();
    });

    [Fact]
    public async Task Pending_AdmittedUnderTheseRules_IsEmpty_AndAllOfThemOnceTheRulesChange()
    {
        Assert.True((await _control.Owner.PushAsync("fraud", ("model.onnx", "two"))).IsSuccess);
        await _control.AdmitAsync("development", 1);
        await _control.AdmitAsync("development", 2);
        Assert.Empty(await PendingAsync());
        await RulesChangeAsync();
        var (first, second) = (await IdOfAsync(1), await IdOfAsync(2));
        Assert.Equal([second, first], await PendingAsync());
        _control.Deployed.Versions.Add(first);
        Assert.Equal([first, second], await PendingAsync());
    }

    [Fact]
    public async Task Pending_NewVersionThatNobodyAdmits_WaitsForItsGrace()
    {
        Assert.Empty(await PendingAsync());
        await using var scope = _control.Host.Services.CreateAsyncScope();
        var later = ActivatorUtilities.CreateInstance<RescanService>(scope.ServiceProvider, new Later());
        Assert.Equal([await IdOfAsync(1)], await later.PendingAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Scan_RunningVersionThatIsBlockedNow_IsAHighEvent_AndIsNotAdmittedAgain()
    {
        Assert.NotEqual("block", (await _control.AdmitAsync("development")).Text("verdict"));
        await RulesChangeAsync();
        var id = await IdOfAsync(1);
        _control.Deployed.Versions.Add(id);
        _control.Scanner.Answer = () => s_blocking;
        Assert.Equal(Verdict.Block, (await ScanAsync(id)).Value);
        var told = Assert.Single(_control.Host.Events.Of("model.scan"));
        Assert.Equal((EventSeverity.High, "scan.blocks-running", EventStatus.Failure), (told.Severity, told.StatusCode, told.Status));
        Assert.Empty(await PendingAsync());
        Assert.Equal("block", (await _control.AdmitAsync("development")).Text("verdict"));
    }

    [Fact]
    public async Task Scan_ThatCannotBeMade_LeavesTheVersionPending_AndRecordsNothing()
    {
        await _control.AdmitAsync("development");
        await RulesChangeAsync();
        _control.Scanner.Answer = () => new Refusal(RefusalKind.Unavailable, "scan.failed", "No node is there.");
        Assert.True((await ScanAsync(await IdOfAsync(1))).IsRefused);
        Assert.Equal([await IdOfAsync(1)], await PendingAsync());
        Assert.Empty(_control.Host.Events.Of("model.scan"));
    }

    [Fact]
    public async Task Show_TellsTheFindingsAndWhetherTheRulesAreTodays()
    {
        Assert.Equal("scan.none", (await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Code);
        _control.Scanner.Answer = () => s_blocking;
        await _control.AdmitAsync("development");
        var scan = (await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Json!;
        Assert.Equal(("block", "pickle.call", true), (scan["verdict"]!.GetValue<string>(), scan["findings"]![0]!["rule"]!.GetValue<string>(), scan["current"]!.GetValue<bool>()));
        await RulesChangeAsync();
        Assert.False((await _control.Owner.GetAsync("/models/fraud/versions/1/scan")).Json!["current"]!.GetValue<bool>());
    }

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + RescanService.GraceOfNewVersions + TimeSpan.FromSeconds(1);
    }
}
