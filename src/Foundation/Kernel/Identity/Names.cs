using System.Buffers;

namespace Merlon.Kernel;

/// <summary>The one rule for names that people give (models, endpoints, keys, environments).</summary>
public static class Names
{
    public const int MaxLength = 63;

    private static readonly SearchValues<char> s_allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Lowercase ASCII letters, digits, '-', '_' and '.', beginning with a letter or digit; at most 63 characters.</summary>
    public static bool IsValid(string? name) => name is { Length: > 0 and <= MaxLength } && char.IsAsciiLetterOrDigit(name[0]) && !name.AsSpan().ContainsAnyExcept(s_allowed);

    public static Refusal? Check(string what, string? name) => IsValid(name)
        ? null
        : new Refusal(RefusalKind.Invalid, "name.invalid",
            $"The {what} '{Text.Printable(name, 80)}' is not a valid name.")
        {
            Remedy = "Use 1 to 63 lowercase letters, digits, '-', '_' or '.', beginning with a letter or digit.",
        };
}
