using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

internal static class Hdf5Rules
{
    private const string Unsafe = "AML.T0011.000";
    private const string Fix = "Write the file again with h5py's default settings.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("hdf5.malformed", "The file is not what the format allows", "The HDF5 library, written in C, has gone past its memory on such files.", Fix, Unsafe, 125),
        new("hdf5.bounds", "An address or size goes past the file or its bound", "Readers that believe it read what is not there.", Fix, Unsafe, 125),
        new("hdf5.not-understood", "A part of the format that is not understood", "What cannot be read cannot be judged.", Fix, null, 20),
        new("hdf5.external-link", "A link to another file", "Opening the object opens a file of the attacker's choice.", "Copy the data into this file.", Unsafe, 73),
        new("hdf5.external-storage", "Data kept in another file", "Reading the data reads a file of the attacker's choice.", "Copy the data into this file.", Unsafe, 73),
        new("hdf5.virtual-dataset", "A dataset mapped from other files", "Reading the data reads files of the attacker's choice.", "Copy the data into this file.", Unsafe, 73),
        new("hdf5.soft-link", "A soft link that leads nowhere it can be followed", "It is resolved when the file is used, perhaps to something else.", "Use hard links.", null, 59),
        new("hdf5.filter", "A filter that is not one of the library's own", "The library loads a plugin of that number from its search path.", "Use gzip, shuffle or fletcher32.", Unsafe, 829),
        new("hdf5.cycle", "Objects contain each other", "Readers that walk the tree do not end.", Fix, "AML.T0029", 674),
        new("hdf5.polyglot", "Another format that is an HDF5 file too", "The HDF5 library opens it, with whatever it holds, and scanners that go by its first bytes do not look.", "Do not load it.", Unsafe, 434),
        new("hdf5.trailing", "Bytes past the end that the file declares", "They can hold anything, such as an archive.", Fix, Unsafe, 1284),
    ];
}
