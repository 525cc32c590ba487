using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using Merlon.Signing.Contracts;

namespace Merlon.Admission.Contracts;

/// <summary>A scan policy in its envelope: nothing of it is read before a trusted key is found to have signed it.</summary>
/// <param name="Policy">What was signed.</param>
/// <param name="SignedBy">Name of the trusted key.</param>
/// <param name="Text">The text as signed.</param>
public sealed record SignedScanPolicy(ScanPolicy Policy, string SignedBy, string KeyId, ReadOnlyMemory<byte> Text)
{
    public static Result<SignedScanPolicy> Open(ReadOnlyMemory<byte> envelopeUtf8, IReadOnlyList<TrustedKey> trusted)
    {
        if (!SignedDocument.Open(envelopeUtf8, ScanPolicy.PayloadType, trusted).Try(out var signed, out var refusal))
            return refusal;
        return ScanPolicy.Read(signed.Payload.Span).Try(out var policy, out refusal) ? new SignedScanPolicy(policy, signed.KeyName, signed.KeyId, signed.Payload) : refusal;
    }
}
