using Merlon.Kernel;

namespace Merlon.App.Cli.Access;

/// <summary>
/// What tells a server that this account signed in from here before, so that failures of others do not lock it out. No credential: mode 0600 all the same.
/// </summary>
internal static class DeviceMark
{
    private static string PathOf(string server) => Path.Combine(Credentials.Folder, $"device-{Digest.Of(System.Text.Encoding.UTF8.GetBytes(server)).Short}");

    public static string? Read(string server) => File.Exists(PathOf(server)) ? File.ReadAllText(PathOf(server)).Trim() : null;

    public static void Save(string server, string mark)
    {
        if (mark.Length == 0)
            return;
        Directory.CreateDirectory(Credentials.Folder);
        File.Delete(PathOf(server));
        using var stream = new FileStream(PathOf(server), new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        stream.Write(System.Text.Encoding.UTF8.GetBytes(mark));
    }
}
