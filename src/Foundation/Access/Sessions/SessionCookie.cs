using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Sessions;

/// <summary>The cookies of a browser. <c>__Host-</c>: only over TLS, only for this host, not for others below or beside it.</summary>
internal static class SessionCookie
{
    private const string Session = "__Host-merlon";
    private const string Device = "__Host-merlon-device";
    private const string Provider = "__Host-merlon-sso";

    public static string? Read(HttpRequest request) => request.Cookies[Session];

    public static string? ReadDevice(HttpRequest request) => request.Cookies[Device];

    public static void Write(HttpResponse response, string text) => response.Cookies.Append(Session, text, Options(null));

    public static void WriteDevice(HttpResponse response, string mark) => response.Cookies.Append(Device, mark, Options(TimeSpan.FromDays(180)));

    public static string? ReadProvider(HttpRequest request) => request.Cookies[Provider];

    /// <summary>What the browser carries while it is at an identity provider; null takes it away.</summary>
    public static void WriteProvider(HttpResponse response, string? state) =>
        response.Cookies.Append(Provider, state ?? "", Options(state is null ? TimeSpan.Zero : TimeSpan.FromMinutes(10)));

    public static void Clear(HttpResponse response) => response.Cookies.Append(Session, "", Options(TimeSpan.Zero));

    // Lax, not Strict: a browser that comes back from an identity provider is sent by another site. What changes state asks for a form's own token besides.
    private static CookieOptions Options(TimeSpan? life) => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = life };
}
