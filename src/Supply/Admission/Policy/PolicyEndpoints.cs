using Merlon.Access.Contracts;
using Merlon.Admission.Model;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Policy;

/// <summary>The policy: read it, replace it, trust a key. Every change is a new version with its digest.</summary>
internal static class PolicyEndpoints
{
    internal sealed record PolicyView(int Number, Digest Digest, string Author, DateTimeOffset CreatedAt, string Text);
    internal sealed record ApplyRequest(string Text);
    internal sealed record TrustRequest(string Name, string Pem);

    private static readonly Refusal s_none = new(RefusalKind.NotFound, "policy.none", "This project has no policy yet.") { Remedy = "Put one in force: merlon policy apply FILE" };

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/policy", ShowAsync).RequirePermission(Permissions.PolicyRead).Produces<PolicyView>();
        routes.MapPut("/policy", ApplyAsync).RequirePermission(Permissions.PolicyChange).Produces<PolicyView>();
        routes.MapPost("/policy/trusted-keys", TrustAsync).RequirePermission(Permissions.PolicyChange).Produces<PolicyView>();
    }

    private static async Task<IResult> ShowAsync(Caller caller, AdmissionDb db, CancellationToken cancellationToken) =>
        await db.CurrentPolicyAsync(caller.Scope, cancellationToken) is { } current ? TypedResults.Ok(View(current)) : s_none.ToProblem();

    private static async Task<IResult> ApplyAsync(
        ApplyRequest request, Caller caller, AdmissionDb db, ControlEvents events, TimeProvider time, CancellationToken cancellationToken) =>
        (await StoreAsync(caller, request.Text ?? "", db, events, time, "Policy replaced.", cancellationToken)).ToHttp();

    private static async Task<IResult> TrustAsync(
        TrustRequest request, Caller caller, AdmissionDb db, ControlEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.CurrentPolicyAsync(caller.Scope, cancellationToken) is not { } current)
            return s_none.ToProblem();
        if (!PolicyReader.Read(current.Text).Try(out var document, out var refusal))
            return refusal.ToProblem();
        document.TrustedKeys.RemoveAll(k => string.Equals(k.Name, request.Name, StringComparison.Ordinal));
        document.TrustedKeys.Add(new PolicyKey { Name = request.Name ?? "", Pem = (request.Pem ?? "").ReplaceLineEndings("\n") });
        var result = await StoreAsync(caller, PolicyReader.Write(document), db, events, time, $"Trusted the key '{Text.Printable(request.Name, 63)}'.", cancellationToken);
        return result.ToHttp();
    }

    private static async Task<Result<PolicyView>> StoreAsync(
        Caller caller, string text, AdmissionDb db, ControlEvents events, TimeProvider time, string message, CancellationToken cancellationToken)
    {
        if (PolicyReader.Read(text).IsRefused)
            return PolicyReader.Read(text).Refusal;
        var current = await db.CurrentPolicyAsync(caller.Scope, cancellationToken);
        var digest = PolicyReader.DigestOf(text);
        if (current is not null && current.Digest == digest)
            return View(current);
        var policy = Make(caller.Scope, caller.Id, text, (current?.Number ?? 0) + 1, time.GetUtcNow());
        db.Policies.Add(policy);
        await db.CommitAsync(
            events.By(caller, OcsfClass.EntityManagement, ControlEvents.Update, "policy.change",
                new EventResource("policy", $"policy@{policy.Number}", digest), message) with
            {
                Severity = EventSeverity.Medium,
                Attributes = [("previous", current?.Digest.ToString())],
            },
            cancellationToken);
        return View(policy);
    }

    /// <summary>Puts the default policy in force in a project that has none.</summary>
    public static async Task EnsureDefaultAsync(Scope scope, AdmissionDb db, ControlEvents events, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await db.Policies.AnyAsync(p => p.Organisation == scope.Organisation && p.Project == scope.Project, cancellationToken))
            return;
        var policy = Make(scope, "system:control", PolicyReader.DefaultText, 1, time.GetUtcNow());
        db.Policies.Add(policy);
        await db.CommitAsync(
            events.By("system:control", scope, OcsfClass.EntityManagement, ControlEvents.Create, "policy.change",
                new EventResource("policy", "policy@1", policy.Digest), "Default policy."),
            cancellationToken);
    }

    private static PolicyVersion Make(Scope scope, string author, string text, int number, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        Organisation = scope.Organisation,
        Project = scope.Project,
        Number = number,
        Text = text,
        Digest = PolicyReader.DigestOf(text),
        Author = author,
        CreatedAt = now,
    };

    private static PolicyView View(PolicyVersion policy) => new(policy.Number, policy.Digest, policy.Author, policy.CreatedAt, policy.Text);
}
