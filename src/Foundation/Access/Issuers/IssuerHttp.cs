using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Access.Issuers;

/// <summary>Calls an issuer: over TLS only, to addresses that it may have, following nowhere, for a bounded time and a bounded answer.</summary>
internal static class IssuerHttp
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    public static HttpClient Make(IssuerAddress issuer)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = s_patience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken),
        };
        if (issuer.CaPem is { } pem)
        {
            var chain = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            chain.CustomTrustStore.AddRange(IssuerAddress.ReadCa(pem)!);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = chain };
        }
        return new HttpClient(handler) { Timeout = s_patience, MaxResponseContentBufferSize = Limits.IssuerAnswer };
    }

    // The address is judged after the name was resolved, on the very connection that is used.
    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        Exception? failed = null;
        foreach (var address in addresses.Where(a => IssuerAddress.MayConnect(target.Host, a)))
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, target.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception e)
            {
                socket.Dispose();
                failed = e;
                if (e is OperationCanceledException)
                    throw;
            }
        }
        throw new HttpRequestException(failed is null ? $"The name {target.Host} leads to no address that may be called." : $"No address of {target.Host} answers.", failed);
    }
}
