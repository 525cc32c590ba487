using System.Net.Http.Json;

namespace Merlon.App.Roles;

/// <summary>
/// What control hands to another role at its start, over the Unix socket and against the role's token: its log's signing seed, the keys to seal events
/// with, its certificate, and for the gateway control's snapshot key. Kept in memory only.
/// </summary>
internal sealed record RoleIdentity
{
    public required byte[] LedgerSeed { get; init; }

    /// <summary>The public event key (SPKI) of each organisation; one that is not named here has that of the first.</summary>
    public required IReadOnlyDictionary<Guid, byte[]> EventKeys { get; init; }

    /// <summary>The subject to which the network of a caller that nobody can name is sealed.</summary>
    public required byte[] UnidentifiedKey { get; init; }

    /// <summary>The role's X.509-SVID (PEM) and its private key (PKCS#8); the gateway's names its hosts too.</summary>
    public string? CertificatePem { get; init; }
    public byte[]? CertificateKey { get; init; }

    /// <summary>The authority and the trust domain whose workloads may call. Gateway only.</summary>
    public string? CaPem { get; init; }
    public string? TrustDomain { get; init; }

    /// <summary>Ed25519 public key of control's snapshots. Gateway only.</summary>
    public byte[]? SnapshotKey { get; init; }

    public ReadOnlyMemory<byte> EventKeyOf(Guid organisation) => EventKeys.TryGetValue(organisation, out var key) ? key : EventKeys.GetValueOrDefault(Merlon.Kernel.Scope.Default.Organisation);

    // Keeps keys out of whatever prints the record.
    public override string ToString() => nameof(RoleIdentity);

    /// <summary>Asks until control answers: it may be starting at the same time.</summary>
    public static async Task<RoleIdentity> FetchAsync(HttpClient control, string role, CancellationToken cancellationToken = default)
    {
        const int attempts = 600;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await control.GetFromJsonAsync<RoleIdentity>($"{role}/identity", cancellationToken) ?? throw new HttpRequestException("Control sent no identity.");
            }
            catch (HttpRequestException) when (attempt < attempts)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
