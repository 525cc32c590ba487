using Merlon.Scanning.Content;

namespace Merlon.Scanning.Archives;

/// <summary>Rules of archives and compressed streams: what two readers could take differently is refused.</summary>
internal static class ArchiveRules
{
    private const string Code = "AML.T0011.000";
    private const string Zip = "Pack the files again with a plain zip program.";
    private const string Tar = "Pack the files again with tar.";
    private const string Again = "Get the file again.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("archive.unsupported", "An archive of a kind that is not opened", "What cannot be opened cannot be judged; loaders may open it.", "Unpack it, or pack it as zip, tar, gzip, bzip2, xz or lz4.", Code, 434),
        new("archive.damaged", "Compressed content that cannot be read to its end", "What was not read was not judged.", Again, Code, 130),
        new("archive.trailing", "Bytes behind the compressed content", "Another reader may take them for a second file.", "Compress the file again.", Code, 436),
        new("zip.end-record", "An end record that is not alone at the end", "Readers that search for it find different archives.", Zip, Code, 436),
        new("zip.directory", "A central directory that is not plain", "Readers would see different files.", Zip, Code, 436),
        new("zip.too-many-entries", "More entries than any model has", "The reader gave up, so the file was not judged.", Zip, "AML.T0029", 400),
        new("zip.duplicate-name", "Two entries of one name", "One reader takes the first, another the last.", Zip, Code, 436),
        new("zip.name", "An entry whose name leaves the folder or is odd", "Unpacking it writes where it should not.", Zip, Code, 22),
        new("zip.flags", "An entry that is encrypted or has unknown flags", "What cannot be read cannot be judged.", Zip, Code, 311),
        new("zip.method", "An entry in a compression that is not opened", "What cannot be read cannot be judged.", Zip, Code, 434),
        new("zip.headers-differ", "Two headers of one entry that disagree", "Scanners and loaders read different ones.", Zip, Code, 436),
        new("zip.overlap", "Entries that share bytes", "One file hides in another, or a small file grows without bound.", Zip, "AML.T0029", 409),
        new("zip.gap", "Bytes that belong to no entry", "They are a place to hide in.", Zip, Code, 436),
        new("zip.ratio", "An entry that would grow too much", "An archive bomb fills the disk or memory of whoever opens it.", Zip, "AML.T0029", 409),
        new("zip.content", "Content of another size or checksum than the header says", "It is not what was packed, or readers differ in what they take.", Again, Code, 354),
        new("tar.header", "A header that is not understood", "Readers would see different files.", Tar, Code, 436),
        new("tar.checksum", "A header with a wrong checksum", "It is not what was packed.", Again, Code, 354),
        new("tar.link", "A link or a device", "Unpacking it reaches outside of the folder.", "Pack plain files only.", Code, 59),
        new("tar.name", "An entry whose name leaves the folder or is odd", "Unpacking it writes where it should not.", Tar, Code, 22),
        new("tar.duplicate-name", "Two entries of one name", "Unpacking keeps the last; a scanner may look at the first.", Tar, Code, 436),
        new("tar.padding", "Bytes hidden behind a file", "They are a place to hide in.", Tar, Code, 436),
        new("tar.trailing", "Bytes behind the end of the archive", "Another reader may take them for a second archive.", Tar, Code, 436),
        new("tar.truncated", "An archive that ends in the middle", "It is not what was packed.", "Get the whole file.", null, 130),
    ];
}
