using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys.Tests;

/// <summary>Certificates that differ from a good one in exactly one rule, each signed by the right authority unless that is the point.</summary>
public sealed class SvidValidatorTests : IDisposable
{
    private const string Domain = "test.merlon.local";
    private const string Uri = "spiffe://test.merlon.local/workload/ci";
    private static readonly DateTimeOffset s_now = DateTimeOffset.UtcNow;
    private readonly IssuedCertificate _authority = DevelopmentCa.CreateAuthority("Merlon test", s_now.AddDays(-30));
    private readonly SvidValidator _validator;

    public SvidValidatorTests() => _validator = new SvidValidator(_authority.CertificatePem, Domain);

    public void Dispose()
    {
        _validator.Dispose();
        _authority.Dispose();
    }

    private sealed record Shape
    {
        public IReadOnlyList<string> Uris { get; init; } = [Uri];
        public bool IsAuthority { get; init; }
        public bool HasConstraints { get; init; } = true;
        public X509KeyUsageFlags Usage { get; init; } = X509KeyUsageFlags.DigitalSignature;
        public bool UsageIsCritical { get; init; } = true;
        public IReadOnlyList<string> Extended { get; init; } = [SvidValidator.ServerAuth, SvidValidator.ClientAuth];
        public DateTimeOffset From { get; init; } = s_now.AddHours(-1);
        public DateTimeOffset Until { get; init; } = s_now.AddHours(1);
        public byte[]? RawNames { get; init; }
    }

