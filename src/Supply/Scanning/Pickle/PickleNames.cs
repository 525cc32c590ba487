using System.Collections.Frozen;

namespace Merlon.Scanning.Pickle;

/// <summary>
/// The names that pickles of ordinary libraries import, from <c>names.txt</c>: exact module and exact name, each with its library, version range and
/// reason. Nothing in an artifact can add to them.
/// </summary>
internal static class PickleNames
{
    private static readonly FrozenDictionary<(string Module, string Name), AllowedName> s_names = Load();

    public static IEnumerable<AllowedName> All => s_names.Values;

    public static AllowedName? Find(string module, string name) => s_names.GetValueOrDefault((module, name));

    private static FrozenDictionary<(string Module, string Name), AllowedName> Load()
    {
        var names = new Dictionary<(string, string), AllowedName>();
        using var reader = new StreamReader(typeof(PickleNames).Assembly.GetManifestResourceStream("Merlon.Scanning.Pickle.names.txt")!);
        string[] section = [];
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (line[0] == '[')
            {
                section = line.Trim('[', ']').Split(" | ");
                continue;
            }
            // MODULE: NAME NAME ...
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            foreach (var name in line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var module = line[..colon];
                names.Add((module, name), new AllowedName(module, name, UseOf(section[2]), section[0], section[1], section[3])
                {
                    Check = ArgumentChecks.For(module, name),
                });
            }
        }
        return names.ToFrozenDictionary();
    }

    private static NameUse UseOf(string text) => text switch
    {
        "refer" => NameUse.Refer,
        "call" => NameUse.Refer | NameUse.Call,
        _ => throw new InvalidDataException($"names.txt has the use '{text}'."),
    };
}
