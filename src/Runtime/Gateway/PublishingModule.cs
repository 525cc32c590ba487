using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Publishing;
using Merlon.Kernel;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway;

/// <summary>Control's side of the gateway: the signed snapshot that gateways follow.</summary>
public static class PublishingModule
{
    /// <param name="services">The control role's services.</param>
    /// <param name="signingSeed">Ed25519 seed of 32 bytes.</param>
    public static IServiceCollection AddGatewayPublishing(this IServiceCollection services, ReadOnlyMemory<byte> signingSeed) => services
        .AddSingleton(new SnapshotSigner(signingSeed))
        .AddSingleton<IContractCheck, GatewayContractCheck>()
        .AddSingleton<GatewayPublisher>()
        .AddSingleton<IGatewayPublisher>(provider => provider.GetRequiredService<GatewayPublisher>());

    public static void MapGatewayPublishing(this IEndpointRouteBuilder routes) => PublishingEndpoints.Map(routes);

    /// <summary>For the gateway: the snapshot in an envelope, when the signature is that of <paramref name="publicKey"/>.</summary>
    public static Result<ReadOnlyMemory<byte>> Verify(ReadOnlyMemory<byte> envelope, ReadOnlySpan<byte> publicKey) => SnapshotEnvelope.Open(envelope, publicKey);
}
