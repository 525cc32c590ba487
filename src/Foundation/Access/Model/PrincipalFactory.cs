using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A principal never comes without its subject key and a first token.</summary>
internal static class PrincipalFactory
{
    public static async Task<(Principal Principal, AccessToken Token, Credential Credential)> CreateAsync(
        AccessDb db, SubjectKeys subjects, Scope scope, string name, string role, DateTimeOffset now, TimeSpan life, CancellationToken cancellationToken)
    {
        var id = Principal.NewId();
        var principal = new Principal
        {
            Id = id,
            Organisation = scope.Organisation,
            Project = scope.Project,
            Name = name,
            Role = role,
            SubjectPublicKey = await subjects.GetOrCreateAsync(scope, id, cancellationToken),
            CreatedAt = now,
        };
        var credential = Credential.Mint(Credential.TokenPrefix);
        var token = new AccessToken
        {
            Id = credential.Id,
            PrincipalId = id,
            SecretHash = credential.SecretHash,
            CreatedAt = now,
            NotAfter = now + life,
        };
        db.Principals.Add(principal);
        db.Tokens.Add(token);
        return (principal, token, credential);
    }
}
