using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;
using Merlon.Signing.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <summary>Reads a signed scan policy from this machine. Whatever is wrong with it is an error of the command line, so that no scan runs without it.</summary>
internal static class ScanPolicyFile
{
    private const int MaxEnvelopeBytes = 1024 * 1024;
    private const int MaxKeyBytes = 16 * 1024;
    private const string Remedy = "Sign it: merlon scan policy sign --key KEY.pem POLICY.yaml";

    public static SignedScanPolicy Open(FileInfo policy, FileInfo? key)
    {
        if (key is null)
            throw CliException.Usage("--policy needs --policy-key: a policy counts for who signed it.", "Give the signer's public key: --policy-key PUBLIC.pem");
        var pem = System.Text.Encoding.UTF8.GetString(Read(key, MaxKeyBytes));
        if (pem.Contains("PRIVATE", StringComparison.Ordinal))
            throw CliException.Usage($"'{Text.Printable(key.Name, 100)}' is a private key.", "Give the public one; the private one stays with the signer.");
        return SignedScanPolicy.Open(Read(policy, MaxEnvelopeBytes), [new TrustedKey(key.Name, pem)]).Try(out var signed, out var refusal)
            ? signed
            : throw CliException.Usage($"The scan policy '{Text.Printable(policy.Name, 100)}' is refused: {refusal.Detail} (failed step: {refusal.Code})", refusal.Remedy ?? Remedy);
    }

    /// <summary>A policy is never taken from what it would excuse.</summary>
    public static void RequireOutside(FileInfo file, IEnumerable<string> scanned)
    {
        var path = Real(file.FullName);
        foreach (var target in scanned.Where(target => target != "-").Select(target => Real(Path.GetFullPath(target))))
        {
            if (path == target || path.StartsWith(target.TrimEnd('/') + "/", StringComparison.Ordinal))
                throw CliException.Usage($"'{Text.Printable(file.Name, 100)}' lies inside of what is being scanned (failed step: scan-policy.inside).", "Keep policy and key where the model's makers cannot write.");
        }
    }

    /// <summary>Bounded, and of regular files only: a pipe or device would keep the command waiting or never end.</summary>
    public static byte[] Read(FileInfo file, int most)
    {
        try
        {
            using var stream = RegularFile.Open(file.FullName);
            if (stream.Length > most)
                throw CliException.Usage($"'{Text.Printable(file.Name, 100)}' has {stream.Length} bytes; allowed are {most} (failed step: scan-policy.size).");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (RegularFile.SpecialFileException)
        {
            throw CliException.Usage($"'{Text.Printable(file.FullName, 300)}' is a link or no regular file (failed step: scan-policy.file).", "Give the file itself.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Unreachable($"'{Text.Printable(file.FullName, 300)}' cannot be read: {e.Message}");
        }
    }

    /// <summary>The path with every link of it followed: a link is another way into the same folder.</summary>
    private static string Real(string path)
    {
        var real = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            FileSystemInfo info = Directory.Exists(real) ? new DirectoryInfo(real) : new FileInfo(real);
            real = info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? real;
        }
        return real;
    }
}
