namespace Merlon.Ledger;

/// <summary>The write-ahead log: files of <see cref="WalRecord.PerFile"/> records. A record that is written here is an event that is recorded.</summary>
internal sealed class WalLog(LogPaths paths) : IDisposable
{
    private AppendFile? _file;
    private long _first;

    internal AppendFile? Current => _file;

    /// <summary>Room for records before the next file begins, seen from <paramref name="sequence"/>. A batch never straddles two files.</summary>
    internal static int Room(long sequence) => WalRecord.PerFile - (int)(sequence % WalRecord.PerFile);

    /// <summary>The file that takes the record <paramref name="sequence"/>.</summary>
    internal AppendFile For(long sequence)
    {
        var first = sequence - sequence % WalRecord.PerFile;
        if (_file is not null && _first == first)
            return _file;
        // A completed file is on disk before the next one begins: a hole in the middle would cost everything after it.
        _file?.Sync(_file.Length);
        _file?.Dispose();
        _file = null;
        var path = paths.WalFile(first);
        _file = new AppendFile(path, create: sequence == first);
        _first = first;
        Posix.SyncDirectory(paths.Wal);
        return _file;
    }

    public void Dispose() => _file?.Dispose();
}
