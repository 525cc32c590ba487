using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Merlon.Kernel;

namespace Merlon.Registry.Contracts;

/// <summary>A version as people write it: <c>NAME@N</c>.</summary>
public sealed record ModelReference(string Name, int Version)
{
    public override string ToString() => $"{Name}@{Version.ToString(CultureInfo.InvariantCulture)}";

    public static bool TryParse(string? text, [NotNullWhen(true)] out ModelReference? reference)
    {
        reference = null;
        var at = text?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        if (at <= 0 || !Names.IsValid(text![..at]))
            return false;
        if (!int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1)
            return false;
        reference = new ModelReference(text[..at], version);
        return true;
    }
}
