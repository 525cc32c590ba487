using System.Security.Cryptography;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;

namespace Merlon.Scanning.Contracts;

/// <summary>Which rules a scan followed.</summary>
public static class ScanRules
{
    /// <summary>Rule of a file that was understood and that Merlon has no use for.</summary>
    public const string NotServed = "file.kind";

    /// <summary>Rule of a file that was not understood.</summary>
    public const string NotUnderstood = "file.unknown";

    /// <summary>
    /// Names the compiled rules: SHA-256 over the module version ids of the assemblies that hold the rules and the readers. Builds are deterministic, so
    /// equal sources give an equal digest and any change gives another; nobody has to remember to count a version up.
    /// </summary>
    public static Digest Digest { get; } = Of(typeof(ScanRules).Module.ModuleVersionId, typeof(OnnxModelInfo).Module.ModuleVersionId);

    internal static Digest Of(params ReadOnlySpan<Guid> modules)
    {
        var bytes = new byte[16 * modules.Length];
        for (var i = 0; i < modules.Length; i++)
            modules[i].TryWriteBytes(bytes.AsSpan(16 * i), bigEndian: true, out _);
        return new Digest(SHA256.HashData(bytes));
    }
}
