using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>An answer as it came over the wire.</summary>
public sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonNode Json => JsonNode.Parse(Body)!;
}

/// <summary>
/// HTTP/1.1 over TLS, written from RFC 9112 alone and knowing nothing of the product's code. It trusts the one CA that was printed, and checks the name.
/// </summary>
public sealed class RawConnection : IDisposable
{
    private readonly TcpClient _tcp;
    private readonly SslStream _tls;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private RawConnection(TcpClient tcp, SslStream tls) => (_tcp, _tls) = (tcp, tls);

    public static async Task<RawConnection> OpenAsync(int port, string caFile)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync("127.0.0.1", port);
        var tls = new SslStream(tcp.GetStream());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(await File.ReadAllTextAsync(caFile));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy });
        return new RawConnection(tcp, tls);
    }

    public async Task<RawAnswer> PostAsync(string path, string? key, string body) => await SendAsync(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\n{(key is null ? "" : $"Authorization: Bearer {key}\r\n")}Content-Type: application/json\r\nContent-Length: "
        + Encoding.UTF8.GetByteCount(body).ToString(CultureInfo.InvariantCulture) + "\r\n\r\n" + body);

    /// <summary>Writes the text as it stands and reads one answer.</summary>
    public async Task<RawAnswer> SendAsync(string request)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _tls.WriteAsync(Encoding.UTF8.GetBytes(request), patience.Token);
        return await ReadAsync(patience.Token);
    }

    private async Task<RawAnswer> ReadAsync(CancellationToken cancellationToken)
    {
        var status = int.Parse((await LineAsync(cancellationToken)).Split(' ')[1], CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var line = await LineAsync(cancellationToken); line.Length > 0; line = await LineAsync(cancellationToken))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..colon]] = line[(colon + 1)..].Trim();
        }
        if (status == 100)
            return await ReadAsync(cancellationToken);
        if (headers.TryGetValue("Content-Length", out var length))
            return new RawAnswer(status, headers, await BytesAsync(int.Parse(length, CultureInfo.InvariantCulture), cancellationToken));
        return new RawAnswer(status, headers, headers.ContainsKey("Transfer-Encoding") ? await ChunksAsync(cancellationToken) : "");
    }

    private async Task<string> ChunksAsync(CancellationToken cancellationToken)
    {
        var body = new StringBuilder();
        while (true)
        {
            var size = int.Parse((await LineAsync(cancellationToken)).Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Append(await BytesAsync(size, cancellationToken));
            await LineAsync(cancellationToken);
            if (size == 0)
                return body.ToString();
        }
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end)
                await FillAsync(cancellationToken);
            var c = (char)_buffer[_start++];
            if (c == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append(c);
        }
    }

    private async Task<string> BytesAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var have = 0; have < count;)
        {
            if (_start == _end)
                await FillAsync(cancellationToken);
            var take = Math.Min(count - have, _end - _start);
            _buffer.AsSpan(_start, take).CopyTo(bytes.AsSpan(have));
            (_start, have) = (_start + take, have + take);
        }
        return Encoding.UTF8.GetString(bytes);
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        (_start, _end) = (0, await _tls.ReadAsync(_buffer, cancellationToken));
        if (_end == 0)
            throw new IOException("The server closed the connection in the middle of an answer.");
    }

    public void Dispose()
    {
        _tls.Dispose();
        _tcp.Dispose();
    }
}
