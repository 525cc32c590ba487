using Merlon.Kernel;
using Merlon.Scanning.Content;
using Merlon.Scanning.Pickle;
using Merlon.Scanning.Zip;

namespace Merlon.Scanning.Torch;

/// <summary>PyTorch's zip files: one folder with <c>data.pkl</c> and one raw entry for each storage that it refers to.</summary>
internal sealed class TorchZipScanner : IContentScanner
{
    /// <summary>Small entries beside the pickle and the storages; their content is a few digits or words.</summary>
    private const int NoteBytes = 64;

    public string Format => "pytorch";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) =>
        ZipScanner.IsZip(head) && target.Content.CanSeek && Names(target.Content).Any(name => name.EndsWith("/data.pkl", StringComparison.Ordinal));

    public void Scan(ContentTarget target, ContentScan scan)
    {
        if (ZipContent.Open(target, scan) is not { } zip)
            return;
        var pickle = zip.Entries.First(e => e.Name.EndsWith("/data.pkl", StringComparison.Ordinal));
        var root = pickle.Name[..^"data.pkl".Length];
        var storages = new StorageIds();
        var location = $"{target.Location}!/{pickle.Name}";
        if (zip.Verify(pickle, scan, location))
            RunPickle(zip, pickle, scan, location, storages);
        foreach (var entry in zip.Entries.Where(e => e != pickle))
            ScanEntry(zip, entry, root, storages, target, scan);
        foreach (var missing in storages.Bytes.Keys.Where(key => !zip.Entries.Any(e => e.Name == $"{root}data/{key}")))
            scan.Findings.Block("torch.storage-missing", $"The pickle refers to the storage '{Text.Printable(missing, 40)}', which is not in the file.", location, "Get the whole file.");
    }

    private static void RunPickle(ZipContent zip, ZipEntry entry, ContentScan scan, string location, StorageIds storages)
    {
        using var content = zip.OpenEntry(entry);
        using var reader = new PickleReader(content);
        if (PickleScanner.RunOne(reader, scan, location, new PickleSurroundings { PersistentId = storages.Judge }) && !reader.AtEnd)
            scan.Findings.Block("torch.trailing", "Bytes follow the pickle.", $"{location}@{reader.Position}");
    }

    private static void ScanEntry(ZipContent zip, ZipEntry entry, string root, StorageIds storages, ContentTarget target, ContentScan scan)
    {
        var location = $"{target.Location}!/{entry.Name}";
        var name = entry.Name.StartsWith(root, StringComparison.Ordinal) ? entry.Name[root.Length..] : null;
        if (name is not null && name.StartsWith("data/", StringComparison.Ordinal) && storages.Bytes.TryGetValue(name["data/".Length..], out var bytes))
        {
            // Numbers, read as numbers: what they look like does not matter, only that they are all of it.
            if (zip.Verify(entry, scan, location) && entry.Size != bytes)
                scan.Findings.Block("torch.storage-size", $"The storage has {entry.Size} bytes; the pickle asks for {bytes}.", location);
            return;
        }
        if (name is "version" or "byteorder" or ".format_version" or ".storage_alignment" or ".data/serialization_id" or "data/.serialization_id")
        {
            if (zip.Verify(entry, scan, location))
                RequireNote(zip, entry, scan, location);
            return;
        }
        if (name is not null && (name.StartsWith("code/", StringComparison.Ordinal) || name == "constants.pkl"))
        {
            scan.Findings.Block("torch.code", "The file is a TorchScript program: its code runs in PyTorch's own interpreter and cannot be judged here.", location,
                "Save the state_dict, or export the model to ONNX.");
            return;
        }
        ZipScanner.ScanEntry(zip, entry, target, scan);
    }

    private static void RequireNote(ZipContent zip, ZipEntry entry, ContentScan scan, string location)
    {
        var bytes = new byte[NoteBytes + 1];
        using var content = zip.OpenEntry(entry);
        var count = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (count > NoteBytes || bytes.AsSpan(0, count).ContainsAnyExcept("0123456789abcdefghijklmnopqrstuvwxyz.\n"u8))
            scan.Findings.Block("torch.note", "A small entry holds more than a number or a word.", location);
    }

    private static IEnumerable<string> Names(Stream stream)
    {
        try
        {
            return ZipDirectory.Read(stream).ConvertAll(e => e.Name);
        }
        catch (ZipFormatException)
        {
            // The zip scanner says what is wrong with it.
            return [];
        }
        finally
        {
            stream.Position = 0;
        }
    }
}
