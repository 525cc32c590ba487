using System.Runtime.InteropServices;

namespace Merlon.Sandbox.Contracts;

/// <summary>Gives files to the users that roles and workers run as.</summary>
public static partial class FileOwner
{
    /// <summary>True for the one user who may give files away.</summary>
    public static bool IsRoot => GetEffectiveUser() == 0;

    /// <summary>Sets mode and, when run by root, owner and group; null leaves one as it is.</summary>
    /// <exception cref="IOException">The system refused.</exception>
    public static void Give(string path, int? user, int? group, UnixFileMode mode)
    {
        const uint unchanged = uint.MaxValue;
        if (IsRoot && ChangeOwner(path, (uint?)user ?? unchanged, (uint?)group ?? unchanged) != 0)
            throw new IOException($"The owner of '{path}' cannot be set: {Marshal.GetLastPInvokeErrorMessage()}.");
        // Last, because changing the owner clears the set-group-id bit.
        File.SetUnixFileMode(path, mode);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
