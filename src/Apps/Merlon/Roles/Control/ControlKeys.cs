using System.Net;
using System.Security.Cryptography.X509Certificates;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.App.Roles.Control;

/// <summary>The installation's own keys: its CA and certificates, its logs' signing seeds, its event keys.</summary>
internal sealed class ControlKeys(Keyring keyring, string caFile, IReadOnlyList<string> hostNames, string listen, TimeProvider time)
{
    public string CaPem { get; private set; } = "";

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
        var key = Require(await keyring.PrivateKeyAsync(Scope.Default, KeyNames.Ca));
        using var authority = new IssuedCertificate(CaPem, key);
        List<string> names = ["localhost", "127.0.0.1", "::1", Dns.GetHostName(), .. hostNames];
        if (IPAddress.TryParse(listen, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            names.Add(listen);
        return DevelopmentCa.IssueServer(authority, [.. names.Distinct(StringComparer.OrdinalIgnoreCase)], time.GetUtcNow());
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
        if (role != "gateway")
            return identity;
        using var certificate = await IssueServerAsync();
        return identity with
        {
            CertificatePem = certificate.CertificatePem,
            CertificateKey = [.. certificate.PrivateKey],
            SnapshotKey = Ed25519.PublicKey(await SnapshotSeedAsync()),
        };
    }

    private static T Require<T>(Result<T> result) => result.Try(out var value, out var refusal) ? value : throw new InvalidDataException(refusal.Detail);
}
