using System.Globalization;
using System.Text;

namespace Merlon.Registry.Push;

/// <summary>
/// Unicode normalisation form C, decided without tables of the platform: in invariant globalisation every text counts as normalised. Stricter than the
/// form itself: a character that may join with the one before it (a combining mark, a conjoining Jamo) is refused even where it would stay as it is.
/// </summary>
internal static class NormalForm
{
    /// <summary>Characters that the form replaces, in pairs of first and last: NFC_Quick_Check=No in Unicode's DerivedNormalizationProps.txt.</summary>
    private static readonly int[] s_replaced =
    [
        0x0340, 0x0341, 0x0343, 0x0344, 0x0374, 0x0374, 0x037E, 0x037E, 0x0387, 0x0387, 0x0958, 0x095F, 0x09DC, 0x09DD, 0x09DF, 0x09DF, 0x0A33, 0x0A33,
        0x0A36, 0x0A36, 0x0A59, 0x0A5B, 0x0A5E, 0x0A5E, 0x0B5C, 0x0B5D, 0x0F43, 0x0F43, 0x0F4D, 0x0F4D, 0x0F52, 0x0F52, 0x0F57, 0x0F57, 0x0F5C, 0x0F5C,
        0x0F69, 0x0F69, 0x1F71, 0x1F71, 0x1F73, 0x1F73, 0x1F75, 0x1F75, 0x1F77, 0x1F77, 0x1F79, 0x1F79, 0x1F7B, 0x1F7B, 0x1F7D, 0x1F7D, 0x1FBB, 0x1FBB,
        0x1FBE, 0x1FBE, 0x1FC9, 0x1FC9, 0x1FCB, 0x1FCB, 0x1FD3, 0x1FD3, 0x1FDB, 0x1FDB, 0x1FE3, 0x1FE3, 0x1FEB, 0x1FEB, 0x1FEE, 0x1FEF, 0x1FF9, 0x1FF9,
        0x1FFB, 0x1FFB, 0x1FFD, 0x1FFD, 0x2000, 0x2001, 0x2126, 0x2126, 0x212A, 0x212B, 0x2329, 0x232A, 0x2ADC, 0x2ADC, 0xF900, 0xFAD9, 0xFB1D, 0xFB4E,
        0x1D15E, 0x1D164, 0x1D1BB, 0x1D1C0, 0x2F800, 0x2FA1D,
    ];

    /// <summary>Conjoining Jamo, which compose to syllables, in pairs of first and last.</summary>
    private static readonly int[] s_jamo = [0x1100, 0x11FF, 0xA960, 0xA97F, 0xD7B0, 0xD7FF];

    public static bool IsKept(Rune rune) => rune.IsAscii || (
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)
        && !Holds(s_replaced, rune.Value) && !Holds(s_jamo, rune.Value));

    private static bool Holds(int[] ranges, int value)
    {
        for (var i = 0; i < ranges.Length; i += 2)
        {
            if (value >= ranges[i] && value <= ranges[i + 1])
                return true;
        }
        return false;
    }
}
