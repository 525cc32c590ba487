using System.Buffers;
using System.Security.Cryptography;
using Merlon.Kernel;

namespace Merlon.Admission.Gates;

/// <summary>Is every byte still the one that was pushed? Reads the sealed artifact and compares each file and the manifest.</summary>
internal sealed class IntegrityGate : IGate
{
    private const int BufferSize = 1 << 20;

    public string Name => "integrity";

    public async ValueTask<GateVerdict> EvaluateAsync(GateSubject subject, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        if (ManifestDigest.Compute(subject.Files) != subject.Manifest)
            findings.Add(new Finding("integrity.manifest", Verdict.Block, "The list of files is not the one that was pushed."));
        foreach (var file in subject.Files)
        {
            if (await CheckAsync(subject.Artifact, file, cancellationToken) is { } problem)
                findings.Add(new Finding("integrity.file", Verdict.Block, problem, file.Path, "Push the model again; the stored copy is damaged or was tampered with."));
        }
        var bytes = subject.Files.Sum(f => f.Size);
        return findings.Count == 0
            ? new GateVerdict(Name, Verdict.Pass, $"{subject.Files.Count} files, {bytes:N0} bytes match {subject.Manifest.Short}.") { Evidence = Evidence(subject) }
            : new GateVerdict(Name, Verdict.Block, $"{findings[0].Location ?? "manifest"}: {findings[0].Message}") { Findings = findings, Evidence = Evidence(subject) };
    }

    private static Dictionary<string, string> Evidence(GateSubject subject) => new() { ["manifest"] = subject.Manifest.ToString() };

    private static async Task<string?> CheckAsync(IArtifactReader artifact, ArtifactFile file, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var stream = artifact.OpenFile(file.Path);
            long length = 0;
            int read;
            while ((read = await stream.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                length += read;
            }
            return length == file.Size && new Digest(hash.GetHashAndReset()) == file.Sha256 ? null : "The content is not the one that was pushed.";
        }
        catch (Exception e) when (e is InvalidDataException or IOException or CryptographicException)
        {
            return e.Message;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
