using System.Globalization;

namespace Merlon.Bench.Whole;

/// <summary>What a process has cost so far, from /proc.</summary>
internal static class ProcessCost
{
    // Clock ticks of /proc/PID/stat; 100 a second on every Linux that Merlon runs on.
    private const double MicrosecondsPerTick = 10_000;

    public static double CpuMicroseconds(int processId)
    {
        var fields = File.ReadAllText($"/proc/{processId}/stat").Split(") ")[1].Split(' ');
        return (Number(fields[11]) + Number(fields[12])) * MicrosecondsPerTick;
    }

    public static double ResidentMebibytes(int processId) =>
        Number(File.ReadLines($"/proc/{processId}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
