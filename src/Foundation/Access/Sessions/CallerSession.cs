using System.Collections.Frozen;

namespace Merlon.Access.Sessions;

/// <summary>How the caller of a request came in.</summary>
/// <param name="TokenId">The token or session.</param>
/// <param name="IsPerson">People prove a second factor; services cannot.</param>
/// <param name="MfaAt">When the person last did.</param>
/// <param name="Verbs">The only verbs that the token is good for; null for all.</param>
internal sealed record CallerSession(string TokenId, bool IsPerson, DateTimeOffset? MfaAt, FrozenSet<string>? Verbs)
{
    public static readonly CallerSession None = new("", false, null, null);
}
