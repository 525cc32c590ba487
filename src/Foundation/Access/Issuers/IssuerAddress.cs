using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Merlon.Kernel;

namespace Merlon.Access.Issuers;

/// <summary>Where an outside issuer of tokens is found, and whose certificates it may show.</summary>
/// <param name="Issuer">As it stands in the tokens, exactly: an https address without query or fragment (OpenID Connect Discovery 1.0, section 3).</param>
/// <param name="CaPem">Its certificate authorities where the system's do not know them; null for the system's.</param>
internal sealed record IssuerAddress(string Issuer, string? CaPem)
{
    private const int MaxLength = 512;

    public Uri Discovery => new(Issuer.TrimEnd('/') + "/.well-known/openid-configuration");

    public static Result<IssuerAddress> Parse(string? issuer, string? caPem)
    {
        if (!IsAddress(issuer) || new Uri(issuer!) is not { Query: "", Fragment: "" })
            return new Refusal(RefusalKind.Invalid, "issuer.address", $"'{Text.Printable(issuer, 100)}' is not an issuer's address.")
            {
                Remedy = "Write it as the issuer does, for example https://login.example.com; it stands as 'issuer' in its /.well-known/openid-configuration.",
            };
        if (caPem is not null && (caPem.Length > Limits.CaPem || ReadCa(caPem) is null))
            return new Refusal(RefusalKind.Invalid, "issuer.ca", "The certificate authorities are not certificates in PEM.");
        return new IssuerAddress(issuer!, caPem);
    }

    /// <summary>An absolute https address, without a user's name in it, of a bounded length.</summary>
    public static bool IsAddress(string? text) => text is { Length: > 0 and <= MaxLength } && !text.Any(c => c is <= ' ' or >= (char)127)
        && Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0;

    public static X509Certificate2Collection? ReadCa(string pem)
    {
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPem(pem);
            return found.Count > 0 ? found : null;
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }

    /// <summary>
    /// May a name of an issuer lead here? Never to what only a machine itself or its cloud can reach, unless the name says so: a document that somebody else
    /// wrote, or a name that changed its mind, must not make us call our neighbours.
    /// </summary>
    public static bool MayConnect(string host, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (IPAddress.IsLoopback(plain))
            return IsLoopbackName(host);
        if (plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any) || plain.IsIPv6LinkLocal || plain.IsIPv6Multicast)
            return false;
        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
            // The metadata service of one large cloud.
            return !plain.Equals(IPAddress.Parse("fd00:ec2::254"));
        var bytes = plain.GetAddressBytes();
        return bytes[0] != 0 && bytes[0] < 224 && !(bytes[0] == 169 && bytes[1] == 254) && !plain.Equals(IPAddress.Parse("100.100.100.200"));
    }

    public static bool IsLoopbackName(string host) =>
        host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal) || (IPAddress.TryParse(host.Trim('[', ']'), out var literal) && IPAddress.IsLoopback(literal));
}
