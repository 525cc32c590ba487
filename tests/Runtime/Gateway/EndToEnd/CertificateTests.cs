using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Serving.Contracts;
using Xunit.Abstractions;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>Client certificates through curl and openssl, and private endpoints.</summary>
public sealed class CertificateTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Spiffe = "spiffe://" + GatewayHost.TrustDomain + "/workload/ci";
    private const string Body = """{"inputs":[{"name":"features","shape":[1,3],"datatype":"FP32","data":[1,2,3.5]}]}""";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-mtls-");
    private GatewayHost _host = null!;
    private TestWorker _worker = null!;
    private long _version;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        _worker = _host.StartWorker("a", GatewayHost.ManifestA);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _worker.Dispose();
        _folder.Delete(recursive: true);
    }

    private static X509Certificate2 Issue(string id = Spiffe, IssuedCertificate? authority = null, TimeSpan? life = null, DateTimeOffset? from = null)
    {
        Assert.True(SpiffeId.TryParse(id, out var spiffe));
        using var made = WorkloadSvid.IssueWithKey(authority ?? GatewayHost.Authority, spiffe!, [], from ?? DateTimeOffset.UtcNow, life ?? TimeSpan.FromHours(1));
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(made.PrivateKey, out _);
        using var bare = X509Certificate2.CreateFromPem(made.CertificatePem);
        using var bound = bare.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(bound.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private WorkloadEntry Workload(IEnumerable<EndpointRoute> routes, params X509Certificate2[] certificates) => new()
    {
        SpiffeId = Spiffe,
        Scope = Scope.Default,
        Principal = "w_1",
        EndpointIds = [.. routes.Select(r => r.EndpointId)],
        Certificates = [.. certificates.Select(c => Digest.Of(c.RawData))],
        SubjectPublicKey = new byte[] { 1, 2, 3 },
    };

    private Task PublishAsync(ImmutableArray<EndpointRoute> routes, WorkloadEntry? workload, params ApiKeyEntry[] keys) => _host.PublishAsync(new GatewaySnapshot
    {
        Version = ++_version, IssuedAt = DateTimeOffset.UtcNow, Endpoints = routes, Keys = [.. keys], Workloads = workload is null ? [] : [workload],
    });

    private string[] Files(X509Certificate2 certificate)
    {
        var name = Path.Combine(_folder.FullName, certificate.Thumbprint);
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(name + ".pem", certificate.ExportCertificatePem());
        File.WriteAllText(name + ".key", key.ExportPkcs8PrivateKeyPem());
        return ["--cert", name + ".pem", "--key", name + ".key"];
    }

    private static async Task<(int Exit, string Text)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        return (process.ExitCode, text);
    }

    private Task<(int Exit, string Text)> CurlAsync(string endpoint, params string[] more) => RunAsync(
        "curl", ["-sk", "-w", "|%{http_code}", "-H", "Content-Type: application/json", "-d", Body, .. more, $"{_host.Address}v2/models/{endpoint}/infer"]);

    private HttpClient Client(X509Certificate2 certificate, bool http2 = false)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true, ClientCertificates = [certificate] } };
        return new HttpClient(handler) { BaseAddress = _host.Address, DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    [Theory]
    [InlineData("--http1.1", "--tlsv1.3")]
    [InlineData("--http2", "--tlsv1.3")]
    [InlineData("--http1.1", "--tls-max")]
    public async Task Curl_WithACertificateInForce_IsThatWorkload(string http, string tls)
    {
        using var certificate = Issue();
        var route = _host.Route();
        await PublishAsync([route, _host.Route("other")], Workload([route], certificate));
        string[] options = tls == "--tls-max" ? [http, tls, "1.2"] : [http, tls];
        Assert.EndsWith("|200", (await CurlAsync("fraud", [.. options, .. Files(certificate)])).Text, StringComparison.Ordinal);
        Assert.EndsWith("|403", (await CurlAsync("other", [.. options, .. Files(certificate)])).Text, StringComparison.Ordinal);
        Assert.EndsWith("|401", (await CurlAsync("fraud", options)).Text, StringComparison.Ordinal);
        var told = Assert.Single(_host.Events, e => e.StatusCode is null);
        Assert.Equal("w_1", told.Actor);
        Assert.Contains(told.Attributes, a => a.Name == "workload" && a.ToString().Contains(Spiffe, StringComparison.Ordinal));
    }

    [Fact]
    public async Task OpenSsl_IsAskedForACertificate_AndMayShowNone()
    {
        var shown = await RunAsync("openssl", "s_client", "-connect", $"{_host.Address.Host}:{_host.Address.Port}", "-tls1_3");
        Assert.Equal(0, shown.Exit);
        Assert.Contains("Requested Signature Algorithms", shown.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Curl_WithACertificateThatDoesNotHold_GetsNoConnection()
    {
        using var other = DevelopmentCa.CreateAuthority("Merlon test", DateTimeOffset.UtcNow);
        using var foreign = Issue(authority: other);
        using var expired = Issue(from: DateTimeOffset.UtcNow.AddHours(-3));
        using var early = Issue(from: DateTimeOffset.UtcNow.AddHours(3));
        using var domain = Issue("spiffe://other/workload/ci");
        // Each is even listed: the signature, the time and the domain are not the snapshot's to waive.
        await PublishAsync([_host.Route()], Workload([_host.Route()], foreign, expired, early, domain));
        var count = 0;
        foreach (var certificate in (X509Certificate2[])[foreign, expired, early, domain])
        {
            var answer = await CurlAsync("fraud", Files(certificate));
            Assert.True(answer.Exit != 0 && answer.Text.EndsWith("|000", StringComparison.Ordinal), answer.Text);
            count++;
            Assert.Equal(count, _host.Flood.Count(f => f.Reason == "certificate.invalid" && f.Source is not null));
        }
        Assert.Empty(_host.Events);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeptConnection_GoesOnWhileRotated_AndEndsWithItsRevocation(bool http2)
    {
        using var first = Issue();
        using var second = Issue();
        var route = _host.Route();
        await PublishAsync([route], Workload([route], first));
        using var client = Client(first, http2);
        using var renewed = Client(second, http2);
        Assert.Equal(200, await CallAsync(client));
        Assert.Equal(401, await CallAsync(renewed));
        await PublishAsync([route], Workload([route], second, first));
        Assert.Equal(200, await CallAsync(client));
        Assert.Equal(200, await CallAsync(renewed));

        var began = Stopwatch.GetTimestamp();
        _host.Send(new GatewaySnapshot { Version = ++_version, IssuedAt = DateTimeOffset.UtcNow, Endpoints = [route], Workloads = [Workload([route], second)] });
        while (await CallAsync(client) != 401)
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1), "The revoked certificate still calls after a second.");
        output.WriteLine($"Refused on the kept connection {Stopwatch.GetElapsedTime(began).TotalMilliseconds:0.0} ms after the snapshot was sent.");
        Assert.Equal(200, await CallAsync(renewed));
    }

    [Fact]
    public async Task KeptConnection_WhenItsCertificateExpires_IsRefused()
    {
        // Issuing backdates by a minute; the times of a certificate have whole seconds.
        using var brief = Issue(life: TimeSpan.FromSeconds(3));
        await PublishAsync([_host.Route()], Workload([_host.Route()], brief));
        using var client = Client(brief);
        Assert.Equal(200, await CallAsync(client));
        await Task.Delay(TimeSpan.FromSeconds(3.2));
        Assert.Equal(401, await CallAsync(client));
    }

    [Fact]
    public async Task KeyBesideACertificate_MustBeOfItsProject_AndGainsNothingByIt()
    {
        using var certificate = Issue();
        var (route, other) = (_host.Route(), _host.Route("other"));
        var (key, strange) = (ApiKeys.Mint(), ApiKeys.Mint());
        var elsewhere = new Scope(Scope.Default.Organisation, Guid.CreateVersion7());
        await PublishAsync([route, other, route with { Scope = elsewhere, EndpointId = Guid.CreateVersion7() }], Workload([route], certificate),
            GatewayHost.Entry(key, other), GatewayHost.Entry(strange, route) with { Scope = elsewhere });
        // The certificate may call fraud, the key may not: together they may not.
        Assert.EndsWith("|403", (await CurlAsync("fraud", [.. Files(certificate), "-H", $"X-Api-Key: {key.Token}"])).Text, StringComparison.Ordinal);
        Assert.EndsWith("|200", (await CurlAsync("other", [.. Files(certificate), "-H", $"X-Api-Key: {key.Token}"])).Text, StringComparison.Ordinal);
        Assert.EndsWith("|401", (await CurlAsync("fraud", [.. Files(certificate), "-H", $"X-Api-Key: {strange.Token}"])).Text, StringComparison.Ordinal);
        // A header that is no key is not the absence of one.
        Assert.EndsWith("|401", (await CurlAsync("fraud", [.. Files(certificate), "-H", "Authorization: Basic eDp5"])).Text, StringComparison.Ordinal);
        // A certificate that is not in force spoils a good key.
        using var unlisted = Issue();
        Assert.EndsWith("|401", (await CurlAsync("other", [.. Files(unlisted), "-H", $"X-Api-Key: {key.Token}"])).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClosedEndpoint_IsAnsweredAsOneThatDoesNotExist()
    {
        using var certificate = Issue();
        var key = ApiKeys.Mint();
        var now = DateTimeOffset.UtcNow;
        var closed = $"{now.AddHours(2):HH\\:mm}-{now.AddHours(3):HH\\:mm}";
        var open = $"{now.AddHours(-1):HH\\:mm}-{now.AddHours(1):HH\\:mm}";
        EndpointRoute[] routes =
        [
            _host.Route("network") with { Restrictions = new(["10.0.0.0/8", "2001:db8::/32"], false, null) },
            _host.Route("hours") with { Restrictions = new([], false, closed) },
            _host.Route("certificate") with { Restrictions = new([], true, null) },
            _host.Route("open") with { Restrictions = new(["10.0.0.0/8", "127.0.0.0/8"], false, open) },
        ];
        await PublishAsync([.. routes], Workload(routes, certificate), GatewayHost.Entry(key, routes));
        string[] bearer = ["-H", $"X-Api-Key: {key.Token}"];
        var unknown = (await CurlAsync("nothing", bearer)).Text;
        foreach (var name in (string[])["network", "hours", "certificate"])
        {
            Assert.Equal(unknown.Replace("nothing", name, StringComparison.Ordinal), (await CurlAsync(name, bearer)).Text);
            // Nor without a key, nor of what is only shown.
            Assert.Equal((await CurlAsync("nothing")).Text, (await CurlAsync(name)).Text);
            Assert.Equal(
                (await RunAsync("curl", ["-sk", .. bearer, $"{_host.Address}v2/models/nothing"])).Text.Replace("nothing", name, StringComparison.Ordinal),
                (await RunAsync("curl", ["-sk", .. bearer, $"{_host.Address}v2/models/{name}"])).Text);
        }
        Assert.EndsWith("|200", (await CurlAsync("open", bearer)).Text, StringComparison.Ordinal);
        Assert.EndsWith("|200", (await CurlAsync("certificate", [.. bearer, .. Files(certificate)])).Text, StringComparison.Ordinal);
        Assert.EndsWith("|200", (await CurlAsync("certificate", Files(certificate))).Text, StringComparison.Ordinal);
        Assert.EndsWith("|403", (await CurlAsync("network", Files(certificate))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshot_WithARestrictionThatCannotBeEnforced_DoesNotServeThatEndpoint()
    {
        var key = ApiKeys.Mint();
        var broken = _host.Route() with { Restrictions = new(["10.0.0.0/99"], false, null) };
        await PublishAsync([broken, _host.Route("other")], null, GatewayHost.Entry(key, broken, _host.Route("other")));
        Assert.EndsWith("|403", (await CurlAsync("fraud", "-H", $"X-Api-Key: {key.Token}")).Text, StringComparison.Ordinal);
        Assert.EndsWith("|200", (await CurlAsync("other", "-H", $"X-Api-Key: {key.Token}")).Text, StringComparison.Ordinal);
    }

    private static async Task<int> CallAsync(HttpClient client)
    {
        using var answer = await client.PostAsync("/v2/models/fraud/infer", new StringContent(Body, null, "application/json"));
        return (int)answer.StatusCode;
    }
}
