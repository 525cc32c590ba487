using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Merlon.Access.Contracts;
using Merlon.Access.Tests.Changes;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Keys;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Workloads;

public sealed class WorkloadTests : IAsyncLifetime
{
    private static readonly CallableEndpoint s_fraud = new(Guid.CreateVersion7(), Scope.Default, "fraud");
    private static readonly CallableEndpoint s_other = new(Guid.CreateVersion7(), Scope.Default, "other");
    private ControlHost.ControlHost _host = null!;

    public async Task InitializeAsync() => _host = await ControlHost.ControlHost.StartAsync(new ControlParts());

    public async Task DisposeAsync() => await _host.DisposeAsync();

    private static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static string Request(ECDsa key) => new CertificateRequest("CN=admin", key, HashAlgorithmName.SHA256).CreateSigningRequestPem();

    private Task<ControlAnswer> EnrolAsync(ECDsa key, string name = "ci", int? lifeSeconds = null) =>
        _host.Owner!.PostAsync("/workloads", new { name, csr = Request(key), lifeSeconds });

    private async Task<IReadOnlyList<ActiveWorkload>> ActiveAsync()
    {
        await using var scope = _host.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IWorkloadDirectory>().ListActiveAsync([s_fraud, s_other], CancellationToken.None);
    }

