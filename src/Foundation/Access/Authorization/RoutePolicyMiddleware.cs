using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Authorization;

/// <summary>Enforces the declared policy of the matched route. A request that matches no route is answered like one that may not see it.</summary>
internal sealed class RoutePolicyMiddleware(RequestDelegate next, RoleTokens roles, ControlEvents events, IRefusalLog refusals)
{
    public async Task InvokeAsync(HttpContext context, Authorizer authorizer)
    {
        // Mapped routes without a policy stop the start, so what has none here is the framework's answer to a wrong method or content type.
        var refusal = context.GetEndpoint()?.Metadata.GetMetadata<RoutePolicy>() switch
        {
            RoutePolicy.Open => null,
            RoutePolicy.Needs needs => await CheckAsync(context, authorizer, needs.Permission),
            RoutePolicy.RoleOnly roleOnly => roles.Check(context, roleOnly.Role),
            _ => new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address for this method."),
        };
        if (refusal is null)
            await next(context);
        else
            await Problems.WriteAsync(context, refusal);
    }

    private async Task<Refusal?> CheckAsync(HttpContext context, Authorizer authorizer, string permission)
    {
        var resolved = await authorizer.ResolveAsync(context, context.RequestAborted);
        if (!resolved.Try(out var caller, out var refusal))
        {
            refusals.Unauthenticated(context.Connection.RemoteIpAddress, refusal.Code);
            return refusal;
        }
        context.Features.Set(caller);
        if (caller.May(permission))
            return null;
        var denied = new Refusal(RefusalKind.Forbidden, "access.forbidden", $"Your role '{caller.Role}' does not have the permission {permission}.")
        {
            Remedy = "Ask an owner for a role that has it.",
        };
        await refusals.DeniedAsync(
            events.By(caller, OcsfClass.ApiActivity, ControlEvents.Other, "access.denied", new EventResource("route", context.Request.Path), denied.Detail) with
            {
                Status = EventStatus.Failure,
                Severity = EventSeverity.Low,
                StatusCode = denied.Code,
            });
        return denied;
    }
}
