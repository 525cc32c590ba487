namespace Merlon.Scanning.Pickle;

/// <summary>What an allowed call made, with what is known of it: loaders of arrays read the file on by these.</summary>
internal sealed class PickleInstance(AllowedName type, PickleValue arguments)
{
    public AllowedName Type { get; } = type;
    public PickleValue Arguments { get; } = arguments;

    /// <summary>The argument of the last BUILD.</summary>
    public PickleValue State { get; set; }
}

/// <summary>A dictionary with the few entries that a small state has; more are not kept.</summary>
internal sealed class PickleDictionary
{
    private List<(string Key, PickleValue Value)>? _entries;

    public void Put(in PickleValue key, in PickleValue value)
    {
        if (key.Text is { } text && (_entries ??= []).Count < 2 * Limits.KeptTuple)
            _entries.Add((text, value));
    }

    public PickleValue? Find(string key)
    {
        // The last one counts, as in Python.
        for (var i = (_entries?.Count ?? 0) - 1; i >= 0; i--)
        {
            if (_entries![i].Key == key)
                return _entries[i].Value;
        }
        return null;
    }
}
