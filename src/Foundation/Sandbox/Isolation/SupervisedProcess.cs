using System.Runtime.InteropServices;
using System.Text;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation;

/// <summary>
/// One child process, started with exactly the handles it is given and nothing else open. Its own thread starts it, drains its stderr and waits for
/// it: bubblewrap's promise to die with its parent is about the thread that made it, so that thread must live as long as the child.
/// </summary>
internal sealed class SupervisedProcess
{
    private const int KeptErrorBytes = 4096;

    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _error = new byte[KeptErrorBytes];
    private int _errorLength;

    private SupervisedProcess()
    {
    }

    public int ProcessId { get; private set; }

    /// <summary>The exit code, or 128 + signal.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>The beginning of stderr so far, made printable.</summary>
    public string ErrorOutput
    {
        get
        {
            lock (_error)
                return Text.Printable(Encoding.UTF8.GetString(_error, 0, _errorLength).Trim(), KeptErrorBytes);
        }
    }

    /// <param name="handles">Become 3, 4 and so on.</param>
    /// <exception cref="SandboxException">The program could not be started.</exception>
    public static Task<SupervisedProcess> StartAsync(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, IReadOnlyList<SafeHandle> handles)
    {
        var started = new TaskCompletionSource<SupervisedProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => new SupervisedProcess().Run(program, arguments, environment, handles, started), maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = "supervise " + Path.GetFileName(program),
        };
        thread.Start();
        return started.Task;
    }

    /// <summary>Runs a short command to its end. Returns its exit code and stderr.</summary>
    public static async Task<(int Code, string Error)> RunAsync(string program, params IReadOnlyList<string> arguments)
    {
        var process = await StartAsync(program, arguments, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], []).ConfigureAwait(false);
        var code = await process.Exited.ConfigureAwait(false);
        return (code, process.ErrorOutput);
    }

    private void Run(
        string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, IReadOnlyList<SafeHandle> handles, TaskCompletionSource<SupervisedProcess> started)
    {
        int readEnd;
        try
        {
            ProcessId = Spawn(program, [program, .. arguments], environment, handles, out readEnd);
        }
        catch (Exception e)
        {
            started.SetException(e);
            return;
        }
        started.SetResult(this);
        Drain(readEnd);
        _exited.SetResult(Wait());
    }

    private static unsafe int Spawn(string program, IReadOnlyList<string> arguments, IReadOnlyList<string> environment, IReadOnlyList<SafeHandle> handles, out int readEnd)
    {
        var actions = stackalloc byte[1024];
        var attributes = stackalloc byte[1024];
        var signals = stackalloc byte[128];
        var pipe = stackalloc int[2];
        var held = new List<SafeHandle>();
        var copies = new List<int>();
        const int closeOnExec = 0x80000;
        if (Posix.Pipe2(pipe, closeOnExec) != 0)
            throw Posix.LastError("pipe2");
        readEnd = pipe[0];
        Posix.SpawnActionsInit(actions);
        Posix.SpawnAttributesInit(attributes);
        try
        {
            var nothing = Keep(copies, Posix.Open("/dev/null", 2 | closeOnExec), "open /dev/null");
            Posix.SpawnActionsAddDup2(actions, nothing, 0);
            Posix.SpawnActionsAddDup2(actions, nothing, 1);
            Posix.SpawnActionsAddDup2(actions, Keep(copies, Posix.Fcntl(pipe[1], Posix.FDupFdCloExec, 64), "dup"), 2);
            for (var i = 0; i < handles.Count; i++)
            {
                var added = false;
                handles[i].DangerousAddRef(ref added);
                held.Add(handles[i]);
                // Copied above the targets first: a source may have the number of another's target.
                var copy = Keep(copies, Posix.Fcntl((int)handles[i].DangerousGetHandle(), Posix.FDupFdCloExec, 64), "dup");
                Posix.SpawnActionsAddDup2(actions, copy, 3 + i);
            }
            Posix.SpawnActionsAddCloseFrom(actions, 3 + handles.Count);

            // .NET ignores SIGPIPE and may block signals in this thread; the child starts with neither.
            const short setSigDefault = 4, setSigMask = 8;
            Posix.SpawnAttributesSetSigMask(attributes, signals);
            new Span<byte>(signals, 128).Fill(0xFF);
            Posix.SpawnAttributesSetSigDefault(attributes, signals);
            Posix.SpawnAttributesSetFlags(attributes, setSigDefault | setSigMask);

            using var path = new Utf8Array([program]);
            using var argv = new Utf8Array(arguments);
            using var env = new Utf8Array(environment);
            int pid;
            var error = Posix.Spawn(&pid, path.Pointer[0], actions, attributes, argv.Pointer, env.Pointer);
            if (error != 0)
                throw new SandboxException($"{program} could not be started: {Marshal.GetPInvokeErrorMessage(error)}.");
            return pid;
        }
        catch
        {
            Posix.Close(readEnd);
            throw;
        }
        finally
        {
            Posix.SpawnActionsDestroy(actions);
            Posix.SpawnAttributesDestroy(attributes);
            Posix.Close(pipe[1]);
            copies.ForEach(fd => Posix.Close(fd));
            held.ForEach(handle => handle.DangerousRelease());
        }
    }

    private static int Keep(List<int> copies, int fd, string what)
    {
        if (fd < 0)
            throw Posix.LastError(what);
        copies.Add(fd);
        return fd;
    }

    private unsafe void Drain(int fd)
    {
        var buffer = stackalloc byte[4096];
        while (true)
        {
            var count = (int)Posix.Read(fd, buffer, 4096);
            if (count < 0 && Marshal.GetLastPInvokeError() == Posix.EIntr)
                continue;
            if (count <= 0)
                break;
            lock (_error)
            {
                // What is past the bound is read and dropped, so that a chatty program neither blocks nor fills memory.
                var kept = Math.Min(count, _error.Length - _errorLength);
                new ReadOnlySpan<byte>(buffer, kept).CopyTo(_error.AsSpan(_errorLength));
                _errorLength += kept;
            }
        }
        Posix.Close(fd);
    }

    private unsafe int Wait()
    {
        int status;
        while (Posix.WaitPid(ProcessId, &status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Posix.EIntr)
                return 255;
        }
        var signal = status & 0x7F;
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal;
    }

    /// <summary>A NULL-terminated array of C strings.</summary>
    private sealed unsafe class Utf8Array : IDisposable
    {
        private readonly int _count;

        public Utf8Array(IReadOnlyList<string> strings)
        {
            _count = strings.Count;
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)(_count + 1), (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        }

        public byte** Pointer { get; }

        public void Dispose()
        {
            for (var i = 0; i < _count; i++)
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            NativeMemory.Free(Pointer);
        }
    }
}
