using Merlon.Access.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Gateway.Publishing;

/// <summary>What gateways ask of control, over the Unix socket, under their role token.</summary>
internal static class PublishingEndpoints
{
    public const string Role = "gateway";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/gateway/snapshot", SnapshotAsync).RequireRole(Role);
        routes.MapPost("/gateway/applied", Applied).RequireRole(Role);
    }

    private static async Task<IResult> SnapshotAsync(long after, string gateway, GatewayPublisher publisher, CancellationToken cancellationToken) =>
        await publisher.WaitAsync(gateway, after, s_patience, cancellationToken) is { } envelope
            ? TypedResults.Bytes(envelope, "application/json")
            : TypedResults.NoContent();

    private static IResult Applied(string gateway, long version, GatewayPublisher publisher)
    {
        publisher.Applied(gateway, version);
        return TypedResults.NoContent();
    }
}
