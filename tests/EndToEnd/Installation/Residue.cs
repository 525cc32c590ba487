using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>What a stopped installation may not leave on a machine.</summary>
internal static class Residue
{
    /// <summary>Where an installation keeps its sockets and sandboxes while it runs.</summary>
    public static string RunFolder(Instance instance) => "/run/merlon/" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(instance.Data)))[..12];

    public static void AssertNone(Instance instance, IEnumerable<int> formerProcesses)
    {
        Assert.Empty(formerProcesses.Where(ProcessTable.IsAlive).Select(id => string.Join(' ', ProcessTable.CommandOf(id))));
        var containers = Path.Combine(RunFolder(instance), "sandboxes", "runc");
        Assert.Empty(Directory.Exists(containers) ? Directory.EnumerateDirectories(containers) : []);
        Assert.Empty(Cgroups(instance));
    }

    /// <summary>Control groups that carry the installation's name, in every hierarchy.</summary>
    public static IReadOnlyList<string> Cgroups(Instance instance)
    {
        var id = JsonNode.Parse(File.ReadAllText(Path.Combine(instance.Data, "format")))!["Instance"]!.GetValue<Guid>().ToString("n")[^8..];
        return [.. Directory.EnumerateDirectories("/sys/fs/cgroup", "merlon", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .SelectMany(Directory.EnumerateDirectories).Where(d => Path.GetFileName(d).StartsWith("merlon-" + id, StringComparison.Ordinal))];
    }
}
