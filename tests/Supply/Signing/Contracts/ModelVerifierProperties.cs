using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Merlon.Kernel;
using Merlon.Signing.Bundle;
using Merlon.Signing.Contracts;

namespace Merlon.Signing.Tests.Contracts;

public sealed class ModelVerifierProperties
{
    private static readonly ECDsa s_key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly byte[] s_bundle = Forge.Signed(Forge.Statement(), s_key);
    private static readonly TrustedKey[] s_trusted = [Forge.Trust(s_key)];

    /// <summary>
    /// Any change of one byte is refused with a code, never an exception, unless the changed text still says the same: JSON has several spellings
    /// of one value, so a mutation passes only when what is parsed from it is what was signed.
    /// </summary>
    [Fact]
    public void Verify_AnyChangedByte_NeverThrows_AndNeverProvesOtherContent() => Prop.ForAll(
        Gen.Choose(0, s_bundle.Length - 1).SelectMany(at => Gen.Choose(1, 255).Select(flip => (at, flip))).ToArbitrary(), mutation =>
    {
        var changed = (byte[])s_bundle.Clone();
        changed[mutation.at] ^= (byte)mutation.flip;
        return Judge(changed);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Verify_AnyCutOrSplice_NeverThrows_AndNeverProvesOtherContent() => Prop.ForAll(
        Gen.Choose(0, s_bundle.Length).SelectMany(from => Gen.Choose(0, s_bundle.Length).Select(to => (from, to))).ToArbitrary(), cut =>
            Judge([.. s_bundle[..cut.from], .. s_bundle[cut.to..]])).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    /// <summary>Whatever stands in a signed statement, only the one that lists exactly these files verifies.</summary>
    [Fact]
    public void Verify_AnyChangedStatementSignedAnew_NeverThrows() => Prop.ForAll(
        Gen.Choose(0, 400).SelectMany(at => Gen.Choose(32, 126).Select(to => (at, to))).ToArbitrary(), mutation =>
    {
        var payload = Forge.Bytes(Forge.Statement());
        payload[mutation.at % payload.Length] = (byte)mutation.to;
        var verified = ModelVerifier.Verify(Forge.Bytes(Forge.Bundle(payload, s_key)), Forge.Files, s_trusted);
        return verified.IsRefused || verified.Value.RootDigest == Forge.Root(Forge.Files);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Verify_AnyBytes_IsRefused() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(), bytes => ModelVerifier.Verify(bytes, Forge.Files, s_trusted).IsRefused).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Verify_BundleAtItsBound_IsRefusedAboveIt(int above, bool tooLarge)
    {
        var padded = new byte[Limits.MaxBundleBytes + above];
        padded.AsSpan().Fill((byte)' ');
        s_bundle.CopyTo(padded, 0);
        Assert.Equal(tooLarge, ModelVerifier.Verify(padded, Forge.Files, s_trusted).IsRefused);
    }

    [Fact]
    public void Verify_DeeplyNested_IsRefused()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 100_000));
        Assert.Equal("signature.bundle", ModelVerifier.Verify(Encoding.UTF8.GetBytes(deep), Forge.Files, s_trusted).Refusal.Code);
    }

    [Fact]
    public void Sign_MoreFilesThanTheBound_IsRefused()
    {
        var files = Enumerable.Range(0, Limits.MaxResources + 1).Select(i => new ArtifactFile($"f{i}", 1, Digest.Of("x"u8))).ToList();
        Assert.Equal("signing.files", ModelSigner.Sign("m", files, [], s_key).Refusal.Code);
        Assert.False(ModelSigner.Sign("m", files[1..], [], s_key).IsRefused);
        Assert.Equal("signing.empty", ModelSigner.Sign("m", [], [], s_key).Refusal.Code);
    }

    private static bool Judge(byte[] changed)
    {
        var result = ModelVerifier.Verify(changed, Forge.Files, s_trusted);
        if (result.IsRefused)
            return true;
        var parsed = BundleReader.ReadBundle(changed).Value;
        return parsed.Payload.AsSpan().SequenceEqual(BundleReader.ReadBundle(s_bundle).Value.Payload);
    }
}
