using System.Text;

namespace Merlon.Kernel;

/// <summary>Untrusted text made safe to show in a message, a log line or a terminal.</summary>
public static class Text
{
    /// <summary>Cuts to <paramref name="maxLength"/> characters and replaces control, format and unpaired surrogate characters.</summary>
    public static string Printable(string? text, int maxLength)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var builder = new StringBuilder(Math.Min(text.Length, maxLength + 1));
        foreach (var rune in text.EnumerateRunes())
        {
            if (builder.Length >= maxLength)
            {
                builder.Append('…');
                break;
            }
            var hidden = Rune.IsControl(rune)
                || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator
                    or System.Globalization.UnicodeCategory.ParagraphSeparator or System.Globalization.UnicodeCategory.OtherNotAssigned;
            builder.Append(hidden ? "\uFFFD" : rune.ToString());
        }
        return builder.ToString();
    }
}
