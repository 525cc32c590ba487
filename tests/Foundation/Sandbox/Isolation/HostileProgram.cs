using System.Diagnostics;

namespace Merlon.Sandbox.Tests.Isolation;

/// <summary>hostile.c as a static program in a root folder of its own.</summary>
internal static class HostileProgram
{
    private static readonly Lazy<string> s_root = new(Build);

    public static string RootFolder => s_root.Value;

    private static string Build()
    {
        var root = Directory.CreateTempSubdirectory("merlon-hostile-root-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        // Bubblewrap starts as the sandbox's user and must find its way here.
        File.SetUnixFileMode(root, (UnixFileMode)0b111_101_101);
        foreach (var folder in (string[])["proc", "dev", "tmp", "app"])
            Directory.CreateDirectory(Path.Combine(root, folder), (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(Path.Combine(root, "tmp"), (UnixFileMode)0b001_111_111_111);
        using var compiler = Process.Start(new ProcessStartInfo("cc", ["-O1", "-static", "-pthread", "-o", Path.Combine(root, "app/hostile"), Path.Combine(AppContext.BaseDirectory, "hostile.c")])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var error = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        return compiler.ExitCode == 0 ? root : throw new InvalidOperationException($"hostile.c does not compile: {error}");
    }
}
