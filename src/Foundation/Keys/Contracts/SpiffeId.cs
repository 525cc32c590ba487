using System.Diagnostics.CodeAnalysis;

namespace Merlon.Keys;

/// <summary>A workload's identity: <c>spiffe://trust-domain/path</c> (SPIFFE-ID, section 2). Only the canonical form is taken: one text, one identity.</summary>
public sealed record SpiffeId
{
    private const string Scheme = "spiffe://";

    private SpiffeId(string trustDomain, string path) => (TrustDomain, Path) = (trustDomain, path);

    public string TrustDomain { get; }

    /// <summary>With its leading slash; never empty, because only a signing certificate has none.</summary>
    public string Path { get; }

    public override string ToString() => Scheme + TrustDomain + Path;

    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id)
    {
        id = null;
        if (text is null || text.Length > Limits.SpiffeIdBytes || !text.StartsWith(Scheme, StringComparison.Ordinal))
            return false;
        var slash = text.IndexOf('/', Scheme.Length);
        if (slash <= Scheme.Length || slash == text.Length - 1)
            return false;
        var (domain, path) = (text[Scheme.Length..slash], text[slash..]);
        if (domain.Length > Limits.TrustDomainBytes || !domain.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-' or '_'))
            return false;
        // No percent encoding, query or fragment, and no segment that a resolver would fold away.
        if (path[1..].Split('/').Any(segment => segment is "" or "." or ".." || !segment.All(IsSegmentCharacter)))
            return false;
        id = new SpiffeId(domain, path);
        return true;
    }

    private static bool IsSegmentCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_';
}
