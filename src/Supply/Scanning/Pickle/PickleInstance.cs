namespace Merlon.Scanning.Pickle;

/// <summary>What an allowed call made. For most types that is all there is to know, and all of their instances are one.</summary>
internal sealed class PickleInstance
{
    private PickleInstance(AllowedName type, PickleValue arguments) => (Type, Arguments) = (type, arguments);

    public AllowedName Type { get; }
    public PickleValue Arguments { get; }

    /// <summary>The argument of the last BUILD.</summary>
    public PickleValue State { get; private set; }

    /// <summary>An instance; those by which a loader reads on in the file know how they were made.</summary>
    public static PickleInstance Of(AllowedName type, PickleValue arguments) => type.IsKept ? new PickleInstance(type, arguments) : type.AnyInstance;

    /// <summary>The one instance that stands for all of a type.</summary>
    public static PickleInstance Any(AllowedName type) => new(type, default);

    public void Keep(PickleValue state)
    {
        if (Type.IsKept)
            State = state;
    }
}

/// <summary>A dictionary with the few entries that a small state has; more are not kept.</summary>
internal sealed class PickleDictionary
{
    private List<(string Key, PickleValue Value)>? _entries;

    public void Put(in PickleValue key, in PickleValue value)
    {
        if (key.Text is { } text && (_entries ??= new(8)).Count < 2 * Limits.KeptTuple)
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
