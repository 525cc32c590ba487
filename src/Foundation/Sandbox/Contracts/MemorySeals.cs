using Merlon.Sandbox.Isolation;
using Microsoft.Win32.SafeHandles;

namespace Merlon.Sandbox.Contracts;

/// <summary>The receiver's check of a <see cref="MemoryFile"/>.</summary>
public static class MemorySeals
{
    private const int All = Posix.SealSeal | Posix.SealShrink | Posix.SealGrow | Posix.SealWrite;

    /// <summary>True when nobody, whoever holds it, can still change what the file holds.</summary>
    public static bool AreComplete(SafeFileHandle handle) =>
        Posix.Fcntl((int)handle.DangerousGetHandle(), Posix.FGetSeals, 0) is >= 0 and var seals && (seals & All) == All;
}
