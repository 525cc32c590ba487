namespace Merlon.Ledger;

/// <summary>Tiles on disk under one log directory. Tiles never change once a checkpoint covers them, so reading needs no lock.</summary>
internal sealed class TileStore(string directory)
{
    /// <summary>
    /// The first <paramref name="width"/> elements of a tile: from its partial file, or else from the full one, which replaces it (C2SP tlog-tiles).
    /// Null when neither is there or it has another size than the name says.
    /// </summary>
    internal byte[]? TryRead(int level, long index, int width)
    {
        var stride = level == TilePath.Entries ? EntryBundle.Stride : TreeHash.Size;
        if (width < TilePath.Width && TryReadFile(TilePath.Of(level, index, width), width * stride) is { } partial)
            return partial;
        var full = TryReadFile(TilePath.Of(level, index, TilePath.Width), TilePath.Width * stride);
        return full is null || width == TilePath.Width ? full : full[..(width * stride)];
    }

    /// <summary>Writes a tile in the page cache. Overwrites what an earlier, crashed run may have left; never what a checkpoint covers with other bytes.</summary>
    internal void Write(int level, long index, int width, ReadOnlySpan<byte> bytes)
    {
        var path = Path.Combine(directory, TilePath.Of(level, index, width));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Renamed into place, so that a reader of the live log never sees half a tile.
        var temporary = path + ".tmp";
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Removes the partial versions of a tile that is full now.</summary>
    internal void DeletePartials(int level, long index)
    {
        var path = Path.Combine(directory, TilePath.PartialDirectory(level, index));
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    private byte[]? TryReadFile(string name, int expectedLength)
    {
        try
        {
            var bytes = File.ReadAllBytes(Path.Combine(directory, name));
            return bytes.Length == expectedLength ? bytes : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
