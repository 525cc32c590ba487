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

    public string Subject => Prefix + Name;
}

/// <summary>Everything that decisions rest on, immutable.</summary>
internal sealed record AccessState
{
    public ImmutableDictionary<string, Member> Members { get; init; } = ImmutableDictionary<string, Member>.Empty.WithComparers(StringComparer.Ordinal);
    public ImmutableDictionary<(Guid Organisation, string Name), CustomRole> Roles { get; init; } = ImmutableDictionary<(Guid, string), CustomRole>.Empty;
    public ImmutableDictionary<(Guid Organisation, string Name), Group> Groups { get; init; } = ImmutableDictionary<(Guid, string), Group>.Empty;
    public ImmutableDictionary<Guid, ProjectState> Projects { get; init; } = ImmutableDictionary<Guid, ProjectState>.Empty;
    public ImmutableDictionary<Guid, Binding> Bindings { get; init; } = ImmutableDictionary<Guid, Binding>.Empty;

    /// <summary>The verbs of a built-in or own role; empty for one that does not exist.</summary>
    public IReadOnlyCollection<string> VerbsOf(Guid organisation, string role)
    {
        if (Permissions.IsRole(role))
            return Permissions.Of(role);
        return Roles.TryGetValue((organisation, role), out var custom) ? custom.Verbs : [];
    }

    public bool IsRole(Guid organisation, string role) => Permissions.IsRole(role) || Roles.ContainsKey((organisation, role));
}
