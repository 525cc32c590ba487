using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.WebConsole.Frame;

/// <summary>
/// Lets only our own pages change anything: the browser has to say that the request comes from here, and the form has to carry the value of a cookie that no
/// other site can read or set (<c>__Host-</c>).
/// </summary>
internal sealed class FormGuard : IEndpointFilter
{
    public const string Field = "form";
    private const string Cookie = "__Host-merlon-form";
    private const int Size = 32;

    private static readonly Refusal s_foreign = new(RefusalKind.Forbidden, "form.foreign", "This form was not sent from Merlon's own page, or the page is too old.") { Remedy = "Open the page again and repeat." };

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (HttpMethods.IsGet(http.Request.Method))
            return await next(context);
        return IsFromHere(http.Request) && await CarriesTokenAsync(http) ? await next(context) : s_foreign.ToProblem();
    }

    /// <summary>The value for this browser's forms; made with its cookie where there is none yet.</summary>
    public static string TokenFor(HttpContext context)
    {
        if (context.Request.Cookies[Cookie] is { Length: 43 } known)
            return known;
        if (context.Items[Cookie] is string made)
            return made;
        return Renew(context);
    }

    /// <summary>A new value, as after each sign-in.</summary>
    public static string Renew(HttpContext context)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Size));
        context.Response.Cookies.Append(Cookie, token, new CookieOptions { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });
        context.Items[Cookie] = token;
        return token;
    }

    private static bool IsFromHere(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site is "" or "same-origin" && (origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}");
    }

    private static async Task<bool> CarriesTokenAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.Cookies[Cookie] is not { Length: 43 } expected)
            return false;
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(form[Field].ToString()));
    }
}
