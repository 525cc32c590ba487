using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Bindings;

/// <summary>Roles for principals and groups, on a scope.</summary>
internal static class BindingEndpoints
{
    internal sealed record BindingView(
        Guid Id, string Role, string Subject, string Name, string Effect, string Scope, ConditionsForm? Conditions, DateTimeOffset CreatedAt, int Revision);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/bindings", List).RequirePermission(Permissions.AccessRead).Produces<Page<BindingView>>();
        routes.MapGet("/bindings/{id:guid}", Show).RequirePermission(Permissions.AccessRead).Produces<BindingView>().GivesRevision();
        routes.MapPost("/bindings", CreateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>(201).Produces<ChangeOutcome>(202).TakesIdempotencyKey();
        routes.MapPut("/bindings/{id:guid}", UpdateAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision();
        routes.MapDelete("/bindings/{id:guid}", RemoveAsync).RequirePermission(Permissions.AccessManage).Produces<ChangeOutcome>().Produces<ChangeOutcome>(202).ChangesRevision(isRequired: false);
    }

    private static IResult List(string? subject, string? role, string? after, int? limit, Caller caller)
    {
        var id = subject is null ? null : Subjects.Resolve(caller.Snapshot.State, caller.Scope, subject);
        var found = Visible(caller).Where(b => (id is null || b.Subject == id) && (role is null || b.Role == role));
        return Page<BindingView>.Of(found.Select(b => View(caller, b)), b => b.Id.ToString(), after, limit).ToHttp();
    }

    private static IResult Show(Guid id, Caller caller, HttpContext context)
    {
        if (Visible(caller).FirstOrDefault(b => b.Id == id) is not { } binding)
            return new Refusal(RefusalKind.NotFound, "binding.unknown", "There is no such binding.") { Remedy = "See: merlon binding list" }.ToProblem();
        ChangeHttp.SetRevision(context, binding.Revision);
        return TypedResults.Ok(View(caller, binding));
    }

    private static async Task<IResult> CreateAsync(
        BindingForm body, Caller caller, ChangeService changes, TimeProvider time, HttpContext context, CancellationToken cancellationToken) =>
        ChangeHttp.CreateOf(context.Request, body).Try(out var request, out var refusal)
            ? ChangeHttp.Answer(context, await changes.SubmitAsync(
                caller, new BindingChange(Guid.CreateVersion7(time.GetUtcNow()), Resolved(caller, body), 0), request, cancellationToken), created: true)
            : refusal.ToProblem();

    private static async Task<IResult> UpdateAsync(
        Guid id, BindingForm body, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        return revision is not { } expected
            ? ChangeHttp.NeedsRevision()
            : ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new BindingChange(id, Resolved(caller, body), Math.Max(1, expected)), null, cancellationToken));
    }

    private static async Task<IResult> RemoveAsync(Guid id, Caller caller, ChangeService changes, HttpContext context, CancellationToken cancellationToken)
    {
        if (!ChangeHttp.RevisionOf(context.Request).Try(out var revision, out var refusal))
            return refusal.ToProblem();
        var expected = revision ?? caller.Snapshot.State.Bindings.GetValueOrDefault(id)?.Revision ?? 1;
        return ChangeHttp.Answer(context, await changes.SubmitAsync(caller, new BindingChange(id, null, expected), null, cancellationToken));
    }

    private static IEnumerable<Binding> Visible(Caller caller) => caller.Snapshot.State.Bindings.Values.Where(b => ChangeRules.IsVisible(b, caller.Scope));

    private static BindingForm Resolved(Caller caller, BindingForm form) => form with { Subject = Subjects.Resolve(caller.Snapshot.State, caller.Scope, form.Subject) };

    private static BindingView View(Caller caller, Binding b) => new(
        b.Id, b.Role, b.Subject, Subjects.NameOf(caller.Snapshot.State, b.Subject), b.Effect == BindingEffect.Deny ? "deny" : "allow", b.Scope.ToString(),
        ConditionsForm.Of(b.Conditions), b.CreatedAt, b.Revision);
}
