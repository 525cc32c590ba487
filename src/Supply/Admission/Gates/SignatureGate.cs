using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Signing.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Gates;

/// <summary>
/// Did someone we trust sign exactly these files? Looks at <c>model.sig</c> in the artifact and at signatures attached later; one good one is enough.
/// </summary>
internal sealed class SignatureGate(AdmissionDb db, Guid versionId, IReadOnlyList<TrustedKey> trusted) : IGate
{
    /// <summary>Where a signature lies inside an artifact; the only file that a signature does not cover.</summary>
    public const string FileName = "model.sig";
    private const int MaxBundleBytes = 32 * 1024 * 1024;

    /// <summary>Signatures that may be attached to one version; all of them are looked at.</summary>
    public const int MaxAttached = 16;

    public string Name => "signature";

    public async ValueTask<GateVerdict> EvaluateAsync(GateSubject subject, CancellationToken cancellationToken)
    {
        var bundles = await BundlesAsync(subject, cancellationToken);
        if (bundles.Count == 0)
            return Fail("unsigned", "The model is not signed.", $"Sign it: merlon sign {subject.Model}@{subject.Version} --key KEY.pem");
        var signed = subject.Files.Where(f => !string.Equals(f.Path, FileName, StringComparison.Ordinal)).ToList();
        Refusal? last = null;
        foreach (var bundle in bundles)
        {
            if (ModelVerifier.Verify(bundle, signed, trusted).Try(out var verified, out var refusal))
            {
                return new GateVerdict(Name, Verdict.Pass, $"Signed by '{verified.KeyName}'.")
                {
                    Evidence = new Dictionary<string, string>
                    {
                        ["signer"] = verified.KeyName,
                        ["key_id"] = verified.KeyId,
                        ["root"] = verified.RootDigest.ToString(),
                        ["bundle"] = Digest.Of(bundle).ToString(),
                    },
                };
            }
            last = refusal;
        }
        return Fail(last!.Code, last.Detail, last.Remedy ?? "Sign it with a key that the policy trusts.");
    }

    private async Task<List<byte[]>> BundlesAsync(GateSubject subject, CancellationToken cancellationToken)
    {
        var bundles = await db.Signatures.AsNoTracking().Where(s => s.VersionId == versionId).OrderByDescending(s => s.CreatedAt)
            .Select(s => s.Bundle).Take(MaxAttached).ToListAsync(cancellationToken);
        var inside = subject.Files.FirstOrDefault(f => string.Equals(f.Path, FileName, StringComparison.Ordinal));
        if (inside is { Size: > 0 and <= MaxBundleBytes })
        {
            var bytes = new byte[inside.Size];
            await using var stream = subject.Artifact.OpenFile(FileName);
            await stream.ReadExactlyAsync(bytes, cancellationToken);
            bundles.Add(bytes);
        }
        return bundles;
    }

    private GateVerdict Fail(string code, string reason, string remedy) => new(Name, Verdict.Block, reason)
    {
        Findings = [new Finding(code.StartsWith("signature", StringComparison.Ordinal) ? code : $"signature.{code}", Verdict.Block, reason, Remedy: remedy)],
    };
}
