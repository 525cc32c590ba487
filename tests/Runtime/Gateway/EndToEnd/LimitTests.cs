using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;

namespace Merlon.Gateway.Tests.EndToEnd;

public sealed class LimitTests
{
    private static readonly MintedKey s_key = ApiKeys.Mint();

    private static async Task<(GatewayHost Host, TestWorker Worker, HttpClient Client)> StartAsync(GatewayOptions options, Func<ApiKeyEntry, ApiKeyEntry>? entry = null)
    {
        var host = await GatewayHost.StartAsync(options);
        var worker = host.StartWorker("a", GatewayHost.ManifestA);
        var key = GatewayHost.Entry(s_key, host.Route());
        await host.PublishAsync(1, [host.Route()], entry?.Invoke(key) ?? key);
        return (host, worker, host.Client(s_key.Token));
    }

    [Fact]
    public async Task Rate_BurstSpent_Is429WithHeadersAndOneFloodEntry()
    {
        var (host, worker, client) = await StartAsync(new GatewayOptions(), k => k with { RatePerSecond = 0.1, Burst = 3 });
        await using var _ = host;
        using var __ = worker;
        var remaining = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var good = await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"));
            Assert.Equal(200, (int)good.StatusCode);
            remaining.Add(good.Headers.GetValues("RateLimit-Remaining").Single());
        }
        Assert.Equal(["2", "1", "0"], remaining);
        var refused = await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"));
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
        Assert.Equal("3", refused.Headers.GetValues("RateLimit-Limit").Single());
        Assert.Equal("0", refused.Headers.GetValues("RateLimit-Remaining").Single());
        Assert.Equal(("limit.rate", "caller-1"), (Assert.Single(host.Flood).Reason, host.Flood.Single().Principal));

        // A new snapshot is no new budget.
        await host.PublishAsync(2, [host.Route()], GatewayHost.Entry(s_key, host.Route()) with { RatePerSecond = 0.1, Burst = 3 });
        Assert.Equal(429, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
    }

    [Fact]
    public async Task Concurrency_SlotsTaken_Is429AndFreedAfterwards()
    {
        var (host, worker, client) = await StartAsync(new GatewayOptions { MaxConcurrentPerKey = 1 });
        await using var _ = host;
        using var __ = worker;
        var slow = client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[-1,2,3]"));
        await worker.Waiting.WaitAsync();
        Assert.Equal(429, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
        Assert.Equal(504, (int)(await slow).StatusCode);
        Assert.Equal(200, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
    }

    [Fact]
    public async Task Memory_AnnouncedBodiesOverTheBudget_Are503()
    {
        var (host, worker, client) = await StartAsync(new GatewayOptions { MaxBytesInFlight = 1024 * 1024, BodyTimeout = TimeSpan.FromSeconds(3) });
        await using var _ = host;
        using var __ = worker;
        // Each announces 60,000 bytes and sends one; five times that is held for it. The fourth does not fit.
        var slow = new List<Socket>();
        for (var i = 0; i < 3; i++)
            slow.Add((await SlowBodyAsync(host, 60_000)).Socket);
        await Task.Delay(200);
        var content = new StringContent("{\"x\":\"" + new string('a', 59_000) + "\"}", Encoding.UTF8, "application/json");
        var refused = await client.PostAsync(InferenceTests.Infer, content);
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        slow.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task SlowBody_Is408AfterItsOwnDeadline()
    {
        var (host, worker, _) = await StartAsync(new GatewayOptions { BodyTimeout = TimeSpan.FromMilliseconds(300) });
        await using var _1 = host;
        using var _2 = worker;
        var (socket, stream) = await SlowBodyAsync(host, 500);
        using var _3 = socket;
        var buffer = new byte[1024];
        var read = await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(5));
        Assert.StartsWith("HTTP/1.1 408", Encoding.ASCII.GetString(buffer, 0, read));
    }

    [Fact]
    public async Task Connections_OverTheNetworksShare_AreClosedBeforeTls()
    {
        await using var host = await GatewayHost.StartAsync(new GatewayOptions { MaxConnectionsPerNetwork = 2 });
        // A connection that only the kernel has taken is not counted yet; one that has finished its handshake is.
        using var first = await ConnectedAsync();
        using var second = await ConnectedAsync();
        Assert.True(await IsClosedAsync(TimeSpan.FromSeconds(10)));
        first.Dispose();
        for (var i = 0; await IsClosedAsync(TimeSpan.FromMilliseconds(200)); i++)
        {
            Assert.InRange(i, 0, 50);
            await Task.Delay(20);
        }

        async Task<SslStream> ConnectedAsync()
        {
            var tls = new SslStream(new NetworkStream(await ConnectAsync(host), ownsSocket: true), false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("localhost");
            return tls;
        }

        async Task<bool> IsClosedAsync(TimeSpan wait)
        {
            using var patience = new CancellationTokenSource(wait);
            try
            {
                using var another = await ConnectAsync(host);
                return await another.ReceiveAsync(new byte[1], SocketFlags.None, patience.Token) == 0;
            }
            catch (SocketException)
            {
                // Reset, perhaps before the client saw the connection.
                return true;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    private static async Task<Socket> ConnectAsync(GatewayHost host)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Address.Port);
        return socket;
    }

    private static async Task<(Socket Socket, SslStream Stream)> SlowBodyAsync(GatewayHost host, int length)
    {
        var socket = await ConnectAsync(host);
        var stream = new SslStream(new NetworkStream(socket), false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("localhost");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {InferenceTests.Infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {s_key.Token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"));
        return (socket, stream);
    }
}
