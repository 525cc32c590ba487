using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Merlon.Access.Contracts;
using Merlon.Access.People;

namespace Merlon.Access.SignIn;

/// <summary>
/// A mark that a device keeps after a whole sign-in (OWASP's device cookie). It proves nothing about who calls now; it only counts failures apart, so that
/// attackers elsewhere cannot lock this account's owner out.
/// </summary>
internal sealed class TrustedDevices(PeopleSecrets secrets, TimeProvider time)
{
    private static readonly TimeSpan s_life = TimeSpan.FromDays(180);
    private const int MaxLength = 200;

    public async Task<string> MarkAsync(string principal, CancellationToken cancellationToken)
    {
        var content = string.Create(CultureInfo.InvariantCulture, $"{principal}.{(time.GetUtcNow() + s_life).ToUnixTimeSeconds()}.{Credential.Mint("d").Id}");
        return $"{content}.{await SignatureAsync(content, cancellationToken)}";
    }

    public async Task<bool> IsOfAsync(string? mark, string principal, CancellationToken cancellationToken)
    {
        if (mark is null || mark.Length > MaxLength || mark.LastIndexOf('.') is not (> 0 and var end))
            return false;
        var content = mark[..end];
        var parts = content.Split('.');
        return parts is [var owner, var until, _] && owner == principal
            && long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > time.GetUtcNow().ToUnixTimeSeconds()
            && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(await SignatureAsync(content, cancellationToken)), Encoding.UTF8.GetBytes(mark[(end + 1)..]));
    }

    private async Task<string> SignatureAsync(string content, CancellationToken cancellationToken) =>
        Base64Url.EncodeToString((await secrets.MarkAsync("device", content, cancellationToken)).ToArray());
}
