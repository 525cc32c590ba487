using System.Globalization;

namespace Merlon.Ledger;

/// <summary>Names of the files of one log.</summary>
internal sealed class LogPaths(string root)
{
    internal string Root => root;
    internal string Checkpoint => Path.Combine(root, "checkpoint");
    internal string History => Path.Combine(root, "checkpoints.log");
    internal string Lock => Path.Combine(root, "lock");
    internal string Wal => Path.Combine(root, "wal");
    internal string Bodies => Path.Combine(root, "bodies");

    internal string WalFile(long first) => Path.Combine(Wal, Number(first) + ".wal");
    internal string Organisation(Guid organisation) => Path.Combine(Bodies, organisation.ToString("D"));
    internal string Segment(Guid organisation, long first) => Path.Combine(Organisation(organisation), Number(first) + ".seg");
    internal string Pruned(Guid organisation, long first) => Path.Combine(Organisation(organisation), Number(first) + ".pruned");

    /// <summary>First sequences of the files with this extension, ascending. Names that are not ours are skipped.</summary>
    internal static List<long> Numbers(string directory, string extension)
    {
        if (!Directory.Exists(directory))
            return [];
        var numbers = new List<long>();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + extension))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            if (name.Length == 20 && long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                numbers.Add(number);
        }
        numbers.Sort();
        return numbers;
    }

    /// <summary>Organisations that have bodies in this log.</summary>
    internal List<Guid> Organisations()
    {
        if (!Directory.Exists(Bodies))
            return [];
        var organisations = new List<Guid>();
        foreach (var path in Directory.EnumerateDirectories(Bodies))
        {
            if (Guid.TryParseExact(Path.GetFileName(path), "D", out var organisation))
                organisations.Add(organisation);
        }
        organisations.Sort();
        return organisations;
    }

    private static string Number(long value) => value.ToString("00000000000000000000", CultureInfo.InvariantCulture);
}
