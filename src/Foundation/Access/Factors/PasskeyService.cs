using System.Buffers.Text;
using System.Text;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.SignIn;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Factors;

/// <summary>What a browser needs to make or prove a passkey, and the ticket with which it answers.</summary>
internal sealed record PasskeyOptions(string Options, string Ticket);

/// <summary>WebAuthn through ASP.NET Core Identity's handler. The state between the two halves stays here and is used once.</summary>
internal sealed class PasskeyService(IPasskeyHandler<Person> handler, PersonStore store, Challenges challenges, AccessDb db)
{
    private const string Enrol = "passkey.enrol", Prove = "passkey.prove";

    public static readonly Refusal Wrong = new(RefusalKind.Unauthenticated, "passkey.wrong", "This passkey could not be verified.") { Remedy = "Try again, or sign in another way." };

    public async Task<Result<PasskeyOptions>> BeginEnrolAsync(Principal principal, HttpContext context, CancellationToken cancellationToken)
    {
        if (await db.Passkeys.CountAsync(p => p.PrincipalId == principal.Id, cancellationToken) >= Limits.PasskeysPerPerson)
            return new Refusal(RefusalKind.Conflict, "passkey.too-many", $"A person has at most {Limits.PasskeysPerPerson} passkeys.") { Remedy = "Remove one that you no longer use." };
        var made = await handler.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = principal.Id, Name = principal.Name, DisplayName = principal.Name }, context);
        return (await challenges.AddAsync(Enrol, principal.Id, made.AttestationState ?? "", cancellationToken)).Try(out var ticket, out var refusal)
            ? new PasskeyOptions(made.CreationOptionsJson, ticket)
            : refusal;
    }

    /// <summary>Verifies the new passkey and stages it on the context; the caller commits.</summary>
    public async Task<Result<string>> FinishEnrolAsync(Person person, string? ticket, string? credentialJson, string? name, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await challenges.TakeAsync(Enrol, ticket, cancellationToken)).Try(out var challenge, out var gone))
            return gone;
        if (challenge.PrincipalId != person.PrincipalId || credentialJson is null || credentialJson.Length > Limits.PasskeyJson)
            return Wrong;
        var result = await GuardAsync(() => handler.PerformAttestationAsync(new PasskeyAttestationContext
        {
            HttpContext = context,
            CredentialJson = credentialJson,
            AttestationState = challenge.State,
        }));
        if (result is not { Succeeded: true, Passkey: { } passkey })
            return Wrong;
        var id = Base64Url.EncodeToString(passkey.CredentialId);
        if (await db.Passkeys.AnyAsync(p => p.CredentialId == id, cancellationToken))
            return Wrong;
        passkey.Name = string.IsNullOrWhiteSpace(name) ? "passkey" : Text.Printable(name.Trim(), 63);
        await store.AddOrUpdatePasskeyAsync(person, passkey, cancellationToken);
        return id;
    }

    /// <summary>Without a principal any of this site's passkeys will do: nobody has to type a name.</summary>
    public async Task<Result<PasskeyOptions>> BeginProofAsync(Person? person, HttpContext context, CancellationToken cancellationToken)
    {
        var made = await handler.MakeRequestOptionsAsync(person!, context);
        return (await challenges.AddAsync(Prove, person?.PrincipalId, made.AssertionState ?? "", cancellationToken)).Try(out var ticket, out var refusal)
            ? new PasskeyOptions(made.RequestOptionsJson, ticket)
            : refusal;
    }

    /// <summary>Who proved it; the passkey's counter is staged on the context.</summary>
    public async Task<Result<Person>> FinishProofAsync(string? ticket, string? credentialJson, HttpContext context, CancellationToken cancellationToken)
    {
        if (!(await challenges.TakeAsync(Prove, ticket, cancellationToken)).Try(out var challenge, out var gone))
            return gone;
        if (credentialJson is null || credentialJson.Length > Limits.PasskeyJson)
            return Wrong;
        var result = await GuardAsync(() => handler.PerformAssertionAsync(new PasskeyAssertionContext
        {
            HttpContext = context,
            CredentialJson = credentialJson,
            AssertionState = challenge.State,
        }));
        if (result is not { Succeeded: true, Passkey: { } passkey, User: { } person } || (challenge.PrincipalId is not null && challenge.PrincipalId != person.PrincipalId))
            return Wrong;
        await store.AddOrUpdatePasskeyAsync(person, passkey, cancellationToken);
        return person;
    }

    /// <summary>What a browser sends may be anything: the handler throws on some of it.</summary>
    private static async Task<T?> GuardAsync<T>(Func<Task<T>> verify)
        where T : class
    {
        try
        {
            return await verify();
        }
        catch (Exception e) when (e is PasskeyException or InvalidOperationException or System.Text.Json.JsonException or FormatException or ArgumentException
            or System.Security.Cryptography.CryptographicException or DecoderFallbackException)
        {
            return null;
        }
    }
}
