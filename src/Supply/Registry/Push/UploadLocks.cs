using System.Collections.Concurrent;

namespace Merlon.Registry.Push;

/// <summary>One connection at a time writes one staged file.</summary>
internal sealed class UploadLocks
{
    private readonly ConcurrentDictionary<(Guid, int), bool> _held = new();

    public IDisposable? TryHold(Guid upload, int index) => _held.TryAdd((upload, index), true) ? new Hold(this, (upload, index)) : null;

    private sealed class Hold(UploadLocks owner, (Guid, int) key) : IDisposable
    {
        public void Dispose() => owner._held.TryRemove(key, out _);
    }
}
