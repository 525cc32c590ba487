using System.Security.Cryptography;
using Merlon.Admission.Policy;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Admission.Tests.Policy;

public sealed class PolicyReaderTests
{
    private const string Minimal = "version: 1\nenvironments:\n  dev:\n    approval: off\n";

    [Fact]
    public void Read_Minimal_TakesTheStrictDefaults()
    {
        var rules = PolicyReader.Read(Minimal).Value.Environments["dev"];
        Assert.Equal((GateMode.Block, GateMode.Block, GateMode.Block, GateMode.Off), (rules.Integrity, rules.Format, rules.Signature, rules.Approval));
        Assert.Equal((1, true, "full"), (rules.Approvals, rules.FourEyes, rules.Isolation));
        Assert.Equal(GateMode.Block, rules.ModeOf("a gate of tomorrow"));
    }

    [Fact]
    public void DefaultText_IsValid_AndProductionIsStrict()
    {
        var production = PolicyReader.Read(PolicyReader.DefaultText).Value.Environments["production"];
        Assert.Equal((GateMode.Block, GateMode.Block, "full", true), (production.Signature, production.Approval, production.Isolation, production.FourEyes));
    }

    [Theory]
    [InlineData("")]
    [InlineData("version: 2\nenvironments: {dev: {}}")]
    [InlineData("version: 1\nenvironments: {}")]
    [InlineData("version: 1\nversion: 1\nenvironments: {dev: {}}")]
    [InlineData("version: 1\nenvironments: {dev: {}}\nextra: 1")]
    [InlineData("version: 1\nenvironments: {dev: {signatur: block}}")]
    [InlineData("version: 1\nenvironments: {dev: {signature: sometimes}}")]
    [InlineData("version: 1\nenvironments: {dev: {integrity: warn}}")]
    [InlineData("version: 1\nenvironments: {dev: {integrity: off}}")]
    [InlineData("version: 1\nenvironments: {dev: {format: off}}")]
    [InlineData("version: 1\nenvironments: {dev: {format: warn}}")]
    [InlineData("version: 1\nenvironments: {dev: {approvals: 0}}")]
    [InlineData("version: 1\nenvironments: {dev: {approvals: 11}}")]
    [InlineData("version: 1\nenvironments: {dev: {isolation: none}}")]
    [InlineData("version: 1\nenvironments: {'../x': {}}")]
    [InlineData("version: 1\nenvironments: {dev: &a {}, prod: *a}")]
    [InlineData("version: 1\nenvironments: {dev: &unused {}}")]
    [InlineData("version: 1\nenvironments: {dev: !!map {}}")]
    [InlineData("version: 1\nenvironments: {dev: !System.IO.FileInfo {}}")]
    [InlineData("version: 1\nenvironments: [[[[[[[[[[]]]]]]]]]]")]
    [InlineData("version: 1\nenvironments: {dev: {}")]
    [InlineData("version: 1\nenvironments: {dev: }")]
    [InlineData("version: 1\nenvironments: ")]
    [InlineData("version: 1\nenvironments: {dev: {isolation: }}")]
    [InlineData("version: 1\ntrusted_keys: \nenvironments: {dev: {}}")]
    [InlineData("version: 1\ntrusted_keys: [~]\nenvironments: {dev: {}}")]
    [InlineData("version: 1\ntrusted_keys: [{name: a, pem: ~}]\nenvironments: {dev: {}}")]
    [InlineData("version: 1\nenvironments: {dev: {signature: 7}}")]
    [InlineData("version: 1\nenvironments: {dev: {signature: 'off, warn'}}")]
    public void Read_OtherThanAStrictPolicy_IsRefused(string text) => Assert.Equal("policy.invalid", PolicyReader.Read(text).Refusal.Code);

    [Fact]
    public void Read_NestedTooDeep_IsRefused_BeforeTheReaderRecurses()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 50_000));
        Assert.Contains($"deeper than {PlainYaml.MaxDepth}", PolicyReader.Read("version: 1\nenvironments: " + deep).Refusal.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "policy.size")]
    public void Read_SizeAtItsBound_IsRefusedAboveIt(int above, string? code)
    {
        var text = Minimal + "#" + new string('x', PolicyReader.MaxBytes - Minimal.Length - 1 + above);
        var read = PolicyReader.Read(text);
        Assert.Equal(code, read.IsRefused ? read.Refusal.Code : null);
    }

    [Fact]
    public void Read_TrustedKeys_ArePublicNamedOnceAndOnAKnownCurve()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        using var odd = ECDsa.Create(ECCurve.CreateFromFriendlyName("brainpoolP320r1"));
        var document = PolicyReader.Read(Minimal).Value;
        document.TrustedKeys.Add(new PolicyKey { Name = "release", Pem = key.ExportSubjectPublicKeyInfoPem() });
        Assert.Equal("release", Assert.Single(PolicyReader.Read(PolicyReader.Write(document)).Value.Keys).Name);

        foreach (var pem in new[] { key.ExportECPrivateKeyPem(), key.ExportPkcs8PrivateKeyPem(), rsa.ExportSubjectPublicKeyInfoPem(), odd.ExportSubjectPublicKeyInfoPem(), "", "hello" })
        {
            document.TrustedKeys[0].Pem = pem;
            var refused = PolicyReader.Read(PolicyReader.Write(document)).Refusal;
            Assert.Equal("policy.invalid", refused.Code);
            Assert.DoesNotContain("BEGIN", refused.Detail, StringComparison.Ordinal);
        }
        document.TrustedKeys[0].Pem = key.ExportSubjectPublicKeyInfoPem();
        document.TrustedKeys.Add(document.TrustedKeys[0]);
        Assert.True(PolicyReader.Read(PolicyReader.Write(document)).IsRefused);
    }

    [Fact]
    public void Write_ThenRead_KeepsEveryRule()
    {
        var document = PolicyReader.Read(PolicyReader.DefaultText).Value;
        var again = PolicyReader.Read(PolicyReader.Write(document)).Value;
        foreach (var (name, rules) in document.Environments)
        {
            var other = again.Environments[name];
            Assert.Equal((rules.Signature, rules.Approval, rules.Approvals, rules.FourEyes, rules.Isolation), (other.Signature, other.Approval, other.Approvals, other.FourEyes, other.Isolation));
        }
        Assert.NotEqual(PolicyReader.DigestOf("a"), PolicyReader.DigestOf("a\n"));
        Assert.Equal(Digest.Of("a"u8), PolicyReader.DigestOf("a"));
    }
}
