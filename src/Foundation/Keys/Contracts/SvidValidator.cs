using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys;

/// <summary>What a verified certificate says.</summary>
/// <param name="Id">The identity.</param>
/// <param name="Certificate">SHA-256 of the certificate's DER: which one of the identity's certificates it is.</param>
/// <param name="NotBefore">Start of its validity.</param>
/// <param name="NotAfter">End of its validity.</param>
public sealed record VerifiedSvid(SpiffeId Id, Digest Certificate, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>
/// Holds a certificate to the rules of X.509-SVIDs, under one authority and no other. In this order: 1 size and form, 2 leaf, 3 key usage, 4 extended key
/// usage, 5 exactly one URI name of the trust domain, 6 time, 7 the authority's signature.
/// </summary>
public sealed class SvidValidator : IDisposable
{
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1", ClientAuth = "1.3.6.1.5.5.7.3.2";
    private const string AlternativeNames = "2.5.29.17";
    private readonly X509Certificate2 _authority;
    private readonly string _trustDomain;

    /// <param name="authorityPem">The one authority.</param>
    /// <param name="trustDomain">Identities of any other domain are refused.</param>
    public SvidValidator(string authorityPem, string trustDomain) => (_authority, _trustDomain) = (X509Certificate2.CreateFromPem(authorityPem), trustDomain);

    public Result<VerifiedSvid> Verify(X509Certificate2 certificate, DateTimeOffset now)
    {
        try
        {
            return VerifyForm(certificate, now);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
        {
            return Refuse("is malformed");
        }
    }

    private Result<VerifiedSvid> VerifyForm(X509Certificate2 certificate, DateTimeOffset now)
    {
        // 1
        if (certificate.RawDataMemory.Length > Limits.CertificateBytes || certificate.Version != 3)
            return Refuse("is too large or of an old version");
        if (certificate.Extensions.Select(e => e.Oid!.Value).Distinct().Count() != certificate.Extensions.Count)
            return Refuse("has an extension twice");
        // 2
        if (One<X509BasicConstraintsExtension>(certificate) is not { CertificateAuthority: false })
            return Refuse("is not a leaf");
        // 3
        if (One<X509KeyUsageExtension>(certificate) is not { Critical: true } usage || !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature)
            || (usage.KeyUsages & (X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)) != 0)
            return Refuse("does not have the key usage of a leaf");
        // 4
        if (One<X509EnhancedKeyUsageExtension>(certificate) is not { } extended
            || !new[] { ServerAuth, ClientAuth }.All(oid => extended.EnhancedKeyUsages.OfType<Oid>().Any(o => o.Value == oid)))
            return Refuse("is not for both server and client");
        // 5
        var uris = Uris(certificate);
        if (uris.Count != 1 || !SpiffeId.TryParse(uris[0], out var id))
            return Refuse("does not have exactly one identity");
        if (id.TrustDomain != _trustDomain)
            return Refuse("is of another trust domain");
        // 6
        var (notBefore, notAfter) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now < notBefore || now >= notAfter)
            return Refuse("is expired or not yet valid");
        // 7
        if (!IsIssued(certificate, now))
            return Refuse("is not of this installation's authority");
        return new VerifiedSvid(id, Digest.Of(certificate.RawData), notBefore, notAfter);
    }

    /// <summary>The platform's path building, with this one root, no downloads and no other store.</summary>
    private bool IsIssued(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuth));
        var isBuilt = chain.Build(certificate);
        // INVARIANT: the authority signs leaves itself. Its own certificate, and a chain with another one between, are nobody's identity.
        var isDirect = chain.ChainElements.Count == 2 && chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(_authority.RawDataMemory.Span);
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
        return isBuilt && isDirect;
    }

    private static T? One<T>(X509Certificate2 certificate)
        where T : X509Extension => certificate.Extensions.OfType<T>().SingleOrDefault();

    /// <summary>The URI names (GeneralName, tag 6). The platform's own reader shows only DNS names and addresses.</summary>
    private static List<string> Uris(X509Certificate2 certificate)
    {
        var uris = new List<string>();
        if (certificate.Extensions.FirstOrDefault(e => e.Oid!.Value == AlternativeNames) is not { } extension)
            return uris;
        var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        var tag = new Asn1Tag(TagClass.ContextSpecific, 6);
        while (names.HasData)
        {
            if (names.PeekTag().HasSameClassAndValue(tag))
                uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, tag));
            else
                names.ReadEncodedValue();
        }
        return uris;
    }

    private static Refusal Refuse(string why) => new(RefusalKind.Unauthenticated, "certificate.invalid", $"The certificate {why}.");

    public void Dispose() => _authority.Dispose();
}
