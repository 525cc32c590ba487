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
    // Issued for 90 days; a failed renewal has weeks to succeed.
    private static readonly TimeSpan s_renewal = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_retry = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_handshake = TimeSpan.FromSeconds(10);
    private volatile SslServerAuthenticationOptions? _current;

    /// <summary>Gets the first certificate; call it before listening.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (pem, key) = await issue(cancellationToken);
        // The context is made once: making it for each handshake would cost more than the handshake.
        _current = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(RoleHost.Load(pem, key), additionalCertificates: null, offline: true),
            EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
            ClientCertificateRequired = false,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        };
    }

    public void UseOn(ListenOptions listener) => listener.UseHttps(new TlsHandshakeCallbackOptions
    {
        HandshakeTimeout = s_handshake,
        OnConnection = _ => ValueTask.FromResult(_current ?? throw new InvalidOperationException("The certificate is not loaded.")),
    });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = s_renewal;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await Task.Delay(pause, time, stoppingToken);
                pause = await TryRenewAsync(stoppingToken) ? s_renewal : s_retry;
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
