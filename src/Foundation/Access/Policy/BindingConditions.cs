using System.Net;

namespace Merlon.Access.Policy;

internal enum Held
{
    No,
    Unknown,
    Yes,
}

/// <summary>When and from where a binding holds; all that are given must. Hours are UTC and may pass midnight.</summary>
internal sealed record BindingConditions
{
    public DateTimeOffset? NotBefore { get; init; }
    public DateTimeOffset? NotAfter { get; init; }
    public TimeOnly? HoursFrom { get; init; }
    public TimeOnly? HoursUntil { get; init; }
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];
    public IReadOnlyList<string> Environments { get; init; } = [];
    public TimeSpan? MaxMfaAge { get; init; }
    public IReadOnlyList<string> Regions { get; init; } = [];

    public Held Check(in AccessContext context)
    {
        var held = Min(Time(context.Now), Min(Network(context.Source), Mfa(context)));
        return Min(held, Min(Among(Environments, context.Environment), Among(Regions, context.Region)));
    }

    /// <summary>The conditions that do not surely hold, in words.</summary>
    public IEnumerable<string> Failures(AccessContext context)
    {
        if (Time(context.Now) != Held.Yes)
            yield return "time";
        if (Network(context.Source) != Held.Yes)
            yield return "network";
        if (Among(Environments, context.Environment) != Held.Yes)
            yield return "environment";
        if (Mfa(context) != Held.Yes)
            yield return "mfa age";
        if (Among(Regions, context.Region) != Held.Yes)
            yield return "region";
    }

    private Held Time(DateTimeOffset? now)
    {
        if (NotBefore is null && NotAfter is null && HoursFrom is null)
            return Held.Yes;
        if (now is not { } at)
            return Held.Unknown;
        if (at < NotBefore || at >= NotAfter)
            return Held.No;
        return HoursFrom is not { } from || TimeOnly.FromTimeSpan(at.UtcDateTime.TimeOfDay).IsBetween(from, HoursUntil!.Value) ? Held.Yes : Held.No;
    }

    private Held Network(IPAddress? source)
    {
        if (Networks.Count == 0)
            return Held.Yes;
        if (source is null)
            return Held.Unknown;
        for (var i = 0; i < Networks.Count; i++)
        {
            if (Networks[i].Contains(source))
                return Held.Yes;
        }
        return Held.No;
    }

    private Held Mfa(in AccessContext context)
    {
        if (MaxMfaAge is not { } age)
            return Held.Yes;
        if (context.MfaAt is not { } at || context.Now is not { } now)
            return Held.Unknown;
        // A proof from the future, after a jump of the clock, says nothing either way.
        return at > now ? Held.Unknown : now - at <= age ? Held.Yes : Held.No;
    }

    private static Held Among(IReadOnlyList<string> allowed, string? value)
    {
        if (allowed.Count == 0)
            return Held.Yes;
        if (value is null)
            return Held.Unknown;
        for (var i = 0; i < allowed.Count; i++)
        {
            if (allowed[i] == value)
                return Held.Yes;
        }
        return Held.No;
    }

    private static Held Min(Held a, Held b) => a < b ? a : b;
}
