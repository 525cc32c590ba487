using System.Net;
using System.Net.Sockets;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.SignIn;

/// <summary>Where a sign-in comes from.</summary>
/// <param name="Network">The address, as it stands in the list of one's sessions.</param>
/// <param name="Lane">What counts as one network: an IPv4 address, or the /64 of an IPv6 one.</param>
/// <param name="Device">What it calls itself.</param>
/// <param name="TrustedDevice">The device's mark, where it proved that this account signed in on it before.</param>
internal sealed record SignInOrigin(string Network, string Lane, string Device, string? TrustedDevice = null)
{
    private const int DeviceLength = 120;

    public static SignInOrigin Of(HttpContext context, string? device = null)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        var given = device ?? context.Request.Headers.UserAgent.ToString();
        return new SignInOrigin(Plain(address).ToString(), LaneOf(address), Text.Printable(given.Length == 0 ? "unnamed" : given, DeviceLength));
    }

    public static string LaneOf(IPAddress address)
    {
        var plain = Plain(address);
        return plain.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(plain.GetAddressBytes().AsSpan(0, 8)) : plain.ToString();
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
