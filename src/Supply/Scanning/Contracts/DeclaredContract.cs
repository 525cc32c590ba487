namespace Merlon.Scanning.Contracts;

/// <summary>
/// What the artifact's <c>merlon.yaml</c> says about the model: it may narrow the model's own inputs, never widen them. As read in the scan worker, not
/// yet held against the model.
/// </summary>
public sealed class DeclaredContract
{
    public const string FileName = "merlon.yaml";

    public int Version { get; set; }

    /// <summary>The model file to load, when the artifact has several.</summary>
    public string? Model { get; set; }
    public int? MaxBatch { get; set; }
    public int? MaxBodyBytes { get; set; }
    public List<DeclaredInput> Inputs { get; set; } = [];
}

/// <summary>Narrowing of one input.</summary>
public sealed class DeclaredInput
{
    public string Name { get; set; } = "";

    /// <summary>Open Inference Protocol type; must equal the model's.</summary>
    public string? Type { get; set; }

    /// <summary>Dimensions; may fix what the model leaves open (−1).</summary>
    public List<long>? Shape { get; set; }
    public double? Min { get; set; }
    public double? Max { get; set; }
    public bool AllowNonFinite { get; set; }
    public List<string> Categories { get; set; } = [];
    public int? MaxElementBytes { get; set; }
    public List<DeclaredColumn> Columns { get; set; } = [];
}

/// <summary>One column of the last dimension.</summary>
public sealed class DeclaredColumn
{
    public string Name { get; set; } = "";
    public double? Min { get; set; }
    public double? Max { get; set; }
}
