using System.Runtime.InteropServices;
using System.Text;
using Merlon.Kernel;

namespace Merlon.App.Up;

/// <summary>
/// Where the roles' program lies. When Merlon was built in a folder that unprivileged users cannot enter (as under /root), the program and,
/// if need be, the .NET runtime are copied once to the cache folder, owned by root and writable by nobody else.
/// </summary>
internal sealed record ProgramStage(string ProgramDirectory, string DotnetRoot)
{
    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public string Dotnet => Path.Combine(DotnetRoot, "dotnet");
    public string Assembly => Path.Combine(ProgramDirectory, "merlon.dll");

    public static ProgramStage Prepare(string cacheDirectory)
    {
        var program = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION/.
        var runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        if (!RoleUsers.IsRoot)
            return new ProgramStage(program, runtime);
        return new ProgramStage(
            IsOpen(program) ? program : Copy(program, Path.Combine(cacheDirectory, "program-" + Fingerprint(program))),
            IsOpen(runtime) ? runtime : Copy(runtime, Path.Combine(cacheDirectory, "dotnet-" + Environment.Version), "host", "shared", "dotnet"));
    }

    /// <summary>Names the build by its files' names, sizes and times: another build, another name.</summary>
    public static string Fingerprint(string directory)
    {
        var text = new StringBuilder();
        // The workers lie in folders below.
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).OrderBy(f => f.FullName, StringComparer.Ordinal))
            text.Append(Path.GetRelativePath(directory, file.FullName)).Append('\0').Append(file.Length).Append('\0').Append(file.LastWriteTimeUtc.Ticks).Append('\n');
        return Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hex[..16];
    }

    private static bool IsOpen(string directory)
    {
        for (var folder = new DirectoryInfo(directory); folder is not null; folder = folder.Parent)
        {
            if ((folder.UnixFileMode & UnixFileMode.OtherExecute) == 0)
                return false;
        }
        return true;
    }

    private static string Copy(string source, string target, params string[] only)
    {
        if (Directory.Exists(target))
            return target;
        var partial = $"{target}.{Environment.ProcessId}";
        if (Directory.Exists(partial))
            Directory.Delete(partial, recursive: true);
        CopyFolder(new DirectoryInfo(source), partial, only);
        try
        {
            Directory.Move(partial, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            Directory.Delete(partial, recursive: true);
        }
        return target;
    }

    private static void CopyFolder(DirectoryInfo source, string target, string[] only)
    {
        Directory.CreateDirectory(target);
        File.SetUnixFileMode(target, Folder);
        foreach (var item in source.EnumerateFileSystemInfos().Where(i => only.Length == 0 || only.Contains(i.Name, StringComparer.Ordinal)))
        {
            var path = Path.Combine(target, item.Name);
            if (item is DirectoryInfo folder)
            {
                CopyFolder(folder, path, []);
                continue;
            }
            File.Copy(item.FullName, path);
            File.SetUnixFileMode(path, (item.UnixFileMode & ~(UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }
}
