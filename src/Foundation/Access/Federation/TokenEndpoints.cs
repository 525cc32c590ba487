using System.Text;
using System.Text.Json.Serialization;
using Merlon.Access.Contracts;
using Merlon.Access.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Access.Federation;

/// <summary>The token endpoint of OAuth 2.0, for machines only: client credentials (RFC 6749), JWT bearer (RFC 7523) and token exchange (RFC 8693).</summary>
internal static class TokenEndpoints
{
    private const int MaxForm = 65_536;
    private const string ClientCredentials = "client_credentials", JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange", JwtType = "urn:ietf:params:oauth:token-type:jwt", IdTokenType = "urn:ietf:params:oauth:token-type:id_token",
        AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    internal sealed record Granted(
        [property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("token_type")] string TokenType,
        [property: JsonPropertyName("expires_in")] int ExpiresIn, [property: JsonPropertyName("scope")] string Scope,
        [property: JsonPropertyName("issued_token_type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? IssuedTokenType)
    {
        public override string ToString() => nameof(Granted);
    }

    internal sealed record Refused([property: JsonPropertyName("error")] string Error, [property: JsonPropertyName("error_description")] string Description);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/oauth/token", TokenAsync).AllowAnyone("the client's secret, or the token of an outside issuer that a federation trusts, is the credential").Produces<Granted>();

    private static async Task<IResult> TokenAsync(TokenService tokens, SignInBook book, HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MaxForm)
            return Answer(context, OAuthError.Request("A token is asked for with a form."));
        var form = await context.Request.ReadFormAsync(cancellationToken);
        // RFC 6749, section 3.2: a parameter is not given twice.
        if (form.Any(f => f.Value.Count > 1))
            return Answer(context, OAuthError.Request("A parameter is given twice."));
        if (!ReadClient(context.Request, form, out var client, out var secret))
            return Answer(context, OAuthError.Client);
        var origin = SignInOrigin.Of(context);
        // The network alone: a secret of 256 bits is not guessed, and a lock by name would let anybody shut a service out.
        if (await book.LockedAsync(origin, account: null, cancellationToken) is { } locked)
        {
            await Problems.WriteAsync(context, locked);
            return Results.Empty;
        }
        var grant = form["grant_type"].ToString();
        var isExchange = grant == TokenExchange;
        if (isExchange && (form["subject_token_type"].ToString() is not (JwtType or IdTokenType) || form["requested_token_type"].ToString() is not ("" or AccessTokenType)))
            return Answer(context, OAuthError.Request("A JWT is exchanged for an access token, and nothing else."));
        var (token, error) = grant switch
        {
            ClientCredentials => await tokens.ByCredentialsAsync(client, secret, form["scope"], origin, cancellationToken),
            JwtBearer => await tokens.ByAssertionAsync(client, form["assertion"].ToString(), form["scope"], origin, cancellationToken),
            TokenExchange => await tokens.ByAssertionAsync(client, form["subject_token"].ToString(), form["scope"], origin, cancellationToken),
            _ => (null, new OAuthError("unsupported_grant_type", "Grants: client_credentials, jwt-bearer, token-exchange.")),
        };
        if (token is not null)
            return TypedResults.Ok(new Granted(token.Text, "Bearer", (int)token.Life.TotalSeconds, string.Join(' ', token.Verbs), isExchange ? AccessTokenType : null));
        if (error!.Error == OAuthError.Client.Error)
            await book.FailedAsync(origin, account: null, principal: null, "oauth.client", cancellationToken);
        return Answer(context, error);
    }

    /// <summary>The client in the Authorization header or in the form, not in both (RFC 6749, section 2.3).</summary>
    private static bool ReadClient(HttpRequest request, IFormCollection form, out string client, out string secret)
    {
        (client, secret) = (form["client_id"].ToString(), form["client_secret"].ToString());
        var header = request.Headers.Authorization.ToString();
        if (header.Length == 0)
            return client.Length is > 0 and <= 64;
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) || secret.Length > 0)
            return false;
        Span<byte> plain = stackalloc byte[512];
        if (!Convert.TryFromBase64String(header["Basic ".Length..].Trim(), plain, out var length))
            return false;
        var text = Encoding.UTF8.GetString(plain[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0)
            return false;
        var named = Uri.UnescapeDataString(text[..colon]);
        if (client.Length > 0 && client != named)
            return false;
        (client, secret) = (named, Uri.UnescapeDataString(text[(colon + 1)..]));
        return client.Length is > 0 and <= 64;
    }

    private static IResult Answer(HttpContext context, OAuthError error)
    {
        if (error.Status == StatusCodes.Status401Unauthorized && context.Request.Headers.Authorization.Count > 0)
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"merlon\"";
        return TypedResults.Json(new Refused(error.Error, error.Description), statusCode: error.Status);
    }
}
