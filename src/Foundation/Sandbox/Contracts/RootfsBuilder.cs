using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Merlon.Sandbox.Isolation.Rootfs;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// Stages the read-only root of a worker: its own files under /app, the .NET runtime it runs on under /dotnet, and the system libraries those need.
/// Copies, never mounts: a sandbox sees nothing that changes on the host. Built once per set of files and shared by all sandboxes.
/// </summary>
/// <param name="cacheFolder">Where roots are kept. Every folder above must be traversable by the sandbox's user for bubblewrap.</param>
public sealed class RootfsBuilder(string cacheFolder)
{
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;
    private const UnixFileMode FileMode = (UnixFileMode)0b111_101_101;

    /// <summary>Opened by name at run time, when cryptography is used.</summary>
    private static readonly string[] s_openedLibraries = ["libssl.so.3", "libcrypto.so.3"];

    /// <summary>The command that starts <c>/app/{assembly}</c> inside the root.</summary>
    public static IReadOnlyList<string> Command(string assembly) => ["/dotnet/dotnet", "/app/" + assembly];

    /// <summary>The root for the published worker in <paramref name="workerFolder"/>.</summary>
    /// <returns>The folder to give as <see cref="SandboxSpec.RootFolder"/>.</returns>
    /// <exception cref="SandboxException">The running .NET is not a shared installation, or a library is missing.</exception>
    public string Build(string workerFolder)
    {
        var plan = Plan(workerFolder);
        var target = Path.Combine(cacheFolder, Identify(plan));
        var root = Path.Combine(target, "rootfs");
        if (Directory.Exists(target))
            return root;

        Directory.CreateDirectory(cacheFolder, FolderMode);
        var building = target + ".building-" + Guid.CreateVersion7().ToString("N");
        try
        {
            Copy(plan, Path.Combine(building, "rootfs"));
            // One rename makes the whole root visible; whoever loses the race to it uses the winner's.
            Directory.Move(building, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            Directory.Delete(building, recursive: true);
        }
        return root;
    }

    /// <summary>Removes half-built roots of a killed process, and those not among <paramref name="inUse"/>.</summary>
    public void Prune(IReadOnlyCollection<string> inUse)
    {
        if (!Directory.Exists(cacheFolder))
            return;
        foreach (var folder in Directory.EnumerateDirectories(cacheFolder))
        {
            if (!inUse.Contains(Path.Combine(folder, "rootfs")))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static SortedDictionary<string, string> Plan(string workerFolder)
    {
        var framework = RuntimeEnvironment.GetRuntimeDirectory().TrimEnd('/');
        var version = Path.GetFileName(framework);
        var dotnet = Path.GetFullPath(Path.Combine(framework, "../../.."));
        var muxer = Path.Combine(dotnet, "dotnet");
        var resolver = Path.Combine(dotnet, "host/fxr", version);
        if (!File.Exists(muxer) || !Directory.Exists(resolver))
            throw new SandboxException($"The running .NET in {framework} has no dotnet host beside it; workers need a shared installation.");

        var plan = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["dotnet/dotnet"] = muxer };
        AddFolder(plan, "app", workerFolder);
        AddFolder(plan, $"dotnet/host/fxr/{version}", resolver);
        AddFolder(plan, $"dotnet/shared/Microsoft.NETCore.App/{version}", framework);
        var native = plan.Values.Where(path => path == muxer || path.Contains(".so", StringComparison.Ordinal)).ToArray();
        foreach (var library in SharedLibraries.Resolve(native, s_openedLibraries))
            plan[library.TrimStart('/')] = library;
        return plan;
    }

    private static void AddFolder(SortedDictionary<string, string> plan, string inside, string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            if (!file.EndsWith(".pdb", StringComparison.Ordinal))
                plan[$"{inside}/{Path.GetRelativePath(folder, file)}"] = file;
        }
    }

    private static string Identify(SortedDictionary<string, string> plan)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (inside, file) in plan)
        {
            var info = new FileInfo(file);
            hash.AppendData(Encoding.UTF8.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"{inside}\0{file}\0{info.Length}\0{info.LastWriteTimeUtc.Ticks}\n")));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Copy(SortedDictionary<string, string> plan, string root)
    {
        foreach (var (inside, file) in plan)
        {
            var target = Path.Combine(root, inside);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!, FolderMode);
            File.Copy(file, target);
            File.SetUnixFileMode(target, FileMode);
        }
        foreach (var mountPoint in (ReadOnlySpan<string>)["proc", "dev", "sys"])
            Directory.CreateDirectory(Path.Combine(root, mountPoint), FolderMode);
        var tmp = Directory.CreateDirectory(Path.Combine(root, "tmp")).FullName;
        // Mode 1777: runc's temporary file system takes the mode of the folder it covers.
        File.SetUnixFileMode(tmp, (UnixFileMode)0b001_111_111_111);
    }
}
