using Merlon.Admission.Contracts;
using Merlon.Signing.Contracts;
using YamlDotNet.Serialization;

namespace Merlon.Admission.Policy;

/// <summary>What a gate's verdict means in an environment.</summary>
internal enum GateMode
{
    /// <summary>The gate does not run.</summary>
    Off,

    /// <summary>A failure is told and does not stop.</summary>
    Warn,

    /// <summary>A failure stops.</summary>
    Block,
}

/// <summary>The admission policy as written in YAML. Its digest is over the text as received.</summary>
internal sealed class PolicyDocument
{
    public int Version { get; set; }
    public List<PolicyKey> TrustedKeys { get; set; } = [];

    /// <summary>What the scanner takes beside its own rules; null: nothing.</summary>
    public ScanSection? Scan { get; set; }
    public Dictionary<string, EnvironmentPolicy> Environments { get; set; } = new(StringComparer.Ordinal);

    // Not a word of the policy: written back, it would be one that the strict reader refuses.
    [YamlIgnore]
    public IReadOnlyList<TrustedKey> Keys => [.. TrustedKeys.Select(k => new TrustedKey(k.Name, k.Pem))];

    /// <summary>The scan policy, verified; null when there is none. Asked only of a document that was read.</summary>
    [YamlIgnore]
    public SignedScanPolicy? ScanPolicy { get; set; }

    /// <summary>What the most open environment takes: more than this nobody may deploy.</summary>
    [YamlIgnore]
    public FormatsAllowed MostFormats => Environments.Values.Select(e => e.Formats).DefaultIfEmpty().Max();
}

/// <summary>How versions of this project are scanned.</summary>
internal sealed class ScanSection
{
    /// <summary>A signed scan policy: the envelope as <c>merlon scan policy sign</c> wrote it. The digest of this document covers it.</summary>
    public string Policy { get; set; } = "";

    /// <summary>Names of the trusted keys that may have signed it.</summary>
    public List<string> SignedBy { get; set; } = [];
}

/// <summary>What may lie beside the model that is served.</summary>
internal enum FormatsAllowed
{
    /// <summary>Its weights and text, and nothing else.</summary>
    Served,

    /// <summary>Whatever the scanner understands and finds clean; the rest is told.</summary>
    Understood,

    /// <summary>Also what it does not understand, which is told.</summary>
    Any,
}

internal sealed class PolicyKey
{
    public string Name { get; set; } = "";
    public string Pem { get; set; } = "";
}

internal sealed class EnvironmentPolicy
{
    public GateMode Integrity { get; set; } = GateMode.Block;
    public GateMode Format { get; set; } = GateMode.Block;
    public GateMode Signature { get; set; } = GateMode.Block;
    public GateMode Approval { get; set; } = GateMode.Block;

    public FormatsAllowed Formats { get; set; } = FormatsAllowed.Served;

    /// <summary>How many people must have approved.</summary>
    public int Approvals { get; set; } = 1;

    /// <summary>An approval by the author does not count.</summary>
    public bool FourEyes { get; set; } = true;

    /// <summary><c>full</c>: every isolation property is required. <c>reduced</c>: missing ones are tolerated and shown.</summary>
    public string Isolation { get; set; } = "full";

    public GateMode ModeOf(string gate) => gate switch
    {
        "integrity" => Integrity,
        "format" => Format,
        "signature" => Signature,
        "approval" => Approval,
        _ => GateMode.Block,
    };
}
