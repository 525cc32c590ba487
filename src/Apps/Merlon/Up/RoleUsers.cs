using System.Runtime.InteropServices;
using Merlon.Sandbox.Contracts;

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

    public static bool IsRoot => FileOwner.IsRoot;

    /// <summary>Gives a file or folder to a role; sets only the mode unless run by root.</summary>
    public static void Give(string path, int user, int group, UnixFileMode mode) => FileOwner.Give(path, user, group, mode);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Signal(int processId, int signal);
}
