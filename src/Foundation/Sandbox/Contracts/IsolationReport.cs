using System.Collections.Immutable;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// What the kernel says about a running sandbox, read from outside under /proc and the cgroup file system: not what was asked for, but what is.
/// </summary>
/// <param name="Properties">Every property looked at, with what was found.</param>
public sealed record IsolationReport(ImmutableArray<IsolationProperty> Properties)
{
    public bool IsFull => Missing.IsEmpty;
    public ImmutableArray<string> Missing => [.. Properties.Where(property => !property.Holds).Select(property => property.Name)];

    /// <summary><c>full</c>, or <c>reduced (missing: …)</c>.</summary>
    public override string ToString() => IsFull ? "full" : $"reduced (missing: {string.Join(", ", Missing)})";
}

/// <summary>One property, such as <c>no-capabilities</c>.</summary>
public sealed record IsolationProperty(string Name, bool Holds, string Observed);
