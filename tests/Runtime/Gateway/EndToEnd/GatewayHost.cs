using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;
using Merlon.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>A whole gateway in this process: Kestrel with TLS on a loopback port, workers on Unix sockets, control as a channel of envelopes.</summary>
internal sealed class GatewayHost : IAsyncDisposable, IEventSink, IRefusalFlood
{
    public static readonly Digest ManifestA = Digest.Of("artifact a"u8);
    public static readonly Digest ManifestB = Digest.Of("artifact b"u8);
    private static readonly X509Certificate2 s_certificate = MakeCertificate();

    private static readonly System.Net.Security.SslServerAuthenticationOptions s_tls = new()
    {
        ServerCertificateContext = System.Net.Security.SslStreamCertificateContext.Create(s_certificate, null, offline: true),
        ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http2, System.Net.Security.SslApplicationProtocol.Http11],
    };

    public const string TrustDomain = "test.merlon.local";
    public static readonly IssuedCertificate Authority = DevelopmentCa.CreateAuthority("Merlon test", DateTimeOffset.UtcNow.AddDays(-30));

    private readonly PeerCertificates _peers;
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-gw-");
    private readonly Channel<byte[]> _envelopes = Channel.CreateUnbounded<byte[]>();

    private GatewayHost(GatewayOptions options, Action<IServiceCollection>? configure)
    {
        _peers = new PeerCertificates(Authority.CertificatePem, TrustDomain, this, TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            GatewayModule.ConfigureKestrel(kestrel, options);
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                GatewayModule.LimitConnections(listener);
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.UseHttps(new Microsoft.AspNetCore.Server.Kestrel.Https.TlsHandshakeCallbackOptions
                {
                    OnConnection = context => ValueTask.FromResult(_peers.Ask(s_tls, context.Connection.RemoteEndPoint)),
                });
                _peers.UseOn(listener);
            });
        });
        builder.Services.AddSingleton<IEventSink>(this);
        builder.Services.AddSingleton<IRefusalFlood>(this);
        builder.Services.AddSingleton(new SnapshotSource { Fetch = FetchAsync, Verify = Open, Acknowledge = AcknowledgeAsync });
        configure?.Invoke(builder.Services);
        builder.Services.AddGateway(options);
        _app = builder.Build();
        _app.MapGateway();
    }

    public ConcurrentQueue<SecurityEvent> Events { get; } = new();
    public ConcurrentQueue<RefusedCall> Flood { get; } = new();
    public Channel<long> Acknowledged { get; } = Channel.CreateUnbounded<long>();
    public bool DiskIsFull { get; set; }
    public bool ControlIsDown { get; set; }
    public GatewayStatus Status => _app.Services.GetRequiredService<GatewayStatus>();
    public IServiceProvider Services => _app.Services;
    public Uri Address => new(_app.Urls.First());

    public static async Task<GatewayHost> StartAsync(GatewayOptions? options = null, Action<IServiceCollection>? configure = null)
    {
        var host = new GatewayHost(options ?? new GatewayOptions(), configure);
        await host._app.StartAsync();
        return host;
    }

    public string Socket(string name) => Path.Combine(_folder.FullName, name);

    public TestWorker StartWorker(string name, Digest manifest, float offset = 0)
    {
        File.Delete(Socket(name));
        return new TestWorker(Socket(name), manifest, offset);
    }

    public static TensorContract Contract { get; } = new()
    {
        Inputs = [new InputTensor { Name = "features", Type = TensorType.Fp32, Shape = [-1, 3], Minimum = -100, Maximum = 100 }],
        Outputs = [new OutputTensor { Name = "score", Type = TensorType.Fp32, Shape = [-1] }],
        MaxBatch = 16,
        MaxBodyBytes = 64 * 1024,
    };

    public EndpointRoute Route(string name = "fraud", string socket = "a", int version = 1) => new()
    {
        Scope = Scope.Default,
        EndpointId = new Guid(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)).AsSpan(0, 16)),
        Name = name,
        Environment = "production",
        RevisionId = new Guid(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name + socket)).AsSpan(0, 16)),
        Model = name,
        ModelVersion = version,
        Manifest = socket == "b" ? ManifestB : ManifestA,
        ContractDigest = Digest.Of("contract"u8),
        PolicyDigest = Digest.Of("policy"u8),
        Contract = Contract,
        WorkerSocket = Socket(socket),
        Timeout = TimeSpan.FromSeconds(2),
    };

    public static ApiKeyEntry Entry(MintedKey key, params EndpointRoute[] routes) => new()
    {
        KeyId = key.KeyId,
        SecretHash = key.SecretHash,
        Scope = Scope.Default,
        Principal = "caller-1",
        EndpointIds = [.. routes.Select(r => r.EndpointId)],
        NotAfter = DateTimeOffset.UtcNow.AddHours(1),
        SubjectPublicKey = new byte[] { 1, 2, 3 },
    };

    /// <summary>Publishes a snapshot and waits until the gateway says that it is in force.</summary>
    public async Task PublishAsync(long version, ImmutableArray<EndpointRoute> routes, params ApiKeyEntry[] keys)
    {
        Send(new GatewaySnapshot { Version = version, IssuedAt = DateTimeOffset.UtcNow, Endpoints = routes, Keys = [.. keys] });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await Acknowledged.Reader.ReadAsync(patience.Token) != version)
        {
        }
    }

    /// <summary>The same with workloads.</summary>
    public async Task PublishAsync(GatewaySnapshot snapshot)
    {
        Send(snapshot);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (await Acknowledged.Reader.ReadAsync(patience.Token) != snapshot.Version)
        {
        }
    }

    public void Send(GatewaySnapshot snapshot) => SendRaw([(byte)'S', .. GatewaySnapshotJson.Write(snapshot)]);

    public void SendRaw(byte[] envelope) => _envelopes.Writer.TryWrite(envelope);

    public HttpClient Client(string? token = null, bool http2 = false)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        var client = new HttpClient(handler) { BaseAddress = Address };
        client.DefaultRequestVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken)
    {
        if (DiskIsFull)
            throw new EvidenceUnavailableException("No space left on device.");
        Assert.Equal(Durability.PageCache, durability);
        Events.Enqueue(securityEvent);
        return new(Events.Count);
    }

    public void Add(in RefusedCall call) => Flood.Enqueue(call);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _peers.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<byte[]?> FetchAsync(long after, CancellationToken cancellationToken)
    {
        if (ControlIsDown)
            throw new IOException("connection refused");
        using var poll = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        poll.CancelAfter(TimeSpan.FromMilliseconds(200));
        try
        {
            return await _envelopes.Reader.ReadAsync(poll.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Stands for a signature: the first byte must be 'S'.</summary>
    private static Result<ReadOnlyMemory<byte>> Open(ReadOnlyMemory<byte> envelope) => envelope.Length > 0 && envelope.Span[0] == (byte)'S'
        ? envelope[1..]
        : new Refusal(RefusalKind.Invalid, "snapshot.signature", "The snapshot's signature does not verify.");

    private Task AcknowledgeAsync(long version, CancellationToken cancellationToken) => Acknowledged.Writer.WriteAsync(version, cancellationToken).AsTask();

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
