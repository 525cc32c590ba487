using System.Net;
using Merlon.Gateway;
using Merlon.Gateway.Contracts;

namespace Merlon.App.Roles.Gateway;

/// <summary>Snapshots from control over the Unix socket; believed only with control's signature.</summary>
internal sealed class ControlSnapshots(HttpClient control, byte[] snapshotKey)
{
    // Tells one run of one gateway from another in control's list of followers.
    private readonly string _gateway = Guid.CreateVersion7().ToString("n");

    public SnapshotSource Source => new() { Fetch = FetchAsync, Verify = envelope => PublishingModule.Verify(envelope, snapshotKey), Acknowledge = AcknowledgeAsync };

    private async Task<byte[]?> FetchAsync(long after, CancellationToken cancellationToken)
    {
        using var response = await control.GetAsync($"gateway/snapshot?after={after}&gateway={_gateway}", cancellationToken);
        response.EnsureSuccessStatusCode();
        return response.StatusCode == HttpStatusCode.NoContent ? null : await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private async Task AcknowledgeAsync(long version, CancellationToken cancellationToken)
    {
        using var response = await control.PostAsync($"gateway/applied?version={version}&gateway={_gateway}", null, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
