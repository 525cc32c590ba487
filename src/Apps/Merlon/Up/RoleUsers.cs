using System.Runtime.InteropServices;

namespace Merlon.App.Up;

/// <summary>The users that the roles run as when Merlon is started by root. Plain numbers: no account has to exist.</summary>
internal static partial class RoleUsers
{
    public const int Control = 61001;
    public const int Gateway = 61002;
    public const int Scanner = 61003;

    /// <summary>The first of the users that workers get, one each.</summary>
    public const int FirstWorker = 61010;
    public const int LastWorker = 61183;

    public static bool IsRoot => GetEffectiveUser() == 0;

    /// <summary>Gives a file or folder to a user and group; does nothing unless run by root.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Give(string path, int user, int group, UnixFileMode mode)
    {
        File.SetUnixFileMode(path, mode);
        if (IsRoot && ChangeOwner(path, (uint)user, (uint)group) != 0)
            throw new IOException($"The owner of '{path}' cannot be set: {Marshal.GetLastPInvokeErrorMessage()}.");
        // Changing the owner clears the set-group-id bit.
        File.SetUnixFileMode(path, mode);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Signal(int processId, int signal);
}
