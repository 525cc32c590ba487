using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys.Tests;

public sealed class WorkloadSvidTests
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.UtcNow;

    private static async Task<(int Exit, string Text)> OpenSslAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, text);
    }

    private static SpiffeId Id(string text) => SpiffeId.TryParse(text, out var id) ? id : throw new ArgumentException(text);

    [Fact]
    public async Task Issue_ForARequestOfOpenSsl_IsVerifiedByOpenSslAndByUs()
    {
        var folder = Directory.CreateTempSubdirectory("merlon-svid-");
        try
        {
            var (key, csr, ca, leaf) = (Path.Combine(folder.FullName, "key"), Path.Combine(folder.FullName, "csr"), Path.Combine(folder.FullName, "ca"), Path.Combine(folder.FullName, "leaf"));
            // The request asks for the name of another and to be an authority.
            var made = await OpenSslAsync("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=admin",
                "-addext", "subjectAltName=URI:spiffe://td/admin", "-addext", "basicConstraints=CA:TRUE");
            Assert.True(made.Exit == 0, made.Text);
            Assert.True(WorkloadSvid.ReadRequest(await File.ReadAllTextAsync(csr)).Try(out var publicKey, out var refusal), refusal?.Detail);
            using var authority = DevelopmentCa.CreateAuthority("Merlon test", s_now);
            using var svid = WorkloadSvid.Issue(authority, Id("spiffe://td/workload/ci"), publicKey, [], s_now, TimeSpan.FromHours(1));
            await File.WriteAllTextAsync(ca, authority.CertificatePem);
            await File.WriteAllTextAsync(leaf, svid.ExportCertificatePem());
            foreach (var purpose in (string[])["sslclient", "sslserver"])
            {
                var verified = await OpenSslAsync("verify", "-x509_strict", "-purpose", purpose, "-CAfile", ca, leaf);
                Assert.True(verified.Exit == 0, verified.Text);
            }
            var shown = (await OpenSslAsync("x509", "-in", leaf, "-noout", "-text")).Text;
            Assert.Contains("URI:spiffe://td/workload/ci", shown, StringComparison.Ordinal);
            Assert.Contains("CA:FALSE", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("admin", shown, StringComparison.Ordinal);
            using var validator = new SvidValidator(authority.CertificatePem, "td");
            Assert.Equal("spiffe://td/workload/ci", validator.Verify(svid, s_now).Value.Id.ToString());
            Assert.InRange((svid.NotAfter - svid.NotBefore).TotalMinutes, 60, 62);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void ReadRequest_WithoutProof_OrOfAnotherKind_IsRefused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        Assert.False(WorkloadSvid.ReadRequest(PemEncoding.WriteString("CERTIFICATE REQUEST", pem)).IsRefused);
        // The signature's last byte: the key is ours to name, the proof is gone.
        pem[^1] ^= 1;
        using var rsa = RSA.Create(2048);
        using var wide = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        foreach (var text in (string?[])
            [null, "", "x", new string('x', 8193), PemEncoding.WriteString("CERTIFICATE REQUEST", pem), PemEncoding.WriteString("CERTIFICATE REQUEST", [1, 2, 3]),
            new CertificateRequest("CN=x", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem(),
            new CertificateRequest("CN=x", wide, HashAlgorithmName.SHA256).CreateSigningRequestPem()])
            Assert.Equal("workload.csr", WorkloadSvid.ReadRequest(text).Refusal.Code);
    }

    [Fact]
    public void Issue_BeyondTheAuthoritysLife_EndsWithIt()
    {
        using var authority = DevelopmentCa.CreateAuthority("Merlon test", s_now.AddYears(-10).AddHours(1));
        using var svid = WorkloadSvid.IssueWithKey(authority, Id("spiffe://td/gateway"), ["localhost", "127.0.0.1"], s_now, TimeSpan.FromHours(24));
        using var leaf = X509Certificate2.CreateFromPem(svid.CertificatePem);
        using var root = X509Certificate2.CreateFromPem(authority.CertificatePem);
        Assert.Equal(root.NotAfter, leaf.NotAfter);
        Assert.True(leaf.MatchesHostname("localhost") && leaf.MatchesHostname("127.0.0.1"));
        using var validator = new SvidValidator(authority.CertificatePem, "td");
        Assert.False(validator.Verify(leaf, s_now).IsRefused);
    }
}
