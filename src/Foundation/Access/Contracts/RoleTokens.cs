using System.Collections.Frozen;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Contracts;

/// <summary>The start tokens with which the other roles of this installation name themselves; made anew at every start, never stored.</summary>
public sealed class RoleTokens(IReadOnlyDictionary<string, string> tokens)
{
    public const string Header = "X-Merlon-Role";

    private readonly FrozenDictionary<string, Digest> _hashes =
        tokens.ToFrozenDictionary(pair => pair.Key, pair => HashOf(pair.Value), StringComparer.Ordinal);

    internal Refusal? Check(HttpContext context, string role)
    {
        var presented = HashOf(context.Request.Headers[Header].ToString());
        var expected = _hashes.GetValueOrDefault(role);
        return Credential.Matches(expected, presented) && !expected.IsEmpty
            ? null
            : new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address.");
    }

    private static Digest HashOf(string token) => Digest.Of(System.Text.Encoding.UTF8.GetBytes(token));
}
