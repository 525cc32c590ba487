using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Merlon.Keys;

namespace Merlon.App.Cli.Access;

/// <summary>
/// A workload's folder: <c>key.pem</c> (mode 0600), <c>cert.pem</c> and <c>ca.pem</c>. They are links into one folder per certificate, so that a reader never
/// finds the new key beside the old certificate: all three move with one rename.
/// </summary>
internal sealed class WorkloadFiles(string folder)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Current = "current";

    internal sealed record Present(ECDsa Key, string CertificatePem, string CaPem, string TrustDomain);

    public string CertificatePath => Path.Combine(folder, "cert.pem");
    private string KeyPath => Path.Combine(folder, "key.pem");
    private string CaPath => Path.Combine(folder, "ca.pem");

    public void RequireNone()
    {
        if (Path.Exists(CertificatePath) || Path.Exists(KeyPath))
            throw CliException.Refused($"There is already a certificate in {folder}.", "Renew it (merlon workload renew --out FOLDER), or choose another folder.");
    }

    public Present Read()
    {
        if (!File.Exists(KeyPath) || !File.Exists(CertificatePath) || !File.Exists(CaPath))
            throw CliException.Refused($"There is no certificate in {folder}.", "Enrol first: merlon workload enrol NAME --out FOLDER");
        try
        {
            var pem = File.ReadAllText(CertificatePath);
            using var certificate = X509Certificate2.CreateFromPem(pem);
            var name = certificate.Extensions.FirstOrDefault(e => e.Oid!.Value == "2.5.29.17");
            var text = name is null ? "" : Encoding.Latin1.GetString(name.RawData);
            var start = text.IndexOf("spiffe://", StringComparison.Ordinal);
            if (start < 0 || !SpiffeId.TryParse(text[start..], out var id))
                throw new CryptographicException("There is no identity in it.");
            var key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(KeyPath));
            return new Present(key, pem, File.ReadAllText(CaPath), id.TrustDomain);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw CliException.Refused($"The files in {folder} are damaged: {e.Message}", "Someone who may manage principals can renew it: merlon workload renew NAME --out FOLDER");
        }
    }

    public void Write(ECDsa key, JsonNode issued)
    {
        Directory.CreateDirectory(folder);
        var version = "v-" + Guid.CreateVersion7().ToString("n");
        var target = Path.Combine(folder, version);
        Directory.CreateDirectory(target, Private | UnixFileMode.UserExecute);
        Store(Path.Combine(target, "key.pem"), key.ExportPkcs8PrivateKeyPem() + "\n");
        Store(Path.Combine(target, "cert.pem"), issued.Get("certificate").TrimEnd() + "\n");
        Store(Path.Combine(target, "ca.pem"), issued.Get("ca").TrimEnd() + "\n");
        var former = new DirectoryInfo(Path.Combine(folder, Current)).LinkTarget;
        var pending = Path.Combine(folder, Current + ".new");
        File.Delete(pending);
        File.CreateSymbolicLink(pending, version);
        // One rename is the change.
        DurableFolder.ReplaceLink(pending, Path.Combine(folder, Current));
        foreach (var name in (string[])["key.pem", "cert.pem", "ca.pem"])
        {
            if (!Path.Exists(Path.Combine(folder, name)))
                File.CreateSymbolicLink(Path.Combine(folder, name), Path.Combine(Current, name));
        }
        // INVARIANT: only a folder of this class's own naming is removed.
        if (former is not null && former.StartsWith("v-", StringComparison.Ordinal) && !former.Contains('/', StringComparison.Ordinal) && Directory.Exists(Path.Combine(folder, former)))
            Directory.Delete(Path.Combine(folder, former), recursive: true);
    }

    private static void Store(string path, string text)
    {
        using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private });
        stream.Write(Encoding.ASCII.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }
}
