using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.Access.Contracts;

/// <summary>Keys of subjects: whoever holds the public part can seal fields about the subject, only the keyring can open them.</summary>
public sealed class SubjectKeys(Keyring keyring)
{
    /// <summary>The subject of refused callers whom nobody can name; their network is sealed to it.</summary>
    public const string Unidentified = "unidentified";

    /// <summary>Where an organisation's subject keys lie: in one place for all of its projects, since an event tells only the subject.</summary>
    public static Scope ScopeOf(Guid organisation) => organisation == Scope.Default.Organisation ? Scope.Default : new Scope(organisation, organisation);

    public static string NameOf(string subject) => $"subject:{subject}";

    /// <summary>The subject's P-256 public key (SPKI), made on first use.</summary>
    public async Task<byte[]> GetOrCreateAsync(Scope scope, string subject, CancellationToken cancellationToken)
    {
        var key = await keyring.PublicKeyAsync(ScopeOf(scope.Organisation), KeyKind.P256, NameOf(subject), cancellationToken);
        return key.Try(out var spki, out var refusal) ? spki.ToArray() : throw new InvalidOperationException(refusal.Detail);
    }
}
