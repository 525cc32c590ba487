using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Merlon.Gateway.Contracts;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>Requests that no client library would send, by hand over TLS. Each gets a 4xx or a closed connection, and the gateway goes on.</summary>
public sealed class HostileFramingTests : IAsyncLifetime
{
    private readonly MintedKey _key = ApiKeys.Mint();
    private GatewayHost _host = null!;
    private TestWorker _worker = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        _worker = _host.StartWorker("a", GatewayHost.ManifestA);
        await _host.PublishAsync(1, [_host.Route()], GatewayHost.Entry(_key, _host.Route()));
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _worker.Dispose();
    }

    private async Task<string> SendAsync(string headers, IEnumerable<string> body)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", _host.Address.Port);
        await using var stream = new SslStream(new NetworkStream(socket), false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync("localhost");
        var answer = ReadAsync(stream);
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                $"POST {InferenceTests.Infer} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {_key.Token}\r\nConnection: close\r\n{headers}\r\n\r\n"));
            foreach (var piece in body)
                await stream.WriteAsync(Encoding.ASCII.GetBytes(piece));
        }
        catch (IOException)
        {
            // Refused before everything was sent.
        }
        return await answer.WaitAsync(TimeSpan.FromSeconds(15));
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
                text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // The connection was cut.
        }
        return text.ToString();
    }

    private const string Valid = """{"inputs":[{"name":"features","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}""";

    [Fact]
    public async Task TinyChunks_OneByteEach_AreJoined()
    {
        var answer = await SendAsync("Transfer-Encoding: chunked", Valid.Select(c => $"1\r\n{c}\r\n").Append("0\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 200", answer);
    }

    [Theory]
    [InlineData("Content-Length: 99999999999", "HTTP/1.1 413")]
    [InlineData("Content-Length: -1", "HTTP/1.1 400")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6", "HTTP/1.1 400")]
    [InlineData("Transfer-Encoding: chunked, chunked", "HTTP/1.1 400")]
    [InlineData("Inference-Header-Content-Length: 99999999999\r\nContent-Length: 2", "HTTP/1.1 415")]
    [InlineData("Content-Encoding: gzip\r\nContent-Length: 2", "HTTP/1.1 415")]
    public async Task Headers_ThatLie_AreRefused(string headers, string status) => Assert.StartsWith(status, await SendAsync(headers, ["{}"]));

    [Theory]
    [InlineData("zz\r\n")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("5\r\n{}\r\n0\r\n\r\n")]
    public async Task Chunks_ThatLie_AreRefused(string chunk) => Assert.StartsWith("HTTP/1.1 400", await SendAsync("Transfer-Encoding: chunked", [chunk]));

    [Fact]
    public async Task Afterwards_AGoodRequestIsAnswered()
    {
        await Headers_ThatLie_AreRefused("Content-Length: 99999999999", "HTTP/1.1 413");
        using var client = _host.Client(_key.Token);
        Assert.Equal(200, (int)(await client.PostAsync(InferenceTests.Infer, InferenceTests.Body("[1,2,3]"))).StatusCode);
    }
}
