using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;

namespace Merlon.Admission.Contracts;

/// <summary>What the gates decided on a version for an environment.</summary>
public sealed record AdmissionDecision
{
    public required Guid VerdictId { get; init; }
    public required ModelVersionInfo Version { get; init; }
    public required string Environment { get; init; }
    public required Verdict Verdict { get; init; }
    public required Digest PolicyDigest { get; init; }
    public required IReadOnlyList<GateVerdict> Gates { get; init; }

    /// <summary>True when the environment refuses a worker that lacks any isolation property.</summary>
    public required bool RequiresFullIsolation { get; init; }

    /// <summary>The reconciled contract; null when the format gate blocked.</summary>
    public TensorContract? Contract { get; init; }

    /// <summary>Path of the model file that the runtime loads; null when the format gate blocked.</summary>
    public string? MainFile { get; init; }

    /// <summary>What stops the version, as one sentence.</summary>
    public string BlockedBecause => string.Join(" ", Gates.Where(g => g.Verdict == Verdict.Block).Select(g => $"{g.Gate}: {g.Reason}"));
}

/// <summary>Runs the gates and records their verdict.</summary>
public interface IAdmission
{
    Task<Result<AdmissionDecision>> AdmitAsync(Caller caller, ModelReference reference, string environment, CancellationToken cancellationToken);
}
