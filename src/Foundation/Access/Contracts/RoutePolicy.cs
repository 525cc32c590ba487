using Microsoft.AspNetCore.Builder;

namespace Merlon.Access.Contracts;

/// <summary>What a route asks of its caller. A route without one stops the server from starting.</summary>
public abstract record RoutePolicy
{
    /// <summary>Anyone may call; <paramref name="Because"/> says why that is right.</summary>
    public sealed record Open(string Because) : RoutePolicy;

    /// <summary>A signed-in principal with this verb.</summary>
    public sealed record Needs(string Permission) : RoutePolicy;

    /// <summary>Another role of this installation, named by its start token.</summary>
    public sealed record RoleOnly(string Role) : RoutePolicy;
}

public static class RoutePolicyExtensions
{
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.Needs(permission));

    public static TBuilder AllowAnyone<TBuilder>(this TBuilder builder, string because)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.Open(because));

    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, string role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.RoleOnly(role));
}
