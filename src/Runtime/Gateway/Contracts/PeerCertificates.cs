using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Merlon.Gateway.Peers;
using Merlon.Keys;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Merlon.Gateway.Contracts;

/// <summary>
/// Client certificates on the inference listener. A client need not show one; one that is shown and does not hold ends the handshake. Whether an endpoint
/// demands one is asked after the endpoint is known.
/// </summary>
public sealed class PeerCertificates : IDisposable
{
    private readonly SvidValidator _validator;
    private readonly IRefusalFlood _flood;
    private readonly TimeProvider _time;

    /// <param name="authorityPem">The installation's authority, and no other.</param>
    /// <param name="trustDomain">The installation's trust domain.</param>
    /// <param name="flood">Told of certificates that do not hold, many as one.</param>
    /// <param name="time">The clock.</param>
    public PeerCertificates(string authorityPem, string trustDomain, IRefusalFlood flood, TimeProvider time) =>
        (_validator, _flood, _time) = (new SvidValidator(authorityPem, trustDomain), flood, time);

    /// <summary>The options of one connection: those of all, and a check that knows whom it looks at.</summary>
    public SslServerAuthenticationOptions Ask(SslServerAuthenticationOptions common, EndPoint? remote) => new()
    {
        ServerCertificateContext = common.ServerCertificateContext,
        EnabledSslProtocols = common.EnabledSslProtocols,
        ApplicationProtocols = common.ApplicationProtocols,
        // Asks for a certificate; whether none is good enough is said below.
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is null || Holds((X509Certificate2)certificate, remote),
    };

    /// <summary>Puts the verified identity on each connection. Call it on the listener after TLS.</summary>
    public void UseOn(ListenOptions listener) => listener.Use(next => connection =>
    {
        if (connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate is { } certificate)
        {
            if (!_validator.Verify(certificate, _time.GetUtcNow()).Try(out var svid, out _))
            {
                connection.Abort();
                return Task.CompletedTask;
            }
            connection.Features.Set(new PeerIdentity(svid));
        }
        return next(connection);
    });

    private bool Holds(X509Certificate2 certificate, EndPoint? remote)
    {
        if (_validator.Verify(certificate, _time.GetUtcNow()).Try(out _, out var refusal))
            return true;
        _flood.Add(new RefusedCall((remote as IPEndPoint)?.Address, refusal.Code, null));
        return false;
    }

    public void Dispose() => _validator.Dispose();
}
