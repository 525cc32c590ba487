namespace Merlon.Serving.Node;

/// <summary>Users for sandboxes, so that no two workers share one.</summary>
internal sealed class UserPool(int first, int last)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<int> _free = [.. Enumerable.Range(first, last - first + 1)];

    public int Take()
    {
        lock (_lock)
        {
            var user = _free.Count > 0 ? _free.Min : throw new IOException($"All {last - first + 1} users for workers are taken.");
            _free.Remove(user);
            return user;
        }
    }

    public void Return(int user)
    {
        lock (_lock)
            _free.Add(user);
    }
}
