using System.Globalization;

namespace Merlon.Scanning.Tests;

/// <summary>How many cases a fuzz test runs: few in every run, many with MERLON_SOAK=1, and as many as it says with any other number.</summary>
internal static class SoakCases
{
    public static int Of(int quick, int soak) => Environment.GetEnvironmentVariable("MERLON_SOAK") switch
    {
        null or "" => quick,
        "1" => soak,
        var number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture),
    };
}
