using Merlon.Gateway.Answers;
using Merlon.Kernel;

namespace Merlon.Gateway.Pipeline;

/// <summary>Runs the guards of other modules over the bytes of one side of a call, each on what the one before it released.</summary>
internal sealed class GuardChain
{
    private readonly IRequestGuard[] _request;
    private readonly IRequestGuard[] _response;

    public GuardChain(IEnumerable<IRequestGuard> guards)
    {
        var all = guards.ToArray();
        _request = [.. all.Where(g => g.Sides.HasFlag(GuardSides.Request))];
        _response = [.. all.Where(g => g.Sides.HasFlag(GuardSides.Response))];
        Names = ["tensor-contract", .. _request.Select(g => g.Name), .. _response.Select(g => g.Name), "answer-contract"];
    }

    public string[] Names { get; }

    /// <summary>Guards the bytes in <paramref name="bytes"/>, which afterwards holds what was released.</summary>
    /// <param name="spare">Taken for the released bytes.</param>
    public Refusal? Inspect(ResolvedCall call, GuardSides side, PooledBuffer bytes, PooledBuffer spare, out bool changed)
    {
        changed = false;
        var guards = side == GuardSides.Request ? _request : _response;
        if (guards.Length == 0)
            return null;
        var guarded = new GuardedCall(call.Target.Route.Scope, call.Caller.Entry.Principal, call.Target.Route.Name, call.Target.Route.Manifest, "application/json");
        foreach (var guard in guards)
        {
            if (guard.Begin(guarded, side) is not { } pass)
                continue;
            spare.Reset();
            var decision = pass.Inspect(bytes.Span, last: true, spare);
            if (decision.Outcome == GuardOutcome.Refuse)
                return decision.Refusal ?? new Refusal(RefusalKind.Blocked, "guard." + guard.Name, "A guard refused the call.");
            if (decision.Outcome == GuardOutcome.Change)
            {
                changed = true;
                bytes.Reset();
                bytes.Write(spare.Span);
            }
        }
        return null;
    }
}
