using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>Keys of subjects: whoever holds the public part can seal fields about the subject, only the keyring can open them.</summary>
public interface ISubjectKeys
{
    /// <summary>The subject's P-256 public key (SPKI), made on first use.</summary>
    Task<byte[]> GetOrCreateAsync(Scope scope, string subject, CancellationToken cancellationToken);
}
