using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Merlon.App.Roles;
using Merlon.Keys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Merlon.App.Tests.Roles;

/// <summary>A listener's certificate over its life: renewed at half of it, tried again after a failure, and no connection is dropped for it.</summary>
public sealed class ServerCertificateTests : IAsyncLifetime
{
    private static readonly TimeSpan s_life = TimeSpan.FromHours(24);
    private readonly ManualTime _time = new();
    private readonly ConcurrentQueue<string> _issued = new();
    private IssuedCertificate _authority = null!;
    private ServerCertificate _certificate = null!;
    private WebApplication _app = null!;
    private volatile bool _isAway;

    public async Task InitializeAsync()
    {
        _authority = DevelopmentCa.CreateAuthority("Test CA", _time.GetUtcNow());
        _certificate = new ServerCertificate(IssueAsync, _time, NullLogger<ServerCertificate>.Instance);
        await _certificate.LoadAsync(CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, _certificate.UseOn));
        _app = builder.Build();
        _app.MapGet("/", () => Results.Text("here"));
        await _app.StartAsync();
        await _certificate.StartAsync(CancellationToken.None);
        await _time.WaitForTimerAsync();
    }

    public async Task DisposeAsync()
    {
        await _certificate.StopAsync(CancellationToken.None);
        _certificate.Dispose();
        await _app.DisposeAsync();
        _authority.Dispose();
    }

    private Task<(string Pem, byte[] Key)> IssueAsync(CancellationToken cancellationToken)
    {
        if (_isAway)
            throw new HttpRequestException("Control is away.");
        Assert.True(SpiffeId.TryParse("spiffe://test.merlon.local/gateway", out var id));
        using var issued = WorkloadSvid.IssueWithKey(_authority, id, ["localhost"], _time.GetUtcNow(), s_life);
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        _issued.Enqueue(certificate.SerialNumber);
        return Task.FromResult((issued.CertificatePem, issued.PrivateKey.ToArray()));
    }

    private async Task<(SslStream Stream, string Serial)> ConnectAsync()
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, new Uri(_app.Urls.First()).Port);
        var stream = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("localhost");
        return (stream, stream.RemoteCertificate!.GetSerialNumberString());
    }

    private static async Task<string> AskAsync(SslStream stream)
    {
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[4_096];
        var text = "";
        while (!text.EndsWith("here", StringComparison.Ordinal))
        {
            var read = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, read);
            text += System.Text.Encoding.ASCII.GetString(buffer, 0, read);
        }
        return text.Split('\r')[0];
    }

    [Fact]
    public async Task Certificate_AtHalfOfItsLife_IsRenewed_AndNoConnectionIsDropped()
    {
        var (old, first) = await ConnectAsync();
        await using var connection = old;
        await _time.AdvanceAsync((s_life / 2) - TimeSpan.FromMinutes(10));
        Assert.Single(_issued);
        await _time.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(2, _issued.Count);
        var (renewed, second) = await ConnectAsync();
        await using (renewed)
        {
            Assert.Equal((_issued.First(), _issued.Last()), (first, second));
            Assert.NotEqual(first, second);
            Assert.EndsWith("200 OK", await AskAsync(renewed), StringComparison.Ordinal);
        }
        Assert.EndsWith("200 OK", await AskAsync(old), StringComparison.Ordinal);
        await _time.AdvanceAsync(s_life / 2);
        Assert.Equal(3, _issued.Count);
    }

    [Fact]
    public async Task Certificate_WhileControlIsAway_StaysAndIsTriedAgainEveryMinute()
    {
        _isAway = true;
        await _time.AdvanceAsync(s_life / 2);
        await _time.AdvanceAsync(TimeSpan.FromMinutes(1));
        var (still, serial) = await ConnectAsync();
        await using (still)
            Assert.Equal(_issued.Single(), serial);
        _isAway = false;
        await _time.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(2, _issued.Count);
    }

    /// <summary>A clock that stands until it is moved; timers that come due fire then.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly Lock _lock = new();
        private readonly List<ManualTimer> _timers = [];
        private DateTimeOffset _now = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow()
        {
            lock (_lock)
                return _now;
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ManualTimer(this, callback, state);
            timer.Change(dueTime, period);
            lock (_lock)
                _timers.Add(timer);
            return timer;
        }

        /// <summary>Moves the clock and waits until whoever was woken sleeps again.</summary>
        public async Task AdvanceAsync(TimeSpan by)
        {
            List<ManualTimer> due;
            lock (_lock)
            {
                _now += by;
                due = _timers.FindAll(t => t.DueAt <= _now);
                _timers.RemoveAll(due.Contains);
            }
            due.ForEach(t => t.Fire());
            await WaitForTimerAsync();
        }

        public async Task WaitForTimerAsync()
        {
            var begun = System.GetTimestamp();
            while (true)
            {
                lock (_lock)
                {
                    if (_timers.Count > 0)
                        return;
                }
                Assert.True(System.GetElapsedTime(begun) < TimeSpan.FromSeconds(30), "Nobody waits for the clock.");
                await Task.Delay(5);
            }
        }

        private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
        {
            public DateTimeOffset DueAt { get; private set; }

            public void Fire() => callback(state);

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                DueAt = dueTime == Timeout.InfiniteTimeSpan ? DateTimeOffset.MaxValue : time.GetUtcNow() + dueTime;
                return true;
            }

            public void Dispose()
            {
                lock (time._lock)
                    time._timers.Remove(this);
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
