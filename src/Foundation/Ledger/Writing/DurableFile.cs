using System.Text;

namespace Merlon.Ledger;

/// <summary>Small text files that are whole or absent after any crash.</summary>
internal static class DurableFile
{
    /// <summary>Replaces the file in one step: a new file, synced, renamed over the old one, the directory synced.</summary>
    internal static void Replace(string path, string text)
    {
        var temporary = path + ".tmp";
        using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
        Posix.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Adds to the end and syncs; a failed or torn addition is cut off again by the next one that follows it at open.</summary>
    internal static void Append(string path, string text)
    {
        using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        var before = stream.Length;
        try
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            stream.SetLength(before);
            throw;
        }
    }
}
