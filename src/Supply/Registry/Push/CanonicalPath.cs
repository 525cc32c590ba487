using System.Text;
using Merlon.Kernel;

namespace Merlon.Registry.Push;

/// <summary>The one form of a path inside an artifact; anything else is refused rather than repaired.</summary>
internal static class CanonicalPath
{
    public static Refusal? Check(string? path)
    {
        if (string.IsNullOrEmpty(path))
            return Invalid(path, "is empty");
        if (Encoding.UTF8.GetByteCount(path) > Limits.MaxPathBytes)
            return Invalid(path, $"is longer than {Limits.MaxPathBytes} bytes");
        foreach (var rune in path.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune) || rune.Value == '\\'
                || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format)
                return Invalid(path, "holds a control, format, unpaired or backslash character");
            if (!NormalForm.IsKept(rune))
                return Invalid(path, "holds a combining mark or another character that Unicode normalisation form C may replace");
        }
        var parts = path.Split('/');
        if (parts.Length > Limits.MaxPathDepth)
            return Invalid(path, $"is deeper than {Limits.MaxPathDepth} folders");
        return parts.Any(p => p is "" or "." or "..") ? Invalid(path, "is absolute, or holds an empty, '.' or '..' part") : null;
    }

    /// <summary>Checks a whole list: each path, no path twice (also not by letter case), no path that is both file and folder.</summary>
    public static Refusal? CheckAll(IReadOnlyList<string> paths)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in paths)
        {
            if (Check(path) is { } refusal)
                return refusal;
            if (!seen.Add(path))
                return Invalid(path, "is listed twice, or differs from another only by letter case");
        }
        foreach (var path in paths)
        {
            for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                if (seen.Contains(path[..slash]))
                    return Invalid(path[..slash], "is both a file and a folder");
            }
        }
        return null;
    }

    private static Refusal Invalid(string? path, string problem) =>
        new(RefusalKind.Invalid, "path.invalid", $"The path '{Text.Printable(path, 120)}' {problem}.");
}
