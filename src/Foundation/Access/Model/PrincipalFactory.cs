using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Policy;
using Merlon.Access.Storage;
using Merlon.Kernel;

namespace Merlon.Access.Model;

/// <summary>A principal never comes without its subject key, a first role and a first token.</summary>
internal static class PrincipalFactory
{
    public static async Task<(Principal Principal, AccessToken Token, Credential Credential)> CreateAsync(
        AccessDb db, SubjectKeys subjects, Scope scope, string name, string role, DateTimeOffset now, TimeSpan life, CancellationToken cancellationToken,
        string kind = Principal.Person, string? owner = null, string? createdBy = null)
    {
        var id = Principal.NewId();
        var principal = new Principal
        {
            Id = id,
            Organisation = scope.Organisation,
            Project = scope.Project,
            Name = name,
            Kind = kind,
            OwnerId = owner,
            CreatedBy = createdBy,
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
        db.Bindings.Add(ChangeWriter.Row(Guid.CreateVersion7(now), scope, FirstBinding(id, role), now));
        db.Tokens.Add(token);
        return (principal, token, credential);
    }

    /// <summary>An owner owns the organisation; every other role is for the project.</summary>
    public static BindingForm FirstBinding(string id, string role) => new(role, id, "allow", role == Permissions.Owner ? "organisation" : "project");
}
