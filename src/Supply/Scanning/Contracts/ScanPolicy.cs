using System.Collections.Immutable;
using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Scanning.Policy;

namespace Merlon.Scanning.Contracts;

/// <summary>
/// What people who answer for it have added to the rules. It says nothing of who signed it: whoever reads one verifies the signature first, and never takes it
/// from what is being scanned.
/// </summary>
public sealed record ScanPolicy
{
    /// <summary>The type that its signature names: a signature over anything else is none over a policy.</summary>
    public const string PayloadType = "application/vnd.merlon.scan-policy.v1+yaml";

    /// <summary>Largest text, in bytes.</summary>
    public const int MaxBytes = Policy.Limits.Bytes;

    /// <summary>Of the text as signed.</summary>
    public required Digest Digest { get; init; }

    /// <summary>What it is called, for people.</summary>
    public required string Name { get; init; }
    public ImmutableArray<PolicyName> Names { get; init; } = [];
    public ImmutableArray<RuleChange> Suppress { get; init; } = [];

    /// <summary>Rules whose warnings block.</summary>
    public ImmutableArray<RuleChange> Raise { get; init; } = [];

    /// <summary>Reads the text strictly: an unknown or doubled key, an unknown rule or a name that can never be allowed refuses it as a whole.</summary>
    public static Result<ScanPolicy> Read(ReadOnlySpan<byte> utf8) => ScanPolicyReader.Read(utf8);

    /// <summary>The report as this policy has it. What it suppresses stays in the report, with the reason.</summary>
    public ContentScanReport Apply(ContentScanReport report) => report with { Findings = PolicyRules.Apply(this, report.Findings, [report.Path]) };

    /// <summary>The rules of a scan under a policy; without one, the built-in rules.</summary>
    public static Digest RulesOf(ScanPolicy? policy)
    {
        if (policy is null)
            return ScanRules.Digest;
        Span<byte> both = stackalloc byte[2 * Digest.Size];
        ScanRules.Digest.CopyTo(both);
        policy.Digest.CopyTo(both[Digest.Size..]);
        return new Digest(SHA256.HashData(both));
    }
}

/// <summary>A name that pickles may import.</summary>
/// <param name="Call">It may also be called or made an instance of; its arguments are not checked.</param>
public sealed record PolicyName(string Module, string Name, bool Call, string Library, string Versions, string Reason);

/// <summary>Another severity for a rule.</summary>
/// <param name="Path">A file, or the end of its path from a folder on; null: every file.</param>
public sealed record RuleChange(string Rule, string? Path, string Reason);