    private X509Certificate2 Make(Shape shape, IssuedCertificate? authority = null, bool selfSigned = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("O=Merlon", key, HashAlgorithmName.SHA256);
        if (shape.HasConstraints)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(shape.IsAuthority, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(shape.Usage, shape.UsageIsCritical));
        if (shape.Extended.Count > 0)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. shape.Extended.Select(o => new Oid(o)).ToArray()], false));
        if (shape.RawNames is { } raw)
            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", raw, false));
        else if (shape.Uris.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var uri in shape.Uris)
                names.AddUri(new Uri(uri));
            request.CertificateExtensions.Add(names.Build());
        }
        if (selfSigned)
            return request.CreateSelfSigned(shape.From, shape.Until);
        using var issuerKey = ECDsa.Create();
        issuerKey.ImportPkcs8PrivateKey((authority ?? _authority).PrivateKey, out _);
        using var bare = X509Certificate2.CreateFromPem((authority ?? _authority).CertificatePem);
        using var issuer = bare.CopyWithPrivateKey(issuerKey);
        return request.Create(issuer, shape.From, shape.Until, RandomNumberGenerator.GetBytes(16));
    }

    private string? Refused(Shape shape)
    {
        using var certificate = Make(shape);
        return _validator.Verify(certificate, s_now).Try(out _, out var refusal) ? null : refusal.Detail;
    }

    [Fact]
    public void Verify_GoodCertificate_GivesIdentityAndDigest()
    {
        using var certificate = Make(new Shape());
        Assert.True(_validator.Verify(certificate, s_now).Try(out var svid, out var refusal), refusal?.Detail);
        Assert.Equal((Uri, Digest.Of(certificate.RawData)), (svid!.Id.ToString(), svid.Certificate));
    }

    [Fact]
    public void Verify_OneRuleBroken_IsRefusedForThatRule()
    {
        var good = new Shape();
        foreach (var (shape, why) in new (Shape, string)[]
        {
            (good with { Uris = [Uri, Uri + "2"] }, "exactly one identity"),
            (good with { Uris = [Uri, "https://example.org/"] }, "exactly one identity"),
            (good with { Uris = [] }, "exactly one identity"),
            (good with { Uris = ["spiffe://test.merlon.local"] }, "exactly one identity"),
            (good with { Uris = ["spiffe://test.merlon.local/"] }, "exactly one identity"),
            (good with { Uris = ["https://test.merlon.local/workload/ci"] }, "exactly one identity"),
            (good with { Uris = ["spiffe://other.merlon.local/workload/ci"] }, "another trust domain"),
            (good with { IsAuthority = true }, "not a leaf"),
            (good with { HasConstraints = false }, "not a leaf"),
            (good with { Usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign }, "key usage"),
            (good with { Usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign }, "key usage"),
            (good with { Usage = X509KeyUsageFlags.KeyEncipherment }, "key usage"),
            (good with { UsageIsCritical = false }, "key usage"),
            (good with { Extended = [SvidValidator.ServerAuth] }, "server and client"),
            (good with { Extended = [SvidValidator.ClientAuth] }, "server and client"),
            (good with { Extended = [] }, "server and client"),
            (good with { From = s_now.AddHours(-2), Until = s_now.AddSeconds(-1) }, "expired"),
            (good with { From = s_now.AddMinutes(1) }, "not yet valid"),
            (good with { RawNames = [0x30, 0x02, 0x86, 0x05] }, "malformed"),
            (good with { RawNames = [0x30, 0x80, 0x00, 0x00] }, "malformed"),
        })
            Assert.Contains(why, Refused(shape) ?? $"nothing ({why})", StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_OfAnotherAuthority_OrSelfSigned_OrTheAuthorityItself_IsRefused()
    {
        // The same name as ours: only the key differs.
        using var other = DevelopmentCa.CreateAuthority("Merlon test", s_now.AddDays(-30));
        using var foreign = Make(new Shape(), other);
        using var own = Make(new Shape(), selfSigned: true);
        using var root = X509Certificate2.CreateFromPem(_authority.CertificatePem);
        using var server = DevelopmentCa.IssueServer(_authority, ["localhost"], s_now);
        using var listener = X509Certificate2.CreateFromPem(server.CertificatePem);
        Assert.Contains("authority", _validator.Verify(foreign, s_now).Refusal.Detail, StringComparison.Ordinal);
        Assert.Contains("authority", _validator.Verify(own, s_now).Refusal.Detail, StringComparison.Ordinal);
        Assert.True(_validator.Verify(root, s_now).IsRefused);
        Assert.True(_validator.Verify(listener, s_now).IsRefused);
    }

    [Fact]
    public void Verify_ChangedByte_IsNeverTakenAsAnotherIdentity()
    {
        using var certificate = Make(new Shape());
        var der = certificate.RawData;
        for (var at = 0; at < der.Length; at += 3)
        {
            byte[] changed = [.. der];
            changed[at] ^= 0x15;
            X509Certificate2 parsed;
            try
            {
                parsed = X509CertificateLoader.LoadCertificate(changed);
            }
            catch (CryptographicException)
            {
                continue;
            }
            using (parsed)
                Assert.True(_validator.Verify(parsed, s_now).IsRefused, $"Byte {at} was changed and the certificate still verified.");
        }
    }

    [Theory]
    [InlineData("spiffe://td/a", true)]
    [InlineData("spiffe://td/a/b.c-d_E9", true)]
    [InlineData("spiffe://td", false)]
    [InlineData("spiffe://td/", false)]
    [InlineData("spiffe://td/a/", false)]
    [InlineData("spiffe://td//a", false)]
    [InlineData("spiffe://td/./a", false)]
    [InlineData("spiffe://td/../a", false)]
    [InlineData("spiffe://td/a%2fb", false)]
    [InlineData("spiffe://td/a?x=1", false)]
    [InlineData("spiffe://td/a#x", false)]
    [InlineData("spiffe://TD/a", false)]
    [InlineData("SPIFFE://td/a", false)]
    [InlineData("spiffe://td:80/a", false)]
    [InlineData("spiffe://me@td/a", false)]
    [InlineData("spiffe:///a", false)]
    [InlineData(null, false)]
    public void TryParse_OnlyCanonicalForm_IsTaken(string? text, bool taken) => Assert.Equal(taken, SpiffeId.TryParse(text, out _));

    [Fact]
    public void TryParse_AtItsBound_IsTaken_AndOneBeyondIsNot()
    {
        var longest = "spiffe://td/" + new string('a', 2048 - 12);
        Assert.True(SpiffeId.TryParse(longest, out _));
        Assert.False(SpiffeId.TryParse(longest + "a", out _));
        Assert.True(SpiffeId.TryParse($"spiffe://{new string('d', 255)}/a", out _));
        Assert.False(SpiffeId.TryParse($"spiffe://{new string('d', 256)}/a", out _));
    }
}
