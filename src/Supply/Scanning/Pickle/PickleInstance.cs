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

    /// <summary>A dtype whose state is NumPy's own; null before BUILD, and when it was refused.</summary>
    public DtypeState.Known? Dtype { get; set; }

    /// <summary>It was taken from the memo or doubled: something else may hold it already.</summary>
    public bool IsShared { get; set; }

    public void Keep(PickleValue state)
    {
        if (Type.IsKept)
            State = state;
    }
}

/// <summary>A dictionary with the entries that a state has; of larger ones only the first are kept.</summary>
internal sealed class PickleDictionary
{
    private List<(string Key, PickleValue Value)>? _entries;
    private bool _isPartial;

    /// <summary>Every entry is known, and the memo keeps this object, so that a later change is seen.</summary>
    public bool IsWhole => !_isPartial && !IsLost;

    /// <summary>The memo forgot that it was this one.</summary>
    public bool IsLost { get; set; }

    /// <summary>It became part of a type: a change would change the type behind our back.</summary>
    public bool IsSealed { get; private set; }

    public bool IsEmpty => _entries is null && !_isPartial;

    public void Seal() => IsSealed = true;

    public void Put(in PickleValue key, in PickleValue value)
    {
        if (key.Text is { } text && (_entries ??= new(8)).Count < Limits.KeptFields)
            _entries.Add((text, value));
        else
            _isPartial = true;
    }

    public Dictionary<string, PickleValue> ToLookup()
    {
        var lookup = new Dictionary<string, PickleValue>(StringComparer.Ordinal);
        foreach (var (key, value) in _entries ?? [])
            lookup[key] = value;
        return lookup;
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
