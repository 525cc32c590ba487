using System.Runtime.InteropServices;
using Merlon.Sandbox.Isolation;
using Merlon.Sandbox.Isolation.Seccomp;

namespace Merlon.Sandbox.Contracts;

/// <summary>
/// What a sandboxed program gives up once it runs: starting programs, opening sockets and adding filters. The filter stands on top of the
/// sandbox's and holds for all threads.
/// </summary>
public static class SelfConfinement
{
    private const int NoNewPrivileges = 38;
    private const int SetModeFilter = 1;
    private const int AllThreads = 1;

    private static readonly string[] s_givenUp = ["execve", "socket", "seccomp"];

    /// <exception cref="IOException">The kernel refused the filter: the program must not go on.</exception>
    public static unsafe void Apply()
    {
        var rules = SyscallRule.Load();
        var numbers = rules.Where(rule => s_givenUp.Contains(rule.Name, StringComparer.Ordinal)).Select(rule => rule.Number).ToList();
        // Not in the profile at all, but this program may run without one.
        numbers.Add(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 322 : 281); // execveat
        var code = BpfProgram.Refuse(numbers).ToArray();
        if (Posix.Prctl(NoNewPrivileges, 1, 0, 0, 0) != 0)
            throw Posix.LastError("PR_SET_NO_NEW_PRIVS");

        fixed (byte* instructions = code)
        {
            // struct sock_fprog: u16 length, padding, pointer.
            var program = stackalloc nint[2];
            program[0] = code.Length / 8;
            program[1] = (nint)instructions;
            var seccomp = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 317 : 277;
            if (Posix.Syscall(seccomp, SetModeFilter, AllThreads, (nint)program) != 0)
                throw Posix.LastError("seccomp");
        }
    }
}
