using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Merlon.WebConsole.Frame;

/// <summary>How pages are answered and guarded.</summary>
internal static class Pages
{
    /// <summary>A page with its parameters.</summary>
    public static IResult Page<TPage>(object parameters, Refusal? refusal = null)
        where TPage : IComponent => new RazorComponentResult<TPage>(parameters) { StatusCode = refusal is null ? StatusCodes.Status200OK : Problems.Status(refusal.Kind) };

    /// <summary>Back to a page, after a form was taken.</summary>
    public static IResult To(string path) => Results.Redirect(path, permanent: false, preserveMethod: false);

    /// <summary>Only paths of this site are gone to: anything else would make us the first step of somebody's phishing.</summary>
    public static string Local(string? path, string otherwise = "/account") =>
        path is { Length: > 0 and <= 512 } && path[0] == '/' && (path.Length == 1 || path[1] is not ('/' or '\\')) && !path.Any(char.IsControl) ? path : otherwise;

    /// <summary>A page for who is signed in; others are shown the way to sign in, and come back.</summary>
    public static TBuilder ForSignedIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.RequireSignIn().WithMetadata(new SessionRoute(RefuseAsync));

    public static TBuilder ForAnyone<TBuilder>(this TBuilder builder, string because)
        where TBuilder : IEndpointConventionBuilder => builder.AllowAnyone(because);

    private static Task RefuseAsync(HttpContext context, Refusal refusal)
    {
        SecurityHeaders.Write(context.Response);
        if (refusal.Kind != RefusalKind.Unauthenticated)
            return Problems.WriteAsync(context, refusal);
        var back = HttpMethods.IsGet(context.Request.Method) ? $"?to={Uri.EscapeDataString(context.Request.Path + context.Request.QueryString)}" : "";
        context.Response.Redirect("/sign-in" + back);
        return Task.CompletedTask;
    }
}
