using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Merlon.Admission.Tests.Admit;
using Merlon.ControlHost;
using Merlon.Kernel;
using Merlon.Signing.Contracts;
using static Merlon.Admission.Tests.Admit.AdmissionFixture;

namespace Merlon.Admission.Tests.Gates;

public sealed class SignatureTests : IAsyncLifetime
{
    private readonly AdmissionFixture _control = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly (string Path, string Content)[] s_files = [("model.onnx", "weights"), ("README.md", "text")];

    public async Task InitializeAsync()
    {
        await _control.InitializeAsync();
        Assert.True((await _control.Owner.PostAsync("/policy/trusted-keys", new { name = "release", pem = _key.ExportSubjectPublicKeyInfoPem() })).IsSuccess);
    }

    public async Task DisposeAsync()
    {
        _key.Dispose();
        await _control.DisposeAsync();
    }

    private static byte[] Sign(ECDsa key, params (string Path, string Content)[] files) => ModelSigner.Sign(
        "fraud", [.. files.Select(f => new ArtifactFile(f.Path, f.Content.Length, Digest.Of(Encoding.UTF8.GetBytes(f.Content))))], ["model.sig"], key).Value;

    private async Task<ControlAnswer> AttachAsync(byte[] bundle)
    {
        using var content = new ByteArrayContent(bundle);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await _control.Owner.PostAsync("/models/fraud/versions/1/signatures", content);
    }

    [Fact]
    public async Task Signature_AttachedByATrustedKey_Passes_AndIsEvidence()
    {
        var bundle = Sign(_key, s_files);
        Assert.Equal("release", (await AttachAsync(bundle)).Text("signer"));
        var answer = await _control.AdmitAsync("production");
        Assert.Equal("pass", Gate(answer, "signature"));
        var evidence = answer.Json!["gates"]!.AsArray().Single(g => g!["gate"]!.GetValue<string>() == "signature")!["evidence"]!;
        Assert.Equal(("release", Digest.Of(bundle).ToString()), (evidence["signer"]!.GetValue<string>(), evidence["bundle"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Signature_InsideTheArtifact_Passes_AndIsNotItselfCovered()
    {
        var bundle = Encoding.UTF8.GetString(Sign(_key, s_files));
        Assert.True((await _control.Owner.PushAsync("fraud", [.. s_files, ("model.sig", bundle)])).IsSuccess);
        Assert.Equal("pass", Gate(await _control.AdmitAsync("production", version: 2), "signature"));
        // A file that came along unsigned is not let through by a good signature over the others.
        Assert.True((await _control.Owner.PushAsync("fraud", [.. s_files, ("model.sig", bundle), ("extra.bin", "x")])).IsSuccess);
        Assert.Equal("signature.file-added", Rule(await _control.AdmitAsync("production", version: 3), "signature"));
        Assert.True((await _control.Owner.PushAsync("fraud", [.. s_files, ("sub/model.sig", bundle)])).IsSuccess);
        Assert.Equal("signature.unsigned", Rule(await _control.AdmitAsync("production", version: 4), "signature"));
    }

    [Fact]
    public async Task Signature_ByUntrustedKeyOrOverOtherFiles_Blocks()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.False((await AttachAsync(Sign(other, s_files))).Json!["trusted"]!.GetValue<bool>());
        Assert.Equal("signature.untrusted", Rule(await _control.AdmitAsync("production"), "signature"));
        await AttachAsync(Sign(_key, ("model.onnx", "other"), ("README.md", "text")));
        Assert.Equal("block", Gate(await _control.AdmitAsync("production"), "signature"));
        // One good one among bad ones is enough.
        await AttachAsync(Sign(_key, s_files));
        Assert.Equal("pass", Gate(await _control.AdmitAsync("production"), "signature"));
    }

    [Fact]
    public async Task Signature_OfAKeyThatIsNoLongerTrusted_Blocks()
    {
        await AttachAsync(Sign(_key, s_files));
        Assert.Equal("pass", Gate(await _control.AdmitAsync("production"), "signature"));
        await _control.SetPolicyAsync("  production: {}\n");
        Assert.Equal("signature.no-keys", Rule(await _control.AdmitAsync("production"), "signature"));
    }

    [Fact]
    public async Task Signature_NotABundle_IsTakenAndNeverTrusted()
    {
        var attached = await AttachAsync("not json"u8.ToArray());
        Assert.False(attached.Json!["trusted"]!.GetValue<bool>());
        Assert.Equal("signature.bundle", Rule(await _control.AdmitAsync("production"), "signature"));
        Assert.Equal("signature.size", (await AttachAsync([])).Code);
    }
}
