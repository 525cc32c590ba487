using Merlon.Kernel;
using Merlon.Signing.Bundle;

namespace Merlon.Signing.Contracts;

/// <summary>A key that may sign, by the name people know it under.</summary>
public sealed record TrustedKey(string Name, string Pem);

/// <summary>What a verified signature proves.</summary>
public sealed record VerifiedSignature(string KeyName, string KeyId, Digest RootDigest, int Files);

/// <summary>Verifies signatures in the OpenSSF Model Signing format (spec v1.0), strictly.</summary>
public static class ModelVerifier
{
    /// <summary>
    /// Steps, each of which refuses with its own code:
    /// 1. the bundle is well-formed, with one signature;
    /// 2. the payload is an in-toto statement in a DSSE envelope;
    /// 3. one of the trusted keys made the signature over the bytes as received (the hint is never trusted);
    /// 4. the statement is a model signature with one subject;
    /// 5. the subject's digest is the root over the listed resources;
    /// 6. the listed resources are exactly the files at hand: none changed, none missing, none added.
    /// </summary>
    /// <param name="files">All files of the model except the signature itself.</param>
    public static Result<VerifiedSignature> Verify(ReadOnlyMemory<byte> bundleUtf8, IReadOnlyList<ArtifactFile> files, IReadOnlyList<TrustedKey> trusted)
    {
        // 1.
        if (!BundleReader.ReadBundle(bundleUtf8).Try(out var bundle, out var refusal))
            return refusal;

        // 2.
        if (bundle.PayloadType != Dsse.PayloadType)
            return new Refusal(RefusalKind.Invalid, "signature.payload-type", $"The signed payload is not {Dsse.PayloadType}.");

        // 3.
        if (!SignerSearch.Find(bundle.PayloadType, bundle.Payload, bundle.Signature, trusted).Try(out var signer, out refusal))
            return refusal;

        // 4.
        if (!BundleReader.ReadStatement(bundle.Payload).Try(out var statement, out refusal))
            return refusal;

        // 5.
        var root = ModelSigner.RootDigest(statement.Resources.Select(r => r.Sha256));
        if (root != statement.Subject)
            return new Refusal(RefusalKind.Invalid, "signature.root", "The signature's subject is not the digest of the resources it lists.");

        // 6.
        return CompareFiles(statement, files) is { } difference
            ? difference
            : new VerifiedSignature(signer.Name, signer.Id, root, files.Count);
    }

    private static Refusal? CompareFiles(ParsedStatement statement, IReadOnlyList<ArtifactFile> files)
    {
        var signed = statement.Resources.ToDictionary(r => r.Path, r => r.Sha256, StringComparer.Ordinal);
        foreach (var file in files)
        {
            if (!signed.Remove(file.Path, out var expected))
                return Differs("added", $"The file '{Text.Printable(file.Path, 120)}' is not covered by the signature.");
            if (expected != file.Sha256)
                return Differs("changed", $"The file '{Text.Printable(file.Path, 120)}' is not the one that was signed.");
        }
        return signed.Count > 0
            ? Differs("missing", $"The signed file '{Text.Printable(signed.Keys.Order(StringComparer.Ordinal).First(), 120)}' is missing.")
            : null;
    }

    private static Refusal Differs(string how, string detail) => new(RefusalKind.Blocked, $"signature.file-{how}", detail);
}
