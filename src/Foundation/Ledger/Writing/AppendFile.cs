using Microsoft.Win32.SafeHandles;

namespace Merlon.Ledger;

/// <summary>
/// A file that only grows, written by one thread and synced by two. Knows how much of it is on disk.
/// INVARIANT: after a failed sync the kernel may have dropped the dirty pages and reports success the next time, so what was not known to be on
/// disk is written again before any later sync counts.
/// </summary>
internal sealed class AppendFile : IDisposable
{
    private readonly Lock _syncLock = new();
    private readonly SafeFileHandle _handle;
    private bool _suspect;

    internal AppendFile(string path, bool create)
    {
        Path = path;
        _handle = File.OpenHandle(path, create ? FileMode.Create : FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Length = RandomAccess.GetLength(_handle);
    }

    internal string Path { get; }

    /// <summary>Bytes written.</summary>
    internal long Length { get; private set; }

    /// <summary>Bytes known to be on disk.</summary>
    internal long Synced { get; private set; }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(_handle, bytes, Length);
        Length += bytes.Length;
    }

    /// <summary>Takes back what was written after <paramref name="length"/>; it was never acknowledged.</summary>
    internal void Rollback(long length)
    {
        RandomAccess.SetLength(_handle, length);
        Length = length;
    }

    /// <summary>Makes the first <paramref name="length"/> bytes durable.</summary>
    internal void Sync(long length)
    {
        lock (_syncLock)
        {
            if (Synced >= length && !_suspect)
                return;
            if (_suspect)
                Rewrite(length);
            try
            {
                RandomAccess.FlushToDisk(_handle);
            }
            catch
            {
                _suspect = true;
                throw;
            }
            _suspect = false;
            Synced = Math.Max(Synced, length);
        }
    }

    private void Rewrite(long length)
    {
        var buffer = new byte[1 << 16];
        for (var offset = Synced; offset < length;)
        {
            var count = RandomAccess.Read(_handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - offset)), offset);
            if (count == 0)
                throw new EndOfStreamException($"The file '{System.IO.Path.GetFileName(Path)}' became shorter than what was written to it.");
            RandomAccess.Write(_handle, buffer.AsSpan(0, count), offset);
            offset += count;
        }
    }

    public void Dispose() => _handle.Dispose();
}
