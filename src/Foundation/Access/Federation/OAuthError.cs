namespace Merlon.Access.Federation;

/// <summary>An error as OAuth writes it (RFC 6749, section 5.2).</summary>
internal sealed record OAuthError(string Error, string Description)
{
    public static readonly OAuthError Client = new("invalid_client", "The client is not known, or its secret is not right.");
    public static readonly OAuthError Scope = new("invalid_scope", "The scope is a list of verbs, all of which the client has.");

    public static OAuthError Request(string description) => new("invalid_request", description);

    public static OAuthError Grant(string description) => new("invalid_grant", description);

    public int Status => Error switch
    {
        "invalid_client" => 401,
        "temporarily_unavailable" => 503,
        _ => 400,
    };
}
