namespace Merlon.Gateway.Parsing;

/// <summary>Every bound on an inference request and on a worker's answer. A contract may be narrower, never wider.</summary>
internal static class Limits
{
    /// <summary>Largest request body, in bytes.</summary>
    public const int MaxBodyBytes = 48 * 1024 * 1024;

    /// <summary>Nesting of the JSON text: four levels of protocol, <see cref="MaxRank"/> of data, the rest for parameters, which are ignored.</summary>
    public const int MaxJsonDepth = 32;

    /// <summary>Dimensions of one tensor.</summary>
    public const int MaxRank = 8;

    /// <summary>Largest single dimension.</summary>
    public const long MaxDimension = int.MaxValue;

    /// <summary>Inputs, and outputs, of one contract.</summary>
    public const int MaxTensors = 64;

    /// <summary>Name of a tensor, in UTF-8 bytes.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>The caller's id of a request, in UTF-8 bytes.</summary>
    public const int MaxIdBytes = 128;

    /// <summary>All tensors of one request in the worker protocol's layout, in bytes.</summary>
    public const int MaxTensorBytes = 48 * 1024 * 1024;

    /// <summary>One BYTES element, in bytes.</summary>
    public const int MaxElementBytes = 1024 * 1024;

    /// <summary>First dimension of a call.</summary>
    public const int MaxBatch = 65_536;

    /// <summary>Columns with their own bounds, and allowed values, of one input.</summary>
    public const int MaxColumns = 65_536;

    /// <summary>An answer as JSON text, in bytes.</summary>
    public const int MaxAnswerBytes = 64 * 1024 * 1024;

    /// <summary>Untrusted text repeated in a sentence, in characters.</summary>
    public const int MaxQuoted = 64;
}
