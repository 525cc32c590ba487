namespace Merlon.Gateway.Contracts;

/// <summary>Who may call a route. Metadata that every mapped route carries: a route without one stops the server from starting.</summary>
public sealed record RoutePolicy
{
    /// <summary>Anyone. Such a route reveals nothing about any target.</summary>
    public static readonly RoutePolicy Public = new("public");

    /// <summary>Callers with a valid API key or workload certificate, each for the endpoints that it names.</summary>
    public static readonly RoutePolicy ApiKey = new("api-key");

    private RoutePolicy(string name) => Name = name;

    public string Name { get; }
    public override string ToString() => Name;
}
