using Merlon.Gateway.Contracts;
using Merlon.Gateway.Snapshots;
using Merlon.Kernel;
using Microsoft.Extensions.Logging.Abstractions;

namespace Merlon.Gateway.Tests.Snapshots;

public sealed class SnapshotFollowerTests
{
    [Fact]
    public async Task TryFollow_ConfirmationTimesOut_IsNotTheEndOfFollowing()
    {
        using var holder = new SnapshotHolder(new GatewayOptions(), TimeProvider.System, NullLogger<SnapshotHolder>.Instance);
        var source = new SnapshotSource
        {
            Fetch = (_, _) => Task.FromResult<byte[]?>(GatewaySnapshotJson.Write(new GatewaySnapshot { Version = 3, IssuedAt = DateTimeOffset.UnixEpoch })),
            Verify = envelope => envelope,
            // As HttpClient's own timeout comes.
            Acknowledge = (_, _) => Task.FromException(new TaskCanceledException("timeout", new TimeoutException())),
        };
        var status = new GatewayStatus(holder, TimeProvider.System, []);
        using var follower = new SnapshotFollower(source, holder, status, TimeProvider.System, NullLogger<SnapshotFollower>.Instance);
        Assert.Null(await follower.TryFollowAsync(CancellationToken.None));
        Assert.Equal(3, holder.Current.Version);
    }
}
