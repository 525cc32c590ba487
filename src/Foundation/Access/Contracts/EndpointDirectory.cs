using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>An endpoint as other modules may name it.</summary>
public sealed record EndpointReference(Guid Id, string Name, string Environment);

/// <summary>Resolves endpoint names in the caller's project. Kept by the module that owns endpoints.</summary>
public interface IEndpointDirectory
{
    Task<EndpointReference?> FindAsync(Scope scope, string name, CancellationToken cancellationToken);
}

/// <summary>Makes the gateways follow a change of keys or endpoints.</summary>
public interface IGatewayPublisher
{
    /// <summary>Publishes a new snapshot and waits at most a second for the connected gateways. False: a gateway has not confirmed yet.</summary>
    Task<bool> PublishAsync(CancellationToken cancellationToken);
}

/// <summary>The API keys that gateways must know, for the module that makes their snapshot.</summary>
public interface IApiKeyDirectory
{
    Task<IReadOnlyList<ActiveApiKey>> ListActiveAsync(CancellationToken cancellationToken);
}

/// <summary>An API key that is neither revoked nor expired. Never the secret.</summary>
public sealed record ActiveApiKey(
    string KeyId, Digest SecretHash, Scope Scope, string Principal, Guid EndpointId, DateTimeOffset NotAfter, double? RatePerSecond,
    ReadOnlyMemory<byte> SubjectPublicKey);
