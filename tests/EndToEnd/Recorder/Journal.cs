using System.Text;

namespace Merlon.EndToEnd.Recorder;

/// <summary>What was acknowledged, one line each, on disk before the next request is sent.</summary>
internal sealed class Journal(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read);

    public void Write(string line)
    {
        lock (_lock)
        {
            _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
            _file.Flush(flushToDisk: true);
        }
    }

    public void Dispose() => _file.Dispose();
}
