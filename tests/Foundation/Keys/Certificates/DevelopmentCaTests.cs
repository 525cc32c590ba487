using System.Security.Cryptography.X509Certificates;

namespace Merlon.Keys.Tests;

public sealed class DevelopmentCaTests
{
    [Fact]
    public void IssueServer_ForNames_ChainsToTheAuthority()
    {
        var now = DateTimeOffset.UtcNow;
        using var authority = DevelopmentCa.CreateAuthority("Merlon test", now);
        using var server = DevelopmentCa.IssueServer(authority, ["localhost", "127.0.0.1"], now);
        using var root = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var leaf = X509Certificate2.CreateFromPem(server.CertificatePem);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.1"));
        Assert.True(chain.Build(leaf), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        Assert.True(leaf.MatchesHostname("localhost"));
        Assert.True(leaf.MatchesHostname("127.0.0.1"));
        Assert.False(leaf.MatchesHostname("example.org"));
        Assert.InRange((leaf.NotAfter - leaf.NotBefore).TotalDays, 89, 91);
    }
}
