using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.App.Roles;

/// <summary>
/// A listener's certificate, renewed while the role runs: new connections get the new one, old ones are not touched. TLS 1.3 and 1.2 only.
/// </summary>
internal sealed partial class ServerCertificate(Func<CancellationToken, Task<(string Pem, byte[] Key)>> issue, TimeProvider time, ILogger<ServerCertificate> log) : BackgroundService
{
    // A failed renewal has the other half of the certificate's life to succeed.
    private static readonly TimeSpan s_retry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_handshake = TimeSpan.FromSeconds(10);
    private volatile SslServerAuthenticationOptions? _current;
    private TimeSpan _halfLife = s_retry;

    /// <summary>Gets the first certificate; call it before listening.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (pem, key) = await issue(cancellationToken);
        var certificate = RoleHost.Load(pem, key);
        _halfLife = (new DateTimeOffset(certificate.NotAfter) - time.GetUtcNow()) / 2;
        // The context is made once: making it for each handshake would cost more than the handshake.
        _current = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
            EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
            ClientCertificateRequired = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
    }

    public void UseOn(ListenOptions listener) => UseOn(listener, static (common, _) => common);

    /// <param name="listener">The listener.</param>
    /// <param name="ask">The options of one connection, from those of all and the client's address.</param>
    public void UseOn(ListenOptions listener, Func<SslServerAuthenticationOptions, System.Net.EndPoint?, SslServerAuthenticationOptions> ask) => listener.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = s_handshake,
        OnConnection = context => ValueTask.FromResult(ask(_current ?? throw new InvalidOperationException("The certificate is not loaded."), context.Connection.RemoteEndPoint)),
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = _halfLife;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(pause, time, stoppingToken);
                pause = await TryRenewAsync(stoppingToken) ? _halfLife : s_retry;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync(cancellationToken);
            Log.Renewed(log);
            return true;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException)
        {
            Log.NotRenewed(log, e.Message);
            return false;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The server certificate was renewed.")]
        public static partial void Renewed(ILogger logger);

        [LoggerMessage(Level = LogLevel.Error, Message = "The server certificate could not be renewed: {Problem}")]
        public static partial void NotRenewed(ILogger logger, string problem);
    }
}
