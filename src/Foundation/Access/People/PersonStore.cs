using System.Buffers.Text;
using Merlon.Access.Model;
using Merlon.Access.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.People;

/// <summary>
/// People as ASP.NET Core Identity sees them. Identity reads through it; what changes is staged on the context and saved by the use case together with the
/// event that tells of it, so <see cref="UpdateAsync"/> saves nothing.
/// </summary>
internal sealed class PersonStore(AccessDb db, TimeProvider time) : IUserPasswordStore<Person>, IUserPasskeyStore<Person>
{
    public Task<string> GetUserIdAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(user.PrincipalId);

    public async Task<string?> GetUserNameAsync(Person user, CancellationToken cancellationToken) =>
        (await db.Principals.AsNoTracking().SingleOrDefaultAsync(p => p.Id == user.PrincipalId, cancellationToken))?.Name;

    public Task<string?> GetNormalizedUserNameAsync(Person user, CancellationToken cancellationToken) => GetUserNameAsync(user, cancellationToken);

    public Task<Person?> FindByIdAsync(string userId, CancellationToken cancellationToken) => db.People.SingleOrDefaultAsync(p => p.PrincipalId == userId, cancellationToken);

    /// <summary>Names are unique in a project only, so a person is never found by name here.</summary>
    public Task<Person?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => Task.FromResult<Person?>(null);

    public Task<string?> GetPasswordHashAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    public Task SetPasswordHashAsync(Person user, string? passwordHash, CancellationToken cancellationToken)
    {
        user.PasswordHash = passwordHash;
        return Task.CompletedTask;
    }

    public Task<IdentityResult> UpdateAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(IdentityResult.Success);

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(Person user, CancellationToken cancellationToken) =>
        [.. (await db.Passkeys.AsNoTracking().Where(p => p.PrincipalId == user.PrincipalId).ToListAsync(cancellationToken)).Select(InfoOf)];

    public async Task<Person?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken)
    {
        var id = Base64Url.EncodeToString(credentialId);
        return await db.Passkeys.AsNoTracking().SingleOrDefaultAsync(p => p.CredentialId == id, cancellationToken) is { } passkey
            ? await FindByIdAsync(passkey.PrincipalId, cancellationToken)
            : null;
    }

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(Person user, byte[] credentialId, CancellationToken cancellationToken)
    {
        var id = Base64Url.EncodeToString(credentialId);
        return await db.Passkeys.AsNoTracking().SingleOrDefaultAsync(p => p.CredentialId == id && p.PrincipalId == user.PrincipalId, cancellationToken) is { } passkey ? InfoOf(passkey) : null;
    }

    public async Task AddOrUpdatePasskeyAsync(Person user, UserPasskeyInfo passkey, CancellationToken cancellationToken)
    {
        var id = Base64Url.EncodeToString(passkey.CredentialId);
        if (await db.Passkeys.SingleOrDefaultAsync(p => p.CredentialId == id, cancellationToken) is { } known)
        {
            (known.SignCount, known.IsUserVerified, known.IsBackedUp, known.LastUsedAt) = (passkey.SignCount, passkey.IsUserVerified, passkey.IsBackedUp, time.GetUtcNow());
            return;
        }
        db.Passkeys.Add(new Passkey
        {
            CredentialId = id,
            PrincipalId = user.PrincipalId,
            Name = passkey.Name ?? "passkey",
            PublicKey = passkey.PublicKey,
            SignCount = passkey.SignCount,
            Transports = string.Join(' ', passkey.Transports ?? []),
            IsUserVerified = passkey.IsUserVerified,
            IsBackupEligible = passkey.IsBackupEligible,
            IsBackedUp = passkey.IsBackedUp,
            AttestationObject = passkey.AttestationObject,
            ClientDataJson = passkey.ClientDataJson,
            CreatedAt = time.GetUtcNow(),
        });
    }

    public async Task RemovePasskeyAsync(Person user, byte[] credentialId, CancellationToken cancellationToken)
    {
        var id = Base64Url.EncodeToString(credentialId);
        if (await db.Passkeys.SingleOrDefaultAsync(p => p.CredentialId == id && p.PrincipalId == user.PrincipalId, cancellationToken) is { } passkey)
            db.Passkeys.Remove(passkey);
    }

    // People are made and disabled as principals; Identity is not asked to.
    public Task<IdentityResult> CreateAsync(Person user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> DeleteAsync(Person user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetUserNameAsync(Person user, string? userName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetNormalizedUserNameAsync(Person user, string? normalizedName, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        // The context is the container's.
    }

    private static UserPasskeyInfo InfoOf(Passkey passkey) => new(
        Base64Url.DecodeFromChars(passkey.CredentialId), passkey.PublicKey, passkey.CreatedAt, (uint)passkey.SignCount,
        passkey.Transports.Split(' ', StringSplitOptions.RemoveEmptyEntries), passkey.IsUserVerified, passkey.IsBackupEligible, passkey.IsBackedUp,
        passkey.AttestationObject, passkey.ClientDataJson) { Name = passkey.Name };
}
