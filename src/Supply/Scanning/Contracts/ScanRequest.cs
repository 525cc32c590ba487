using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Merlon.Kernel;

namespace Merlon.Scanning.Contracts;

/// <summary>The artifact to scan and what the policy allows beyond the default.</summary>
public sealed record ScanRequest
{
    public required ImmutableArray<ArtifactFile> Files { get; init; }

    /// <summary>Path of the model; null: the one that <c>merlon.yaml</c> names, <c>model.onnx</c>, or the only <c>.onnx</c> file.</summary>
    public string? MainFile { get; init; }

    /// <summary>Operator domains beside <c>ai.onnx</c> and <c>ai.onnx.ml</c>, such as <c>com.microsoft</c> (operators that ship with ONNX Runtime).</summary>
    public ImmutableArray<string> AllowedDomains { get; init; } = [];

    /// <summary>Verified by whoever asks; null: the built-in rules.</summary>
    public ScanPolicy? Policy { get; init; }
}

/// <summary>What the scan found. The worst severity among the findings is the verdict; a report without findings is clean.</summary>
public sealed record ScanReport
{
    public required ImmutableArray<Finding> Findings { get; init; }

    /// <summary>Inputs and outputs as the file declares them; null when the model could not be read.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>The file that holds the model; null when there is none.</summary>
    public string? MainFile { get; init; }

    /// <summary>What <c>merlon.yaml</c> declares; null when the artifact has none, or an unusable one (then a finding says so).</summary>
    public DeclaredContract? Declared { get; init; }

    /// <summary>Flat facts for evidence and the bill of materials: ir_version, producer, opsets, operators, parameters, rules.</summary>
    public ImmutableDictionary<string, string> Facts { get; init; } = ImmutableDictionary<string, string>.Empty;

    [JsonIgnore]
    public Verdict Verdict => Findings.IsEmpty ? Verdict.Pass : Findings.Max(finding => finding.Severity);
}

/// <summary>The JSON forms that travel between node and scan worker and stand in evidence.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ScanRequest))]
[JsonSerializable(typeof(ScanReport))]
[JsonSerializable(typeof(ContentScanRequest))]
[JsonSerializable(typeof(ContentScanReport))]
public sealed partial class ScanJson : JsonSerializerContext;
