using System.Security.Cryptography;
using System.Text;
using Merlon.Admission.Policy;
using Merlon.Scanning.Contracts;
using Merlon.Signing.Contracts;

namespace Merlon.Admission.Tests.Policy;

public sealed class ScanSectionTests : IDisposable
{
    internal const string Names = "version: 1\nname: team\nnames:\n  - library: own\n    versions: 1 to 2\n    reason: Reviewed.\n    use: call\n    module: own.models\n    allow: [Scorer]\n";
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose() => _key.Dispose();

    /// <summary>An admission policy that trusts <paramref name="key"/> as 'security' and names the scan policy.</summary>
    internal static string Text(ECDsa key, byte[] envelope, string signedBy = "[security]", string environments = "  production: {}\n") =>
        $"version: 1\ntrusted_keys:\n  - name: security\n    pem: |\n{Indent(key.ExportSubjectPublicKeyInfoPem(), 6)}scan:\n  signed_by: {signedBy}\n  policy: |\n{Indent(Encoding.UTF8.GetString(envelope), 4)}environments:\n{environments}";

    internal static byte[] Sign(ECDsa key, string policy, string type = ScanPolicy.PayloadType) => SignedDocument.Sign(type, Encoding.UTF8.GetBytes(policy), key).Value;

    private static string Indent(string text, int spaces) => string.Concat(text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => new string(' ', spaces) + line + "\n"));

    [Fact]
    public void Read_SignedScanPolicy_IsVerifiedAndTaken()
    {
        var document = PolicyReader.Read(Text(_key, Sign(_key, Names))).Value;
        Assert.Equal(("security", "Scorer"), (document.ScanPolicy!.SignedBy, Assert.Single(document.ScanPolicy.Policy.Names).Name));
        // Written back, as trusting another key does, it is the same policy still.
        Assert.Equal(document.ScanPolicy.Policy.Digest, PolicyReader.Read(PolicyReader.Write(document)).Value.ScanPolicy!.Policy.Digest);
    }

    [Fact]
    public void Read_ScanPolicyThatNobodyTrustedSigned_IsRefused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Contains("signature.untrusted", Problem(Text(_key, Sign(other, Names))), StringComparison.Ordinal);
        Assert.Contains("signature.payload-type", Problem(Text(_key, Sign(_key, Names, "application/vnd.in-toto+json"))), StringComparison.Ordinal);
        Assert.Contains("signature.envelope", Problem(Text(_key, Encoding.UTF8.GetBytes(Names))), StringComparison.Ordinal);
        Assert.Contains("scan-policy.invalid", Problem(Text(_key, Sign(_key, Names.Replace("own.models", "os", StringComparison.Ordinal)))), StringComparison.Ordinal);
        Assert.Contains("not among the trusted keys", Problem(Text(_key, Sign(_key, Names), "[other]")), StringComparison.Ordinal);
        Assert.Contains("signed_by", Problem(Text(_key, Sign(_key, Names), "[]")), StringComparison.Ordinal);
    }

    /// <summary>A key that may sign models may not sign scan policies unless it is named.</summary>
    [Fact]
    public void Read_TrustedKeyThatIsNotNamed_DoesNotCount()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var text = Text(_key, Sign(other, Names)).Replace("trusted_keys:\n", $"trusted_keys:\n  - name: models\n    pem: |\n{Indent(other.ExportSubjectPublicKeyInfoPem(), 6)}", StringComparison.Ordinal);
        Assert.Contains("signature.untrusted", Problem(text), StringComparison.Ordinal);
        Assert.False(PolicyReader.Read(text.Replace("[security]", "[models]", StringComparison.Ordinal)).IsRefused);
    }

    [Theory]
    [InlineData("{ formats: served }", "Served")]
    [InlineData("{ formats: understood }", "Understood")]
    [InlineData("{ formats: any }", "Any")]
    [InlineData("{}", "Served")]
    public void Read_Formats_AreAsWrittenAndServedByDefault(string environment, string expected) =>
        Assert.Equal(expected, PolicyReader.Read($"version: 1\nenvironments:\n  production: {environment}\n").Value.Environments["production"].Formats.ToString());

    [Theory]
    [InlineData("{ formats: all }")]
    [InlineData("{ formats: 2 }")]
    [InlineData("{ formats: [served, any] }")]
    public void Read_FormatsThatAreNone_AreRefused(string environment) => Assert.True(PolicyReader.Read($"version: 1\nenvironments:\n  production: {environment}\n").IsRefused);

    private static string Problem(string text) => PolicyReader.Read(text).Refusal.Detail;
}
