using System.Net;
using Merlon.Access.Issuers;

namespace Merlon.Access.Tests.Issuers;

public sealed class IssuerAddressTests
{
    [Theory]
    [InlineData("login.example", "203.0.113.7", true)]
    [InlineData("login.corp", "10.1.2.3", true)]
    [InlineData("login.example", "2001:db8::7", true)]
    [InlineData("localhost", "127.0.0.1", true)]
    [InlineData("[::1]", "::1", true)]
    [InlineData("login.example", "127.0.0.1", false)]
    [InlineData("login.example", "::1", false)]
    [InlineData("login.example", "::ffff:127.0.0.1", false)]
    [InlineData("login.example", "169.254.169.254", false)]
    [InlineData("169.254.169.254", "169.254.169.254", false)]
    [InlineData("login.example", "::ffff:169.254.169.254", false)]
    [InlineData("login.example", "fd00:ec2::254", false)]
    [InlineData("login.example", "100.100.100.200", false)]
    [InlineData("login.example", "fe80::1", false)]
    [InlineData("login.example", "0.0.0.0", false)]
    [InlineData("login.example", "::", false)]
    [InlineData("login.example", "224.0.0.1", false)]
    [InlineData("login.example", "255.255.255.255", false)]
    public void MayConnect_JudgesTheAddressThatTheNameLedTo(string host, string address, bool expected) => Assert.Equal(expected, IssuerAddress.MayConnect(host, IPAddress.Parse(address)));
}
