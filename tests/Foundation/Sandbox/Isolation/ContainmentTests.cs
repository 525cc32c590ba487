using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Xunit.Abstractions;

namespace Merlon.Sandbox.Tests.Isolation;

/// <summary>Hostile code in real sandboxes. Needs root, runc, bubblewrap and cc: their absence is a failure and not a skip.</summary>
public sealed partial class ContainmentTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("merlon-contain-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_HostileProgram_GetsNowhere(string kind)
    {
        // World-readable on purpose: not permissions but absence keeps it from the sandbox.
        var secret = Path.Combine(_folder.FullName, "secret");
        await File.WriteAllTextAsync(secret, "secret");
        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0b111_111_111);
        using var named = Listen(new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, "host.sock")));
        using var hidden = Listen(new UnixDomainSocketEndPoint("\0merlon-containment"));

        var handle = await StartAsync(kind, [], ["escape", Path.Combine(_folder.FullName, "host.sock"), secret], noExec: kind == "runc");
        output.WriteLine(handle.Isolation.ToString());
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("DONE escapes=0", exit.ErrorOutput);
        Assert.Equal((SandboxExitReason.Ended, 0), (exit.Reason, exit.ExitCode));
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_SystemCallOfAnotherTable_IsRefusedOrFatal(string kind)
    {
        var handle = await StartAsync(kind, [], ["x32"]);
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal("", exit.ErrorOutput);
        Assert.Contains(exit.ExitCode, (int[])[0, 128 + 31]);
    }

    [Fact]
    public void HostileProgram_OutsideASandbox_TakesAllTheProcessorTimeItCan()
    {
        // What the processor test below compares with.
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Path.Combine(HostileProgram.RootFolder, "app/hostile"), ["cpu"]) { RedirectStandardError = true, UseShellExecute = false })!;
        var used = long.Parse(Number().Match(process.StandardError.ReadToEnd()).Value, CultureInfo.InvariantCulture);
        Assert.InRange(used, 1200, 60_000);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_MemoryBomb_IsKilledAndNamed(string kind)
    {
        var handle = await StartAsync(kind, [], ["memory"], limits: new SandboxLimits { MemoryBytes = 64 * 1024 * 1024 });
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((SandboxExitReason.OutOfMemory, 137, ""), (exit.Reason, exit.ExitCode, exit.ErrorOutput));
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_ThreadBomb_StopsAtTheLimit(string kind)
    {
        var handle = await StartAsync(kind, [], ["threads"], limits: new SandboxLimits { Processes = 40 });
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(int.Parse(Number().Match(exit.ErrorOutput).Value, CultureInfo.InvariantCulture), 10, 39);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_FourSpinningThreads_GetTheirShareOfTheProcessor(string kind)
    {
        var handle = await StartAsync(kind, [], ["cpu"], limits: new SandboxLimits { Processors = 0.25 });
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(60));
        // About 2 to 3 s of wall time at a quarter of one processor.
        Assert.InRange(long.Parse(Number().Match(exit.ErrorOutput).Value, CultureInfo.InvariantCulture), 1, 1100);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_GivenHandles_AreTheOnlyOnesAndTheArtifactIsReadOnly(string kind)
    {
        var content = new byte[8192];
        var file = new ArtifactFile("model.onnx", content.Length, Digest.Of(content));
        using var memory = await MemoryFile.CreateAsync([file], new OneFile(content), CancellationToken.None);
        using var pair = SocketPair.Create();
        var handle = await StartAsync(kind, [memory.Handle, pair.Theirs], ["handles"]);
        var exit = await handle.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        // Seals: seal, shrink, grow, write (and exec where the kernel has it); opened for reading; neither written nor mapped for writing.
        Assert.Matches("^handles=0 1 2 3 4 +seals=(15|47) mode=0 write=-1 map=0$", exit.ErrorOutput);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Sandbox_KilledOrCrashed_LeavesNothingAndSaysWhy(string kind)
    {
        var sleeping = await StartAsync(kind, [], ["sleep"]);
        Assert.True(Directory.Exists($"/proc/{sleeping.ProcessId}"));
        Assert.Equal(SandboxExitReason.Killed, (await sleeping.KillAsync()).Reason);
        Assert.False(Directory.Exists($"/proc/{sleeping.ProcessId}"));

        var crashing = await StartAsync(kind, [], ["crash"]);
        Assert.Equal(SandboxExitReason.Crashed, (await crashing.Exited.WaitAsync(TimeSpan.FromSeconds(30))).Reason);
        Assert.Empty(Leftovers());
    }

    [Fact]
    public async Task SweepAsync_ContainerOfAKilledNode_IsRemovedWithItsProcessAndCgroup()
    {
        var orphan = await StartAsync("runc", [], ["sleep"]);
        Assert.NotEmpty(Leftovers());
        // A second launcher on the same folder, as after kill -9 of the first node.
        await Launcher("runc").SweepAsync(CancellationToken.None);
        Assert.False(Directory.Exists($"/proc/{orphan.ProcessId}"));
        Assert.Empty(Leftovers());
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(_folder.FullName, "bundles")));
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task StartAsync_ProgramThatIsNotThere_ThrowsWithTheLaunchersWords(string kind)
    {
        var error = await Assert.ThrowsAsync<SandboxException>(() => Launcher(kind).StartAsync(Spec([], ["x"]) with { Command = ["/app/missing"] }, CancellationToken.None));
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
        Assert.Empty(Leftovers());
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("")]
    [InlineData("A")]
    public async Task StartAsync_NameThatIsNotOne_IsRefused(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Launcher("runc").StartAsync(Spec([], ["sleep"]) with { Name = name }, CancellationToken.None));

    [Theory]
    [InlineData("runc", "")]
    [InlineData("bubblewrap", "tmp-noexec")]
    public async Task Isolation_IsReadFromTheKernel(string kind, string missing)
    {
        await using var handle = await StartAsync(kind, [], ["sleep"]);
        foreach (var property in handle.Isolation.Properties)
            output.WriteLine($"{property.Name}: {property.Holds} ({property.Observed})");
        Assert.Equal(missing, string.Join(' ', handle.Isolation.Missing));
        // The same questions about this process, which is not isolated, get the other answer.
        var ours = Sandbox.Isolation.IsolationInspector.Inspect(Environment.ProcessId, Spec([], []));
        Assert.Subset(ours.Missing.ToHashSet(StringComparer.Ordinal),
            new HashSet<string>(["own-user", "no-capabilities", "no-new-privileges", "seccomp", "own-net-namespace", "own-pid-namespace", "own-mnt-namespace", "read-only-root"], StringComparer.Ordinal));
    }

    private ISandboxLauncher Launcher(string kind) => kind == "runc"
        ? new RuncLauncher(_folder.FullName, "contain", TimeProvider.System)
        : new BubblewrapLauncher(_folder.FullName, "contain", TimeProvider.System);

    private Task<SandboxHandle> StartAsync(
        string kind, System.Runtime.InteropServices.SafeHandle[] handles, string[] arguments, SandboxLimits? limits = null, bool noExec = false) =>
        Launcher(kind).StartAsync(Spec(handles, arguments) with { Limits = limits ?? new SandboxLimits(), Environment = noExec ? ["TMP_IS_NOEXEC=1"] : [] }, CancellationToken.None);

    private static SandboxSpec Spec(System.Runtime.InteropServices.SafeHandle[] handles, string[] arguments) => new()
    {
        Name = "t" + Guid.CreateVersion7().ToString("N")[20..],
        RootFolder = HostileProgram.RootFolder,
        Command = ["/app/hostile", .. arguments],
        UserId = 64002,
        GroupId = 64002,
        Handles = [.. handles],
    };

    private static string[] Leftovers() => [.. Directory.EnumerateDirectories("/sys/fs/cgroup", "contain-*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3 })];

    private static Socket Listen(UnixDomainSocketEndPoint point)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(point);
        socket.Listen(1);
        return socket;
    }

    [GeneratedRegex("[0-9]+", RegexOptions.NonBacktracking)]
    private static partial Regex Number();

    private sealed class OneFile(byte[] content) : IArtifactReader
    {
        public Stream OpenFile(string path) => new MemoryStream(content);
    }
}
