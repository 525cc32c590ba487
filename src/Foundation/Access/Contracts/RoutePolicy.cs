using Merlon.Access.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Contracts;

/// <summary>What a route asks of its caller. A route without one stops the server from starting.</summary>
public abstract record RoutePolicy
{
    /// <summary>Anyone may call; <paramref name="Because"/> says why that is right.</summary>
    public sealed record Open(string Because) : RoutePolicy;

    /// <summary>
    /// A principal with this verb: on the resource that the route parameter names, or on the project where none does. When the environment stands in
    /// the body, the verb is asked for once the body is read, and before the endpoint runs.
    /// </summary>
    public sealed record Needs(string Permission, string? ResourceParameter = null, bool EnvironmentInBody = false) : RoutePolicy;

    /// <summary>Any signed-in principal, because the route shows or ends only what is the caller's own.</summary>
    public sealed record SignedIn : RoutePolicy;

    /// <summary>Another role of this installation, named by its start token.</summary>
    public sealed record RoleOnly(string Role) : RoutePolicy;
}

/// <summary>Marks a route for browsers: it takes the session cookie and no bearer token, as every other route takes no cookie.</summary>
/// <param name="RefuseAsync">Answers who may not go on, in the form of a page.</param>
public sealed record SessionRoute(Func<HttpContext, Merlon.Kernel.Refusal, Task> RefuseAsync);

public static class RoutePolicyExtensions
{
    /// <param name="builder">The route.</param>
    /// <param name="permission">The verb, as in <see cref="Permissions"/>.</param>
    /// <param name="resourceParameter">The route parameter that names the resource, whose type is the one in the verb.</param>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission, string? resourceParameter = null)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.Needs(permission, resourceParameter));

    /// <summary>The same for a route whose body names the environment.</summary>
    public static RouteHandlerBuilder RequirePermission<TRequest>(
        this RouteHandlerBuilder builder, string permission, string resourceParameter, Func<TRequest, string?> environment)
        where TRequest : class
    {
        var needs = new RoutePolicy.Needs(permission, resourceParameter, EnvironmentInBody: true);
        builder.AddEndpointFilter(async (call, next) =>
        {
            var named = environment(call.Arguments.OfType<TRequest>().Single());
            var refusal = await call.HttpContext.RequestServices.GetRequiredService<RouteDecision>().CheckAsync(call.HttpContext, needs, named);
            return refusal is null ? await next(call) : refusal.ToProblem();
        });
        return builder.WithMetadata(needs);
    }

    public static TBuilder RequireSignIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.SignedIn());

    public static TBuilder AllowAnyone<TBuilder>(this TBuilder builder, string because)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.Open(because));

    public static TBuilder RequireRole<TBuilder>(this TBuilder builder, string role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new RoutePolicy.RoleOnly(role));
}
