namespace Merlon.Ledger;

/// <summary>Failures found by several threads.</summary>
internal sealed class FailureList
{
    private const int MaxKept = 100;
    private readonly Lock _lock = new();
    private readonly List<LedgerFailure> _failures = [];

    internal void Add(LedgerFault fault, string message) => Add(fault, -1, -1, message);

    internal void Add(LedgerFault fault, long first, long last, string message)
    {
        lock (_lock)
            _failures.Add(new LedgerFailure(fault, first, last, message));
    }

    internal List<LedgerFailure> Ordered()
    {
        var ordered = _failures.OrderBy(f => f.First).ThenBy(f => f.Fault).ToList();
        if (ordered.Count <= MaxKept)
            return ordered;
        var rest = ordered.Count - MaxKept + 1;
        var last = ordered[MaxKept - 1];
        ordered.RemoveRange(MaxKept - 1, rest);
        ordered.Add(last with { Last = _failures.Max(f => f.Last), Message = $"{last.Message} And {rest - 1} further failures." });
        return ordered;
    }
}
