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
    public Dictionary<string, EnvironmentPolicy> Environments { get; set; } = new(StringComparer.Ordinal);

    // Not a word of the policy: written back, it would be one that the strict reader refuses.
    [YamlIgnore]
    public IReadOnlyList<TrustedKey> Keys => [.. TrustedKeys.Select(k => new TrustedKey(k.Name, k.Pem))];
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
