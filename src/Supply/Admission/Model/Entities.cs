using Merlon.Kernel;

namespace Merlon.Admission.Model;

/// <summary>One text of the policy; the newest of a project is in force. Rows are only ever added.</summary>
internal sealed class PolicyVersion
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required int Number { get; init; }
    public required string Text { get; init; }
    public required Digest Digest { get; init; }
    public required string Author { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A person's decision on a version for an environment. The newest one of a person counts.</summary>
internal sealed class Approval
{
    public required Guid Id { get; init; }
    public required Guid VersionId { get; init; }
    public required Digest Manifest { get; init; }
    public required string Environment { get; init; }
    public required string Principal { get; init; }
    public required bool Approved { get; init; }
    public required string Reason { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A signature bundle that came after the push.</summary>
internal sealed class AttachedSignature
{
    public required Guid Id { get; init; }
    public required Guid VersionId { get; init; }
    public required byte[] Bundle { get; init; }
    public required string Principal { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What the gates said of a version for an environment under one policy. Rows are only ever added.</summary>
internal sealed class AdmissionVerdict
{
    public required Guid Id { get; init; }
    public required Guid VersionId { get; init; }
    public required Digest Manifest { get; init; }
    public required string Environment { get; init; }
    public required Digest PolicyDigest { get; init; }
    public required Verdict Verdict { get; init; }
    public required string GatesJson { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The newest scan of a version, and the rules it followed. Written over when the rules change; each scan is an event.</summary>
internal sealed class VersionScan
{
    public required Guid VersionId { get; init; }
    public required Digest Manifest { get; init; }
    public required Digest Rules { get; set; }
    public required Verdict Verdict { get; set; }
    public required string FindingsJson { get; set; }
    public required DateTimeOffset ScannedAt { get; set; }
}
