using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Authorization;

/// <summary>Asks whether the caller may use the matched route, and tells of it: a refusal to the ledger, a use to the review.</summary>
internal sealed class RouteDecision(ControlEvents events, IRefusalLog refusals, UsageLog usage)
{
    public async Task<Refusal?> CheckAsync(HttpContext context, RoutePolicy.Needs needs, string? environment)
    {
        var caller = context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route is judged without a caller.");
        // INVARIANT: a parameter that the route does not have would silently widen the question to the project.
        var resource = needs.ResourceParameter is null ? null : context.GetRouteValue(needs.ResourceParameter) as string
            ?? throw new InvalidOperationException($"The route has no parameter '{needs.ResourceParameter}'.");
        if (IsInReach(caller, needs.Permission) && caller.May(needs.Permission, resource, environment))
        {
            usage.Used(caller.Id, needs.Permission);
            return null;
        }
        var denied = new Refusal(RefusalKind.Forbidden, "access.forbidden", caller.Role.Length == 0
            ? $"You have no role that gives {needs.Permission} here."
            : $"Your role '{Text.Printable(caller.Role, 200)}' does not have the permission {needs.Permission} here, or something denies it.")
        {
            Remedy = $"See why: merlon access explain ME {needs.Permission} {(resource is null ? "project" : $"{Permissions.TypeOf(needs.Permission)}/{Text.Printable(resource, 63)}")}",
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

    /// <summary>What concerns the whole installation, its log and its backup, is for the organisation that it began with.</summary>
    private static bool IsInReach(Caller caller, string permission) =>
        permission is not (Permissions.LedgerRead or Permissions.SystemRead or Permissions.SystemBackup) || caller.Scope.Organisation == Scope.Default.Organisation;
}
