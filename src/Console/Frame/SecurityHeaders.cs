using Microsoft.AspNetCore.Http;

namespace Merlon.WebConsole.Frame;

/// <summary>What every page says to the browser: run and load nothing but ours, be framed by nobody, keep no copy.</summary>
internal sealed class SecurityHeaders : IEndpointFilter
{
    // data: only for the small pictures inside the style sheet.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        Write(context.HttpContext.Response);
        return next(context);
    }

    public static void Write(HttpResponse response)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        // Not no-referrer: a browser would then send its own forms with the origin "null", as a stranger does.
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), publickey-credentials-create=(self), publickey-credentials-get=(self)";
        headers.StrictTransportSecurity = "max-age=31536000";
        headers.CacheControl = "no-store";
    }
}
