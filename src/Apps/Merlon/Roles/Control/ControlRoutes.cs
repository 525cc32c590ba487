using Merlon.Access;
using Merlon.Access.Contracts;
using Merlon.Admission;
using Merlon.App.Roles.Control.Description;
using Merlon.Gateway;
using Merlon.Registry;
using Merlon.Serving;
using Merlon.WebConsole;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.App.Roles.Control;

/// <summary>The control API: what is mapped where, in which order a request passes, and the check that nothing is open by oversight.</summary>
internal static class ControlRoutes
{
    public static void Map(WebApplication app)
    {
        app.UseMiddleware<ErrorBoundary>();
        app.UseMiddleware<ListenerBoundary>();
        app.UseRouting();
        app.UseRoutePolicies();

        app.MapGet("/health/live", () => Results.Ok()).AllowAnyone("a load balancer has no credential; nothing is revealed");
        app.MapGet("/health/ready", () => Results.Ok()).AllowAnyone("a load balancer has no credential; nothing is revealed");

        var api = app.MapGroup("/api/v1");
        api.MapGet("/ca", (ControlKeys keys) => Results.Text(keys.CaPem, "application/x-pem-file")).AllowAnyone("a CA certificate is public; who uses it compares its fingerprint")
            .GivesBytes("application/x-pem-file");
        api.MapApiDescription();
        api.MapAccess();
        api.MapRegistry();
        api.MapAdmission();
        api.MapServing();
        AuditEndpoints.Map(api);
        Backup.BackupEndpoints.Map(api);

        app.MapConsole();

        var inner = app.MapGroup(ListenerBoundary.InternalPrefix);
        inner.MapNodes();
        inner.MapGatewayPublishing();
        foreach (var role in (string[])["node", "gateway"])
        {
            inner.MapGet($"/{role}/identity", async (ControlKeys keys, SubjectKeys subjects, CancellationToken cancellationToken) =>
                Results.Ok(await keys.IdentityOfAsync(role, subjects, cancellationToken))).RequireRole(role);
        }
        ((IEndpointRouteBuilder)app).RequireDeclaredPolicies();
    }
}
