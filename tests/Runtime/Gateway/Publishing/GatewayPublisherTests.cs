using Merlon.Access.Contracts;
using Merlon.Gateway.Contracts;
using Merlon.Gateway.Publishing;
using Merlon.Kernel;
using Merlon.Keys;
using Merlon.Serving.Contracts;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Gateway.Tests.Publishing;

public sealed class GatewayPublisherTests : IApiKeyDirectory, IWorkloadDirectory, IRouteDirectory
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(200);
    private static readonly byte[] s_seed = [.. Enumerable.Repeat((byte)5, 32)];
    private readonly GatewayPublisher _publisher;

    public GatewayPublisherTests()
    {
        var services = new ServiceCollection().AddSingleton<IApiKeyDirectory>(this).AddSingleton<IWorkloadDirectory>(this).AddSingleton<IRouteDirectory>(this).BuildServiceProvider();
        _publisher = new GatewayPublisher(services.GetRequiredService<IServiceScopeFactory>(), new SnapshotSigner(s_seed), TimeProvider.System);
    }

    public Task<IReadOnlyList<ActiveApiKey>> ListActiveAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<ActiveApiKey>>(
        _key is null ? [] : [new ActiveApiKey(_key, Digest.Of("k"u8), Scope.Default, "p", Guid.Empty, DateTimeOffset.UnixEpoch, null, new byte[] { 1 })]);

    public Task<IReadOnlyList<ActiveWorkload>> ListActiveAsync(IReadOnlyList<CallableEndpoint> endpoints, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ActiveWorkload>>([]);

    public Task<IReadOnlyList<ServedEndpoint>> ListServedAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<ServedEndpoint>>([]);

    private string? _key;

    private async Task<long?> FetchAsync(long after)
    {
        var envelope = await _publisher.WaitAsync("g", after, s_patience, CancellationToken.None);
        return envelope is null ? null : GatewaySnapshotJson.Read(SnapshotEnvelope.Open(envelope, Ed25519.PublicKey(s_seed)).Value.Span).Value.Version;
    }

    [Fact]
    public async Task Wait_FirstSnapshotAfterTheClockWasSetBack_IsAboveWhatTheGatewayHolds()
    {
        // A year ahead: what an earlier run of control gave out before the clock was set back.
        var held = DateTimeOffset.UtcNow.AddYears(1).ToUnixTimeMilliseconds();
        Assert.Equal(held + 1, await FetchAsync(held));
        Assert.Null(await FetchAsync(held + 1));
    }

    [Fact]
    public async Task Wait_GatewayAheadOfTheCurrentSnapshot_IsGivenItUnderALaterVersion()
    {
        var version = (await FetchAsync(0))!.Value;
        Assert.Equal(version + 1001, await FetchAsync(version + 1000));
        _key = "new";
        Assert.True(await FetchAsync(version + 1001) > version + 1001);
    }

    [Fact]
    public async Task Wait_VersionThatNoRunCanHaveGiven_UsesUpNoNumbers()
    {
        var version = (await FetchAsync(0))!.Value;
        Assert.Null(await FetchAsync(long.MaxValue));
        _key = "new";
        Assert.InRange((await FetchAsync(version))!.Value, version + 1, DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeMilliseconds());
    }
}
