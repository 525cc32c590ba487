using Merlon.Access.Model;
using Merlon.Kernel;
using Microsoft.AspNetCore.Identity;

namespace Merlon.Access.People;

/// <summary>Sets and checks passwords: Identity's hasher at the cost that OWASP gives for PBKDF2-HMAC-SHA512, one check at a time per turn of the gate.</summary>
internal sealed class Passwords(IPasswordHasher<Person> hasher, PasswordGate gate)
{
    /// <summary>OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA512.</summary>
    public const int Iterations = 210_000;

    private static readonly Person s_nobody = new() { PrincipalId = "" };
    private static readonly Lazy<string> s_unknownHash = new(() =>
        new PasswordHasher<Person>(Microsoft.Extensions.Options.Options.Create(new PasswordHasherOptions { IterationCount = Iterations })).HashPassword(s_nobody, Guid.CreateVersion7().ToString()));

    /// <summary>What is wrong with it as a new password; null when nothing is.</summary>
    public static Refusal? Check(string? password, string name)
    {
        if (password is null || password.Length is < Limits.PasswordMinimum or > Limits.PasswordLength)
            return Weak($"A password has between {Limits.PasswordMinimum} and {Limits.PasswordLength} characters.");
        if (password.Any(char.IsControl))
            return Weak("A password has no control characters.");
        if (password.Distinct().Count() < 5)
            return Weak("This password repeats the same few characters.");
        if ((name.Length >= 4 && password.Contains(name, StringComparison.OrdinalIgnoreCase)) || password.Contains("merlon", StringComparison.OrdinalIgnoreCase))
            return Weak("A password does not contain your name or that of this program.");
        return CommonPasswords.Contains(password) ? Weak("This password is in lists that attackers use.") : null;
    }

    /// <summary>Checks at the same cost whether or not there is such a person or a password. Refused when too many wait already.</summary>
    public Task<Result<bool>> VerifyAsync(Person? person, string password, string lane, bool isTrusted, CancellationToken cancellationToken) => gate.RunAsync(lane, isTrusted, () =>
    {
        var matches = hasher.VerifyHashedPassword(person ?? s_nobody, person?.PasswordHash ?? s_unknownHash.Value, password) != PasswordVerificationResult.Failed;
        return matches && person?.PasswordHash is not null;
    }, cancellationToken);

    /// <summary>Hashes for storing; the caller has checked it.</summary>
    public Task<Result<string>> HashAsync(Person person, string password, string lane, CancellationToken cancellationToken) =>
        gate.RunAsync(lane, isTrusted: true, () => hasher.HashPassword(person, password), cancellationToken);

    private static Refusal Weak(string detail) => new(RefusalKind.Invalid, "password.weak", detail) { Remedy = "Four or five unrelated words make a good one; a password manager a better one." };
}
