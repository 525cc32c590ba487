using System.Net;
using System.Security.Cryptography.X509Certificates;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.App.Roles.Control;

/// <summary>The installation's own keys: its CA and certificates, its logs' signing seeds, its event keys.</summary>
internal sealed class ControlKeys(Keyring keyring, string caFile, IReadOnlyList<string> hostNames, RoleStart start, TimeProvider time) : IWorkloadAuthority
{
    // A gateway's and a node's certificate; renewed at half of it, so that control may be away for the other half.
    private static readonly TimeSpan s_roleLife = TimeSpan.FromHours(24);

    public string CaPem { get; private set; } = "";

    /// <summary>Of this installation alone: its certificates mean nothing to another.</summary>
    public string TrustDomain => $"{start.Instance:n}.merlon.local";

    /// <summary>Loads the CA, making it at the first start: the key in the keyring, the certificate in a file that everyone may read.</summary>
    public async Task OpenCaAsync()
    {
        if (File.Exists(caFile))
        {
            CaPem = await File.ReadAllTextAsync(caFile);
            return;
        }
        // The certificate is on disk under its own name before the key is kept: whichever moment a stop comes at, the next start finds both or neither.
        var pending = caFile + ".new";
        var kept = await keyring.ExistsAsync(Scope.Default, KeyKind.P256, KeyNames.Ca);
        if (!kept)
        {
            using var authority = DevelopmentCa.CreateAuthority("Merlon development CA", time.GetUtcNow());
            WriteDurably(pending, authority.CertificatePem + "\n");
            Require(await keyring.ImportPrivateKeyAsync(Scope.Default, KeyNames.Ca, authority.PrivateKey));
        }
        await AdoptAsync(pending);
    }

    /// <summary>Takes the pending certificate when it is the one of the key that is kept.</summary>
    private async Task AdoptAsync(string pending)
    {
        var pem = await File.ReadAllTextAsync(pending);
        using var certificate = X509Certificate2.CreateFromPem(pem);
        var kept = Require(await keyring.PublicKeyAsync(Scope.Default, KeyKind.P256, KeyNames.Ca));
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(kept.Span))
            throw new InvalidDataException($"The CA's certificate {caFile} is missing while its key exists. Restore the file from a backup.");
        File.Move(pending, caFile);
        DurableFolder.Sync(Path.GetDirectoryName(caFile)!);
        CaPem = pem;
    }

    private static void WriteDurably(string path, string text)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>A fresh server certificate; at every start, so that none grows old.</summary>
    public async Task<IssuedCertificate> IssueServerAsync()
    {
        using var authority = await AuthorityAsync();
        return DevelopmentCa.IssueServer(authority, HostNames(), time.GetUtcNow());
    }

    /// <summary>A role's SVID, with the host names for one that listens.</summary>
    private async Task<IssuedCertificate> IssueRoleAsync(string role)
    {
        using var authority = await AuthorityAsync();
        return WorkloadSvid.IssueWithKey(authority, IdOf(role), role == "gateway" ? HostNames() : [], time.GetUtcNow(), s_roleLife);
    }

    public async Task<X509Certificate2> IssueAsync(SpiffeId id, byte[] publicKey, TimeSpan life, CancellationToken cancellationToken)
    {
        using var authority = await AuthorityAsync();
        return WorkloadSvid.Issue(authority, id, publicKey, [], time.GetUtcNow(), life);
    }

    private async Task<IssuedCertificate> AuthorityAsync() => new(CaPem, Require(await keyring.PrivateKeyAsync(Scope.Default, KeyNames.Ca)));

    private SpiffeId IdOf(string role) => SpiffeId.TryParse($"spiffe://{TrustDomain}/{role}", out var id) ? id : throw new InvalidOperationException($"'{role}' cannot be named.");

    /// <summary>The names and addresses under which this installation is called.</summary>
    public string[] HostNames()
    {
        List<string> names = ["localhost", "127.0.0.1", "::1", Dns.GetHostName(), .. hostNames];
        if (IPAddress.TryParse(start.Listen, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            names.Add(start.Listen);
        return [.. names.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    public Task<byte[]> LedgerSeedAsync(string role) => keyring.SigningSeedAsync(Scope.Default, KeyNames.Ledger(role));

    public Task<byte[]> SnapshotSeedAsync() => keyring.SigningSeedAsync(Scope.Default, KeyNames.Snapshot);

    public async Task<byte[]> EventKeyAsync() => Require(await keyring.PublicKeyAsync(Scope.Default, KeyKind.P256, KeyNames.Events)).ToArray();

    public async Task<byte[]> PublicLedgerKeyAsync(string role) => Require(await keyring.PublicKeyAsync(Scope.Default, KeyKind.Ed25519, KeyNames.Ledger(role))).ToArray();

    public async Task<RoleIdentity> IdentityOfAsync(string role, SubjectKeys subjects, CancellationToken cancellationToken)
    {
        var identity = new RoleIdentity
        {
            LedgerSeed = await LedgerSeedAsync(role),
            EventKeys = new Dictionary<Guid, byte[]> { [Scope.Default.Organisation] = await EventKeyAsync() },
            UnidentifiedKey = await subjects.GetOrCreateAsync(Scope.Default, SubjectKeys.Unidentified, cancellationToken),
        };
        using var certificate = await IssueRoleAsync(role);
        identity = identity with { CertificatePem = certificate.CertificatePem, CertificateKey = [.. certificate.PrivateKey] };
        return role != "gateway" ? identity : identity with
        {
            CaPem = CaPem,
            TrustDomain = TrustDomain,
            SnapshotKey = Ed25519.PublicKey(await SnapshotSeedAsync()),
        };
    }

    private static T Require<T>(Result<T> result) => result.Try(out var value, out var refusal) ? value : throw new InvalidDataException(refusal.Detail);
}
