using System.Collections.Immutable;
using Merlon.Access.Contracts;

namespace Merlon.Access.Policy;

/// <summary>A principal as far as decisions need it.</summary>
internal sealed record Member(string Id, Guid Organisation, Guid Project, string Name, bool Enabled);

/// <summary>A named set of verbs that an organisation made itself.</summary>
internal sealed record CustomRole(Guid Organisation, string Name, ImmutableArray<string> Verbs, int Revision);

/// <param name="Members">Principal ids and <c>group:NAME</c>.</param>
internal sealed record Group(Guid Organisation, string Name, ImmutableArray<string> Members, int Revision)
{
    public const string Prefix = "group:";

    /// <summary>Stands between an identity provider and its group. No group of our own has it in its name.</summary>
    public const char ProviderSeparator = '/';

    public string Subject => Prefix + Name;

    /// <param name="provider">Name of the identity provider.</param>
    /// <param name="encoded">Its group, percent-encoded.</param>
    public static string Of(string provider, string encoded) => $"{Prefix}{provider}{ProviderSeparator}{encoded}";
}

/// <summary>Everything that decisions rest on, immutable.</summary>
internal sealed record AccessState
{
    public ImmutableDictionary<string, Member> Members { get; init; } = ImmutableDictionary<string, Member>.Empty.WithComparers(StringComparer.Ordinal);
    public ImmutableDictionary<(Guid Organisation, string Name), CustomRole> Roles { get; init; } = ImmutableDictionary<(Guid, string), CustomRole>.Empty;
    public ImmutableDictionary<(Guid Organisation, string Name), Group> Groups { get; init; } = ImmutableDictionary<(Guid, string), Group>.Empty;
    public ImmutableDictionary<Guid, ProjectState> Projects { get; init; } = ImmutableDictionary<Guid, ProjectState>.Empty;
    public ImmutableDictionary<Guid, Binding> Bindings { get; init; } = ImmutableDictionary<Guid, Binding>.Empty;

    /// <summary>Identity providers and their organisations; each <c>group:PROVIDER/GROUP</c> is a group there, whose members the provider names.</summary>
    public ImmutableDictionary<string, Guid> Providers { get; init; } = ImmutableDictionary<string, Guid>.Empty;

    /// <summary>The subjects <c>group:PROVIDER/GROUP</c> that a person is in by their provider's word.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>> ProviderGroups { get; init; } = ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    /// <summary>Is it a group of an identity provider of the organisation? Which groups a provider has, only it knows.</summary>
    public bool IsProviderGroup(Guid organisation, string subject)
    {
        var end = subject.IndexOf(Group.ProviderSeparator, StringComparison.Ordinal);
        return end > Group.Prefix.Length && subject.StartsWith(Group.Prefix, StringComparison.Ordinal) && subject.Length is var length && length > end + 1
            && length <= Limits.GroupSubject && !subject.Any(c => c is <= ' ' or >= (char)127)
            && Providers.TryGetValue(subject[Group.Prefix.Length..end], out var owner) && owner == organisation;
    }

    /// <summary>The verbs of a built-in or own role; empty for one that does not exist.</summary>
    public IReadOnlyCollection<string> VerbsOf(Guid organisation, string role)
    {
        if (Permissions.IsRole(role))
            return Permissions.Of(role);
        return Roles.TryGetValue((organisation, role), out var custom) ? custom.Verbs : [];
    }

    public bool IsRole(Guid organisation, string role) => Permissions.IsRole(role) || Roles.ContainsKey((organisation, role));
}
