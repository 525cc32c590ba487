using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys;

/// <summary>Issues X.509-SVIDs: short-lived leaf certificates whose one URI name is the workload's identity (SPIFFE X.509-SVID, sections 2 to 4).</summary>
public static class WorkloadSvid
{
    private static readonly TimeSpan s_backdate = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The public key (SPKI, P-256) of a certificate request whose signature proves that the sender has the private key. Nothing else of it is taken: names
    /// and extensions are the authority's to write.
    /// </summary>
    public static Result<byte[]> ReadRequest(string? pem)
    {
        if (pem is null || pem.Length is 0 or > Limits.CertificateRequestBytes)
            return Malformed($"A certificate request (PEM) of at most {Limits.CertificateRequestBytes} bytes is needed.");
        try
        {
            // Loading checks the signature over the request: proof of possession.
            var request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256);
            using var key = request.PublicKey.GetECDsaPublicKey();
            if (key is null || key.ExportParameters(false).Curve.Oid is not { Value: P256Oid })
                return Malformed("The key of the request must be an ECDSA key on the curve P-256.");
            return key.ExportSubjectPublicKeyInfo();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            return Malformed("The certificate request cannot be read, or its signature is not that of its key.");
        }
    }

    private const string P256Oid = "1.2.840.10045.3.1.7";

    /// <summary>A leaf for a key that stays with its holder.</summary>
    /// <param name="authority">Certificate and key of the authority.</param>
    /// <param name="id">The identity.</param>
    /// <param name="publicKey">SPKI of a P-256 key.</param>
    /// <param name="hosts">DNS names and addresses, for a workload that listens; SPIFFE allows them beside the URI.</param>
    /// <param name="now">Start of its life.</param>
    /// <param name="life">It is good until then, but not longer than its authority.</param>
    public static X509Certificate2 Issue(
        IssuedCertificate authority, SpiffeId id, ReadOnlySpan<byte> publicKey, IReadOnlyList<string> hosts, DateTimeOffset now, TimeSpan life)
    {
        using var issuerKey = ECDsa.Create();
        issuerKey.ImportPkcs8PrivateKey(authority.PrivateKey, out _);
        using var bare = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var issuer = bare.CopyWithPrivateKey(issuerKey);
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        // The name says nothing: the URI is the identity. It is not empty, because some libraries cannot show such certificates.
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName("Merlon");
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(SvidValidator.ServerAuth), new Oid(SvidValidator.ClientAuth)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        request.CertificateExtensions.Add(Names(id, hosts));
        var end = new DateTimeOffset(issuer.NotAfter);
        return request.Create(issuer, now - s_backdate, now + life < end ? now + life : end, RandomNumberGenerator.GetBytes(16));
    }

    /// <summary>The same with a new key, for a role of the installation itself.</summary>
    public static IssuedCertificate IssueWithKey(IssuedCertificate authority, SpiffeId id, IReadOnlyList<string> hosts, DateTimeOffset now, TimeSpan life)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Issue(authority, id, key.ExportSubjectPublicKeyInfo(), hosts, now, life);
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKey());
    }

    private static X509Extension Names(SpiffeId id, IReadOnlyList<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(id.ToString()));
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }
        return names.Build();
    }

    private static Refusal Malformed(string detail) => new(RefusalKind.Invalid, "workload.csr", detail);
}
