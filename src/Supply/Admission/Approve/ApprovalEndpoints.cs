using Merlon.Access.Contracts;
using Merlon.Admission.Model;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Admission.Approve;

/// <summary>A person says yes or no to a version for an environment, with a reason.</summary>
internal static class ApprovalEndpoints
{
    private const int MaxReason = 500;

    internal sealed record DecideRequest(string Environment, bool Approved, string Reason);
    internal sealed record Decided(Guid Id, string Reference, string Environment, bool Approved, string Principal);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/models/{name}/versions/{version:int}/approvals", DecideAsync).RequirePermission(Permissions.ModelApprove, "name").Produces<Decided>();

    private static async Task<IResult> DecideAsync(
        string name, int version, DecideRequest request, Caller caller, IRegistry registry, AdmissionDb db, ControlEvents events, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (Names.Check("environment", request.Environment) is { } invalid)
            return invalid.ToProblem();
        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > MaxReason)
            return new Refusal(RefusalKind.Invalid, "approval.reason", $"An approval needs a reason of 1 to {MaxReason} characters.") { Remedy = "Add --reason TEXT." }.ToProblem();
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        var now = time.GetUtcNow();
        var approval = new Approval
        {
            Id = Guid.CreateVersion7(now),
            VersionId = found.Id,
            Manifest = found.Manifest,
            Environment = request.Environment,
            Principal = caller.Id,
            Approved = request.Approved,
            Reason = Text.Printable(request.Reason.Trim(), MaxReason),
            CreatedAt = now,
        };
        db.Approvals.Add(approval);
        var verb = request.Approved ? "approve" : "refuse";
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Other, $"model.{verb}",
                new EventResource("model-version", found.Reference.ToString(), found.Manifest), approval.Reason) with
            {
                Attributes = [("environment", request.Environment), ("approval_id", approval.Id.ToString())],
            },
            cancellationToken);
        return TypedResults.Ok(new Decided(approval.Id, found.Reference.ToString(), request.Environment, request.Approved, caller.Id));
    }
}
