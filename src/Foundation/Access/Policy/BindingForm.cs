using System.Globalization;
using System.Net;
using System.Text.Json;
using Merlon.Kernel;

namespace Merlon.Access.Policy;

/// <summary>Conditions as the API and the tables write them: RFC 3339 times, <c>HH:mm-HH:mm</c> in UTC, CIDR networks.</summary>
internal sealed record ConditionsForm(
    DateTimeOffset? NotBefore = null, DateTimeOffset? NotAfter = null, string? Hours = null, IReadOnlyList<string>? Networks = null,
    IReadOnlyList<string>? Environments = null, int? MaxMfaAgeSeconds = null, IReadOnlyList<string>? Regions = null)
{
    /// <summary>Null when nothing is asked.</summary>
    public Result<BindingConditions?> Parse()
    {
        if (NotBefore is null && NotAfter is null && Hours is null && MaxMfaAgeSeconds is null && Networks is not { Count: > 0 } && Environments is not { Count: > 0 }
            && Regions is not { Count: > 0 })
            return (BindingConditions?)null;
        if (new[] { Networks, Environments, Regions }.Any(list => list is { Count: > Limits.ConditionValues } || list?.Contains(null!) == true))
            return Invalid($"A condition takes at most {Limits.ConditionValues} values.");
        if (NotBefore >= NotAfter)
            return Invalid("The time window ends before it begins.");
        if (!Span(out var from, out var until))
            return Invalid($"'{Text.Printable(Hours, 20)}' is not a span of hours; write 08:00-18:00 (UTC).");
        var networks = new List<IPNetwork>();
        foreach (var text in Networks ?? [])
        {
            if (!IPNetwork.TryParse(text, out var network))
                return Invalid($"'{Text.Printable(text, 60)}' is not a network; write 10.0.0.0/8 or 2001:db8::/32.");
            networks.Add(network);
        }
        if (MaxMfaAgeSeconds is < 1 or > 86_400)
            return Invalid("The age of a second factor is between one second and one day.");
        foreach (var name in (Environments ?? []).Concat(Regions ?? []))
        {
            if (Names.Check("environment or region", name) is { } invalid)
                return invalid;
        }
        return new BindingConditions
        {
            NotBefore = NotBefore, NotAfter = NotAfter, HoursFrom = from, HoursUntil = until, Networks = networks, Environments = Environments ?? [],
            MaxMfaAge = MaxMfaAgeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null, Regions = Regions ?? [],
        };
    }

    public static ConditionsForm? Of(BindingConditions? c) => c is null ? null : new ConditionsForm(
        c.NotBefore, c.NotAfter,
        c.HoursFrom is { } from ? string.Create(CultureInfo.InvariantCulture, $"{from:HH\\:mm}-{c.HoursUntil:HH\\:mm}") : null,
        [.. c.Networks.Select(n => n.ToString())], c.Environments, (int?)c.MaxMfaAge?.TotalSeconds, c.Regions);

    private bool Span(out TimeOnly? from, out TimeOnly? until)
    {
        (from, until) = (null, null);
        if (Hours is null)
            return true;
        if (Hours.Length != 11 || Hours[5] != '-' || !Time(Hours[..5], out var a) || !Time(Hours[6..], out var b) || a == b)
            return false;
        (from, until) = (a, b);
        return true;
    }

    private static bool Time(string text, out TimeOnly time) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static Refusal Invalid(string detail) => new(RefusalKind.Invalid, "binding.condition", detail);
}

/// <summary>A binding as the API and the tables write it.</summary>
internal sealed record BindingForm(string Role, string Subject, string Effect, string Scope, ConditionsForm? Conditions = null)
{
    private static readonly string[] s_types = ["model", "endpoint"];
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public string? ConditionsText => Conditions is null ? null : JsonSerializer.Serialize(Conditions, s_json);

    public static ConditionsForm? ParseConditions(string? text) => text is null ? null : JsonSerializer.Deserialize<ConditionsForm>(text, s_json);

    public Result<Binding> Parse(Guid id, Scope at, DateTimeOffset createdAt, int revision)
    {
        if (Effect is not ("allow" or "deny"))
            return new Refusal(RefusalKind.Invalid, "binding.effect", "A binding's effect is allow or deny.");
        BindingConditions? conditions = null;
        if (Conditions is not null && !Conditions.Parse().Try(out conditions, out var refusal))
            return refusal;
        if (ParseScope(Scope, at.Project) is not { } scope)
            return new Refusal(RefusalKind.Invalid, "binding.scope", $"'{Text.Printable(Scope, 80)}' is not a scope.")
            {
                Remedy = "Write organisation, project, model/NAME or endpoint/NAME.",
            };
        return new Binding(
            id, at.Organisation, Role ?? "", Subject ?? "", Effect == "deny" ? BindingEffect.Deny : BindingEffect.Allow, scope, conditions, createdAt, revision);
    }

    public static BindingScope? ParseScope(string? text, Guid project)
    {
        if (text == "organisation")
            return BindingScope.Organisation;
        if (text == "project")
            return BindingScope.OfProject(project);
        var parts = text?.Split('/') ?? [];
        return parts.Length == 2 && s_types.Contains(parts[0], StringComparer.Ordinal) && Names.IsValid(parts[1])
            ? BindingScope.OfResource(project, parts[0], parts[1])
            : null;
    }
}
