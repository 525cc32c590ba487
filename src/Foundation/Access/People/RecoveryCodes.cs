using System.Security.Cryptography;
using Merlon.Access.Model;
using Merlon.Kernel;

namespace Merlon.Access.People;

/// <summary>
/// Codes for the day on which the authenticator is lost: 50 bits each, shown once, good once. Stored as keyed hashes, so that a stolen database does not
/// give them away.
/// </summary>
internal static class RecoveryCodes
{
    // Crockford's base 32: nothing in it looks like something else.
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Half = 5;

    public static async Task<IReadOnlyList<string>> RenewAsync(Person person, PeopleSecrets secrets, CancellationToken cancellationToken)
    {
        var codes = Enumerable.Range(0, Limits.RecoveryCodes)
            .Select(_ => RandomNumberGenerator.GetString(Alphabet, Half) + "-" + RandomNumberGenerator.GetString(Alphabet, Half)).ToList();
        var hashes = new List<string>(codes.Count);
        foreach (var code in codes)
            hashes.Add(await HashAsync(person, secrets, code, cancellationToken));
        person.RecoveryHashes = string.Join(' ', hashes);
        return codes;
    }

    /// <summary>Strikes the code off. The caller saves, and its revision keeps a second use at the same time from saving.</summary>
    public static async Task<bool> UseAsync(Person person, PeopleSecrets secrets, string code, CancellationToken cancellationToken)
    {
        var presented = await HashAsync(person, secrets, Normal(code), cancellationToken);
        var left = person.RecoveryHashes.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToList();
        if (!left.Remove(presented))
            return false;
        person.RecoveryHashes = string.Join(' ', left);
        return true;
    }

    public static bool LooksLikeOne(string code) => Normal(code).Length == (2 * Half) + 1;

    private static string Normal(string code)
    {
        var letters = string.Concat(code.ToLowerInvariant().Where(c => c is not ('-' or ' ')).Select(c => c switch { 'o' => '0', 'i' or 'l' => '1', _ => c }));
        return letters.Length == 2 * Half ? letters[..Half] + "-" + letters[Half..] : letters;
    }

    private static async Task<string> HashAsync(Person person, PeopleSecrets secrets, string code, CancellationToken cancellationToken) =>
        (await secrets.MarkAsync("recovery:" + person.PrincipalId, code, cancellationToken)).Hex;
}