    private static Digest DigestOf(ControlAnswer issued)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.Text("certificate"));
        return Digest.Of(certificate.RawData);
    }

    private Task<ControlAnswer> RenewItselfAsync(ECDsa key, string certificate, string csr, DateTimeOffset? at = null, string domain = "test.merlon.local", string? signed = null)
    {
        var when = at ?? _host.Time.GetUtcNow();
        return ReadAsync(new { certificate, csr, at = when.ToUnixTimeSeconds(), proof = RenewalProof.Sign(key, domain, when, signed ?? csr) });
    }

    private async Task<ControlAnswer> ReadAsync(object body) => await ControlAnswer.ReadAsync(await _host.Anonymous.PostAsync("/workload-renewals", ControlClient.Json(body)));

    [Fact]
    public async Task Enrol_GivesACertificateForTheKey_AndNoRightByItself()
    {
        using var key = NewKey();
        var issued = await EnrolAsync(key);
        Assert.Equal(HttpStatusCode.Created, issued.Status);
        using var certificate = X509Certificate2.CreateFromPem(issued.Text("certificate"));
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), certificate.PublicKey.ExportSubjectPublicKeyInfo());
        Assert.DoesNotContain("admin", certificate.Subject, StringComparison.Ordinal);
        using var validator = new SvidValidator(issued.Text("ca"), "test.merlon.local");
        Assert.Equal(issued.Text("spiffeId"), validator.Verify(certificate, _host.Time.GetUtcNow()).Value.Id.ToString());
        Assert.Empty(Assert.Single(await ActiveAsync()).EndpointIds);
        var told = Assert.Single(_host.Events.Of("workload.enrol"));
        Assert.Equal((OcsfClass.AccountChange, issued.Text("principal")), (told.Class, told.Personal!.Subject));
        Assert.Equal(1, _host.Gateways.Count);
    }

    [Fact]
    public async Task Bindings_GiveAndTakeItsEndpoints()
    {
        using var key = NewKey();
        await EnrolAsync(key);
        var owner = _host.Owner!;
        Assert.Equal("binding.key", (await owner.BindAsync("workload:ci", "caller", "endpoint/fraud", conditions: new { hours = "08:00-18:00" })).Code);
        Assert.Equal("group.member", (await owner.PostAsync("/groups", new { name = "machines", members = new[] { "workload:ci" } })).Code);
        var bound = await owner.BindAsync("workload:ci", "caller", "endpoint/fraud");
        Assert.Equal([s_fraud.Id], Assert.Single(await ActiveAsync()).EndpointIds);
        Assert.True((await owner.BindAsync("workload:ci", "caller", "project")).IsSuccess);
        Assert.Equal([s_fraud.Id, s_other.Id], Assert.Single(await ActiveAsync()).EndpointIds);
        Assert.True((await owner.BindAsync("workload:ci", "caller", "endpoint/fraud", "deny")).IsSuccess);
        Assert.Equal([s_other.Id], Assert.Single(await ActiveAsync()).EndpointIds);
        Assert.True(bound.IsSuccess);
    }

    [Fact]
    public async Task Enrol_SentAgainWithItsKey_IsAnsweredAgain_AndMakesNothing()
    {
        using var key = NewKey();
        var body = new { name = "ci", csr = Request(key) };
        var (first, _) = await _host.Owner!.SendAsync(HttpMethod.Post, "/workloads", body, ("Idempotency-Key", "k1"));
        var (again, _) = await _host.Owner!.SendAsync(HttpMethod.Post, "/workloads", body, ("Idempotency-Key", "k1"));
        Assert.Equal(first.Text("certificate"), again.Text("certificate"));
        Assert.Single(_host.Events.Of("workload.enrol"));
        var (reused, _) = await _host.Owner!.SendAsync(HttpMethod.Post, "/workloads", body with { name = "cd" }, ("Idempotency-Key", "k1"));
        Assert.Equal("idempotency.reused", reused.Code);
    }

    [Fact]
    public async Task Enrol_OutsideItsBounds_IsRefused()
    {
        using var key = NewKey();
        Assert.Equal("name.invalid", (await EnrolAsync(key, "Ci")).Code);
        Assert.Equal("expiry.invalid", (await EnrolAsync(key, lifeSeconds: 299)).Code);
        Assert.Equal("expiry.invalid", (await EnrolAsync(key, lifeSeconds: (7 * 86400) + 1)).Code);
        Assert.Equal("workload.csr", (await _host.Owner!.PostAsync("/workloads", new { name = "ci", csr = "no request" })).Code);
        Assert.True((await EnrolAsync(key, "short", 300)).IsSuccess);
        Assert.True((await EnrolAsync(key, "long", 7 * 86400)).IsSuccess);
        Assert.Equal("workload.exists", (await EnrolAsync(key, "long")).Code);
        Assert.Empty(_host.Faults);
    }

    [Fact]
    public async Task RenewItself_WithProof_KeepsTheFormerBesideTheNew_AndNoMore()
    {
        using var first = NewKey();
        using var second = NewKey();
        using var third = NewKey();
        var enrolled = await EnrolAsync(first);
        var renewed = await RenewItselfAsync(first, enrolled.Text("certificate"), Request(second));
        Assert.True(renewed.IsSuccess, renewed.Body);
        Assert.Equal(enrolled.Text("spiffeId"), renewed.Text("spiffeId"));
        Assert.Equal(new[] { DigestOf(enrolled), DigestOf(renewed) }.ToHashSet(), Assert.Single(await ActiveAsync()).Certificates.ToHashSet());
        _host.Time.Advance(TimeSpan.FromSeconds(2));
        var again = await RenewItselfAsync(second, renewed.Text("certificate"), Request(third));
        Assert.Equal(new[] { DigestOf(again), DigestOf(renewed) }.ToHashSet(), Assert.Single(await ActiveAsync()).Certificates.ToHashSet());
        // The first is no longer in force, so it renews nothing.
        using var fourth = NewKey();
        Assert.Equal("workload.proof", (await RenewItselfAsync(first, enrolled.Text("certificate"), Request(fourth))).Code);
        Assert.Equal(2, _host.Events.Of("workload.renew").Count(e => e.Class == OcsfClass.Authentication));
    }

    [Fact]
    public async Task RenewItself_Replayed_BringsNothingNew()
    {
        using var first = NewKey();
        using var second = NewKey();
        var enrolled = await EnrolAsync(first);
        var (csr, at) = (Request(second), _host.Time.GetUtcNow());
        var renewed = await RenewItselfAsync(first, enrolled.Text("certificate"), csr, at);
        var replayed = await RenewItselfAsync(first, enrolled.Text("certificate"), csr, at);
        Assert.Equal(renewed.Text("certificate"), replayed.Text("certificate"));
        Assert.Single(_host.Events.Of("workload.renew"));
    }

    [Fact]
    public async Task RenewItself_WithoutProof_HasOneAnswer()
    {
        using var key = NewKey();
        using var next = NewKey();
        using var thief = NewKey();
        var certificate = (await EnrolAsync(key)).Text("certificate");
        var (csr, now) = (Request(next), _host.Time.GetUtcNow());
        using var foreign = DevelopmentCa.CreateAuthority("Merlon test", now.AddDays(-1));
        Assert.True(SpiffeId.TryParse("spiffe://test.merlon.local/gateway", out var id));
        using var stranger = WorkloadSvid.Issue(foreign, id!, thief.ExportSubjectPublicKeyInfo(), [], now, TimeSpan.FromHours(1));
        var answers = new List<ControlAnswer>
        {
            await RenewItselfAsync(thief, certificate, csr),
            await RenewItselfAsync(key, certificate, csr, now.AddMinutes(-6)),
            await RenewItselfAsync(key, certificate, csr, now.AddMinutes(6)),
            await RenewItselfAsync(key, certificate, csr, domain: "other"),
            await RenewItselfAsync(key, certificate, csr, signed: Request(thief)),
            await RenewItselfAsync(thief, stranger.ExportCertificatePem(), csr),
            await RenewItselfAsync(key, "no certificate", csr),
            await RenewItselfAsync(key, new string('x', 8193), csr),
            await ReadAsync(new { certificate, csr, at = now.ToUnixTimeSeconds() }),
            await ReadAsync(new { certificate, csr, at = long.MaxValue, proof = "AAAA" }),
            await ReadAsync(new { certificate, csr, at = long.MinValue, proof = "AAAA" }),
            await ReadAsync(new { }),
        };
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.Unauthorized, "workload.proof"), (a.Status, a.Code)));
        Assert.Single(answers.Select(a => a.Body).Distinct());
        Assert.Equal(answers.Count, _host.Refusals.Unknown.Count(c => c == "workload.proof"));
        Assert.Empty(_host.Faults);
    }

    [Fact]
    public async Task RenewItself_AfterItsEnd_OrItsRevocation_IsRefused()
    {
        using var key = NewKey();
        using var next = NewKey();
        var ended = await EnrolAsync(key, "ended", 300);
        var revoked = await EnrolAsync(key, "revoked");
        Assert.True((await _host.Owner!.DeleteAsync("/workloads/revoked")).IsSuccess);
        _host.Time.Advance(TimeSpan.FromSeconds(301));
        Assert.Equal("workload.proof", (await RenewItselfAsync(key, ended.Text("certificate"), Request(next))).Code);
        Assert.Equal("workload.proof", (await RenewItselfAsync(key, revoked.Text("certificate"), Request(next))).Code);
        Assert.Empty(await ActiveAsync());
    }

    [Fact]
    public async Task Revoke_IsPublished_FreesTheName_AndNeverGivesTheIdentityAgain()
    {
        using var key = NewKey();
        var first = await EnrolAsync(key);
        await _host.Owner!.BindAsync("workload:ci", "caller", "endpoint/fraud");
        var published = _host.Gateways.Count;
        Assert.True((await _host.Owner!.DeleteAsync("/workloads/ci")).IsSuccess);
        Assert.Equal(published + 1, _host.Gateways.Count);
        Assert.Empty(await ActiveAsync());
        Assert.Single(_host.Events.Of("workload.revoke"));
        Assert.Equal("workload.unknown", (await _host.Owner!.DeleteAsync("/workloads/ci")).Code);
        var second = await EnrolAsync(key);
        Assert.NotEqual(first.Text("spiffeId"), second.Text("spiffeId"));
        Assert.Empty(Assert.Single(await ActiveAsync()).EndpointIds);
    }

    [Fact]
    public async Task Revoke_WhileTheDiskIsFull_StillReachesTheGateways()
    {
        using var key = NewKey();
        await EnrolAsync(key);
        _host.Events.Full = true;
        await _host.Owner!.DeleteAsync("/workloads/ci");
        _host.Events.Full = false;
        Assert.Empty(await ActiveAsync());
        Assert.Equal(2, _host.Gateways.Count);
    }

    [Fact]
    public async Task Renew_ByAManager_TakesTheRevision_AndTheWorkloadsOwnRights()
    {
        using var key = NewKey();
        using var next = NewKey();
        await EnrolAsync(key);
        var (_, tag) = await _host.Owner!.SendAsync(HttpMethod.Get, "/workloads/ci", null);
        var (renewed, _) = await _host.Owner!.SendAsync(HttpMethod.Post, "/workloads/ci/renew", new { csr = Request(next) }, ("If-Match", tag!));
        Assert.True(renewed.IsSuccess, renewed.Body);
        using var third = NewKey();
        var (stale, _) = await _host.Owner!.SendAsync(HttpMethod.Post, "/workloads/ci/renew", new { csr = Request(third) }, ("If-Match", tag!));
        Assert.Equal(HttpStatusCode.PreconditionFailed, stale.Status);
        // Who may manage principals and not call the endpoint takes no certificate that may.
        await _host.Owner!.BindAsync("workload:ci", "caller", "endpoint/fraud");
        Assert.True((await _host.Owner!.PostAsync("/roles", new { name = "people-desk", verbs = new[] { "principal:manage" } })).IsSuccess);
        var desk = await _host.AddAsync("desk", "people-desk");
        Assert.False((await desk.PostAsync("/workloads/ci/renew", new { csr = Request(third) })).IsSuccess);
    }

    [Fact]
    public async Task List_ComesInPages()
    {
        using var key = NewKey();
        foreach (var name in (string[])["a", "b", "c"])
            await EnrolAsync(key, name);
        var first = await _host.Owner!.GetAsync("/workloads?limit=2");
        Assert.Equal(2, first.Json!["items"]!.AsArray().Count);
        var rest = await _host.Owner!.GetAsync($"/workloads?limit=2&after={first.Text("next")}");
        Assert.Equal("c", Assert.Single(rest.Json!["items"]!.AsArray())!["name"]!.GetValue<string>());
    }
}
