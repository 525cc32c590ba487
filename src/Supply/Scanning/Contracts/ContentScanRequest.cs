using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Merlon.Kernel;

namespace Merlon.Scanning.Contracts;

/// <summary>One file to look into by itself, whatever it is: no artifact, no policy.</summary>
public sealed record ContentScanRequest
{
    /// <summary>Path of the file among <see cref="Files"/>.</summary>
    public required string Target { get; init; }

    /// <summary>The file and those beside it, which it may refer to (an ONNX model to its weights).</summary>
    public required ImmutableArray<ContentFile> Files { get; init; }

    /// <summary>Verified by whoever asks; null: the built-in rules.</summary>
    public ScanPolicy? Policy { get; init; }
}

/// <summary>A file that the scan may read.</summary>
public sealed record ContentFile(string Path, long Size);

/// <summary>What is in one file. The worst severity among the findings is the verdict.</summary>
public sealed record ContentScanReport
{
    public required string Path { get; init; }

    /// <summary>Stable name of the format; <c>unknown</c> when no scanner knows it.</summary>
    public required string Format { get; init; }
    public required ImmutableArray<Finding> Findings { get; init; }

    /// <summary>What the kernel enforced on the scan: <c>full</c>, or <c>reduced (missing: …)</c>. Empty when no parser ran.</summary>
    public string Isolation { get; init; } = "";

    [JsonIgnore]
    public Verdict Verdict => Findings.IsEmpty ? Verdict.Pass : Findings.Max(finding => finding.Severity);
}
