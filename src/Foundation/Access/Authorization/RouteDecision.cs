using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Authorization;

/// <summary>Asks whether the caller may use the matched route, and tells of it: a refusal to the ledger, a use to the review.</summary>
internal sealed class RouteDecision(ControlEvents events, IRefusalLog refusals, UsageLog usage, TimeProvider time)
{
    private static readonly Refusal s_archived = new(RefusalKind.Conflict, "project.archived", "This project is archived: it can be read, and nothing new happens in it.")
    {
        Remedy = "An owner can bring it back: merlon project restore NAME",
    };

    public async Task<Refusal?> CheckAsync(HttpContext context, RoutePolicy.Needs needs, string? environment)
    {
        var caller = context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route is judged without a caller.");
        // INVARIANT: a parameter that the route does not have would silently widen the question to the project.
        var resource = needs.ResourceParameter is null ? null : context.GetRouteValue(needs.ResourceParameter) as string
            ?? throw new InvalidOperationException($"The route has no parameter '{needs.ResourceParameter}'.");
        if (MfaRules.Missing(caller.Session, caller.Snapshot, caller.Id) is { } missing)
            return await DenyAsync(context, caller, missing);
        if (IsStopped(context, caller, needs.Permission))
            return await DenyAsync(context, caller, s_archived);
        if (IsInReach(caller, needs.Permission) && caller.May(needs.Permission, resource, environment))
        {
            var isSafe = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
            if (MfaRules.Stale(caller.Session, needs.Permission, isSafe, environment, time.GetUtcNow()) is { } stale)
                return await DenyAsync(context, caller, stale);
            usage.Used(caller.Id, needs.Permission);
            return null;
        }
        return await DenyAsync(context, caller, new Refusal(RefusalKind.Forbidden, "access.forbidden", caller.Role.Length == 0
            ? $"You have no role that gives {needs.Permission} here."
            : $"Your role '{Text.Printable(caller.Role, 200)}' does not have the permission {needs.Permission} here, or something denies it.")
        {
            Remedy = $"See why: merlon access explain ME {needs.Permission} {(resource is null ? "project" : $"{Permissions.TypeOf(needs.Permission)}/{Text.Printable(resource, 63)}")}",
        });
    }

    private async Task<Refusal> DenyAsync(HttpContext context, Caller caller, Refusal denied)
    {
        await refusals.DeniedAsync(
            events.By(caller, OcsfClass.ApiActivity, ControlEvents.Other, "access.denied", new EventResource("route", context.Request.Path), denied.Detail) with
            {
                Status = EventStatus.Failure,
                Severity = EventSeverity.Low,
                StatusCode = denied.Code,
            });
        return denied;
    }

    /// <summary>In an archived project nothing is made or moved; what is there can be read and taken away.</summary>
    private static bool IsStopped(HttpContext context, Caller caller, string permission) =>
        caller.Snapshot.IsArchived(caller.Scope.Project) && !HttpMethods.IsDelete(context.Request.Method) && !HttpMethods.IsGet(context.Request.Method)
        && (ArchiveRules.Stops(permission) || permission == Permissions.KeyManage);

    /// <summary>What concerns the whole installation, its log and its backup, is for the organisation that it began with.</summary>
    private static bool IsInReach(Caller caller, string permission) =>
        permission is not (Permissions.LedgerRead or Permissions.SystemRead or Permissions.SystemBackup or Permissions.OrganizationManage) || caller.Scope.Organisation == Scope.Default.Organisation;
}
