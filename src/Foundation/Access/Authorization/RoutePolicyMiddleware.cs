using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Authorization;

/// <summary>Enforces the declared policy of the matched route. A request that matches no route is answered like one that may not see it.</summary>
internal sealed class RoutePolicyMiddleware(RequestDelegate next, RoleTokens roles, RouteDecision decision, IRefusalLog refusals)
{
    public async Task InvokeAsync(HttpContext context, Authorizer authorizer)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint is null)
        {
            await Problems.WriteAsync(context, new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address."));
            return;
        }
        if (endpoint is not RouteEndpoint)
        {
            // Routing's own answer to a method or a media type that no route takes (405, 415). Every mapped route is a RouteEndpoint, with a policy.
            await next(context);
            return;
        }
        var refusal = endpoint.Metadata.GetMetadata<RoutePolicy>() switch
        {
            RoutePolicy.Open => null,
            RoutePolicy.Needs needs => await CheckAsync(context, authorizer, needs),
            RoutePolicy.SignedIn => await CheckAsync(context, authorizer, null),
            RoutePolicy.RoleOnly roleOnly => roles.Check(context, roleOnly.Role),
            _ => throw new InvalidOperationException($"Route '{endpoint.DisplayName}' declares no policy."),
        };
        if (refusal is null)
            await next(context);
        else if (endpoint.Metadata.GetMetadata<SessionRoute>() is { } page)
            await page.RefuseAsync(context, refusal);
        else
            await Problems.WriteAsync(context, refusal);
    }

    private async Task<Refusal?> CheckAsync(HttpContext context, Authorizer authorizer, RoutePolicy.Needs? needs)
    {
        var isPage = context.GetEndpoint()!.Metadata.GetMetadata<SessionRoute>() is not null;
        var resolved = isPage ? await authorizer.ResolveSessionAsync(context, context.RequestAborted) : await authorizer.ResolveAsync(context, context.RequestAborted);
        if (!resolved.Try(out var caller, out var refusal))
        {
            refusals.Unauthenticated(context.Connection.RemoteIpAddress, refusal.Code);
            return refusal;
        }
        context.Features.Set(caller);
        return needs is null or { EnvironmentInBody: true } ? null : await decision.CheckAsync(context, needs, environment: null);
    }
}
