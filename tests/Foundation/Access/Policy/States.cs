using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Merlon.Access.Policy;

namespace Merlon.Access.Tests.Policy;

/// <summary>States of two small organisations: few names, so that random bindings meet.</summary>
internal static class States
{
    public static readonly Guid OrganisationA = new("00000000-0000-7000-8000-00000000000a");
    public static readonly Guid OrganisationB = new("00000000-0000-7000-8000-00000000000b");
    public static readonly Guid Project = new("00000000-0000-7000-8000-00000000000c");
    public static readonly Guid OtherProject = new("00000000-0000-7000-8000-00000000000d");
    public static readonly DateTimeOffset Now = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] s_members = ["ann", "bob", "eve"];
    private static readonly string[] s_groups = ["g1", "g2", "g3"];
    private static readonly string[] s_roles = ["owner", "auditor", "ml-engineer", "approver", "caller", "own"];

    public static AccessState Empty => new AccessState().WithMembers(
        [.. s_members.Select(m => new Member(m, m == "eve" ? OrganisationB : OrganisationA, Project, m, Enabled: true))]);

    public static AccessState WithMembers(this AccessState state, params Member[] members) =>
        state with { Members = state.Members.SetItems(members.Select(m => KeyValuePair.Create(m.Id, m))) };

    public static AccessState With(this AccessState state, params Binding[] bindings) =>
        state with { Bindings = state.Bindings.SetItems(bindings.Select(b => KeyValuePair.Create(b.Id, b))) };

    public static AccessState With(this AccessState state, Group group) => state with { Groups = state.Groups.SetItem((group.Organisation, group.Name), group) };

    public static Binding Allow(string role, string subject, BindingScope? scope = null, BindingConditions? conditions = null) => new(
        Guid.CreateVersion7(), OrganisationA, role, subject, BindingEffect.Allow, scope ?? BindingScope.OfProject(Project), conditions, Now, 1);

    public static Binding Deny(string role, string subject, BindingScope? scope = null, BindingConditions? conditions = null) =>
        Allow(role, subject, scope, conditions) with { Effect = BindingEffect.Deny };

    public static Gen<BindingConditions?> Conditions =>
        from time in Gen.Elements<DateTimeOffset?>(null, Now.AddHours(-1), Now.AddHours(1))
        from end in Gen.Elements<DateTimeOffset?>(null, Now.AddHours(-1), Now, Now.AddHours(1))
        from network in Gen.Elements<IPNetwork[]>([], [IPNetwork.Parse("10.0.0.0/8")], [IPNetwork.Parse("2001:db8::/32")])
        from environment in Gen.Elements<string[]>([], ["production"], ["staging", "test"])
        from age in Gen.Elements<TimeSpan?>(null, TimeSpan.FromMinutes(5))
        from region in Gen.Elements<string[]>([], ["eu"])
        from none in Gen.Elements(true, false)
        select none ? null : new BindingConditions
        {
            NotBefore = time, NotAfter = end, Networks = network, Environments = environment, MaxMfaAge = age, Regions = region,
        };

    public static Gen<AccessContext> Contexts =>
        from now in Gen.Elements<DateTimeOffset?>(null, Now)
        from source in Gen.Elements<IPAddress?>(null, IPAddress.Parse("10.1.2.3"), IPAddress.Parse("192.0.2.1"))
        from environment in Gen.Elements<string?>(null, "production", "staging")
        from mfa in Gen.Elements<DateTimeOffset?>(null, Now.AddMinutes(-1), Now.AddMinutes(-10))
        from region in Gen.Elements<string?>(null, "eu", "us")
        select new AccessContext(now, source, environment, mfa, region);

    public static Gen<Binding> Bindings =>
        from organisation in Gen.Elements(OrganisationA, OrganisationA, OrganisationB)
        from role in Gen.Elements(s_roles)
        from subject in Gen.Elements<string>([.. s_members, .. s_groups.Select(g => Group.Prefix + g)])
        from effect in Gen.Elements(BindingEffect.Allow, BindingEffect.Allow, BindingEffect.Deny)
        from scope in Gen.Elements(
            BindingScope.Organisation, BindingScope.OfProject(Project), BindingScope.OfProject(OtherProject), BindingScope.OfResource(Project, "model", "fraud"))
        from conditions in Conditions
        select new Binding(Guid.CreateVersion7(), organisation, role, subject, effect, scope, conditions, Now, 1);

    /// <summary>Groups may lie in one another in circles here: decisions must end even then.</summary>
    public static Gen<AccessState> All =>
        from bindings in Bindings.ArrayOf()
        from members in Gen.Elements<string>([.. s_members, .. s_groups.Select(g => Group.Prefix + g)]).ArrayOf(4).ArrayOf(3)
        select Empty.With(bindings)
            .With(new Group(OrganisationA, "g1", [.. members[0]], 1)).With(new Group(OrganisationA, "g2", [.. members[1]], 1))
            .With(new Group(OrganisationB, "g3", [.. members[2]], 1))
            with { Roles = Empty.Roles.Add((OrganisationA, "own"), new CustomRole(OrganisationA, "own", ["model:read", "ledger:read"], 1)) };

    public static Gen<(string Principal, string Verb, AccessTarget Target, AccessContext Context)> Questions =>
        from principal in Gen.Elements<string>([.. s_members, "nobody"])
        from verb in Gen.Elements("model:read", "model:push", "model:approve", "ledger:read", "endpoint:invoke", "no:such")
        from organisation in Gen.Elements(OrganisationA, OrganisationB)
        from project in Gen.Elements(Project, OtherProject)
        from name in Gen.Elements<string?>(null, "fraud", "other")
        from context in Contexts
        select (principal, verb, new AccessTarget(organisation, project, name is null ? null : "model", name), context);
}
