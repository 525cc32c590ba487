using System.Globalization;
using System.Runtime.InteropServices;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>Processes as /proc shows them, and signals to single ones.</summary>
internal static partial class ProcessTable
{
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Stop = 19;
    public const int Continue = 18;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    public static void Signal(int processId, int signal)
    {
        // 0 and negative numbers would reach groups of processes.
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        _ = SendSignal(processId, signal);
    }

    public static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0).Where(id => id > 0);

    public static int ParentOf(int processId)
    {
        // The name in parentheses may hold anything; the fields follow its last parenthesis.
        var stat = Read(processId, "stat");
        return stat.Length == 0 ? 0 : int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    public static bool IsAlive(int processId)
    {
        var stat = Read(processId, "stat");
        return stat.Length > 0 && stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
    }

    public static string[] CommandOf(int processId) => Read(processId, "cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    public static IReadOnlyList<int> Descendants(int processId)
    {
        var parents = All().ToDictionary(id => id, ParentOf);
        var found = new List<int> { processId };
        for (var i = 0; i < found.Count; i++)
            found.AddRange(parents.Where(p => p.Value == found[i]).Select(p => p.Key));
        return found[1..];
    }

    /// <summary>A file of /proc/PID, or nothing when the process has gone meanwhile.</summary>
    public static string Read(int processId, string file)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/{file}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>One field of /proc/PID/status, as <c>CapEff</c>.</summary>
    public static string Status(int processId, string field) =>
        Read(processId, "status").Split('\n').FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal))?[(field.Length + 1)..].Trim() ?? "";
}
