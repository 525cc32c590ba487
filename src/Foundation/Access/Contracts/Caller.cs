using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Contracts;

/// <summary>Who makes this call, resolved once per request.</summary>
/// <param name="Id">Pseudonymous principal id, as it stands in events.</param>
/// <param name="Role">Name of the one role; its verbs are in <see cref="Permissions"/>.</param>
public sealed record Caller(string Id, Scope Scope, string Role)
{
    public bool May(string permission) => Permissions.Of(Role).Contains(permission);

    /// <summary>The caller of an authorised request. Lets endpoints take it as a parameter.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The route was reached without a caller."));
}
