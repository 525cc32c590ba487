using System.Globalization;
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
        // Unpaired surrogates would make normalisation throw, so characters are looked at first.
        foreach (var rune in path.EnumerateRunes())
        {
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune) || rune.Value == '\\'
                || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse)
                return Invalid(path, "holds a control, format, unassigned, unpaired or backslash character");
            if (MayBeDecomposed(rune))
                return Invalid(path, "holds a combining or compatibility character, so that the same name could be written in two ways");
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

    /// <summary>
    /// Characters that may stand in a text that is not in normalisation form C. Without ICU the framework's own check says yes to everything, so these
    /// are refused as a whole: combining marks, conjoining Hangul, and the blocks of canonical duplicates.
    /// </summary>
    private static bool MayBeDecomposed(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        || rune.Value is (>= 0x1100 and <= 0x11FF) or (>= 0xA960 and <= 0xA97F) or (>= 0xD7B0 and <= 0xD7FF)
            or 0x0374 or 0x037E or 0x0387 or (>= 0x1F71 and <= 0x1FFD) or (>= 0x2000 and <= 0x2001) or 0x2126 or 0x212A or 0x212B or 0x2329 or 0x232A
            or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private static Refusal Invalid(string? path, string problem) =>
        new(RefusalKind.Invalid, "path.invalid", $"The path '{Text.Printable(path, 120)}' {problem}.");
}
