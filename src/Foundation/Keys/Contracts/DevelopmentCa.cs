using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys;

/// <summary>A certificate as PEM, and its private key as PKCS#8 for the keyring to wrap. The caller disposes it, which clears the key.</summary>
public sealed record IssuedCertificate(string CertificatePem, byte[] PrivateKey) : IDisposable
{
    public void Dispose() => CryptographicOperations.ZeroMemory(PrivateKey);

    public override string ToString() => nameof(IssuedCertificate);
}

/// <summary>
/// A certificate authority of its own, so that TLS works from the first start. ECDSA P-256; the authority lives ten years and may issue end certificates
/// only, a server certificate 90 days.
/// </summary>
public static class DevelopmentCa
{
    private static readonly TimeSpan s_backdate = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_serverLifetime = TimeSpan.FromDays(90);

    /// <summary>A new authority.</summary>
    public static IssuedCertificate CreateAuthority(string name, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - s_backdate, now.AddYears(10));
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKey());
    }

    /// <summary>A server certificate for the given DNS names and IP addresses; at least one.</summary>
    public static IssuedCertificate IssueServer(IssuedCertificate authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        if (names.Count == 0)
            throw new ArgumentException("A server certificate needs at least one name.", nameof(names));
        using var issuerKey = ECDsa.Create();
        issuerKey.ImportPkcs8PrivateKey(authority.PrivateKey, out _);
        using var issuerCertificate = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var issuer = issuerCertificate.CopyWithPrivateKey(issuerKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(names[0]), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        request.CertificateExtensions.Add(AlternativeNames(names));
        // An end certificate does not outlive its authority.
        var authorityEnd = new DateTimeOffset(issuer.NotAfter);
        var notAfter = now + s_serverLifetime < authorityEnd ? now + s_serverLifetime : authorityEnd;
        using var certificate = request.Create(issuer, now - s_backdate, notAfter, RandomNumberGenerator.GetBytes(16));
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKey());
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }
        return builder.Build();
    }

    private static X500DistinguishedName Subject(string name)
    {
        var builder = new X500DistinguishedNameBuilder();
        builder.AddCommonName(name.Length <= 64 ? name : name[..64]);
        builder.AddOrganizationName("Merlon");
        return builder.Build();
    }
}
