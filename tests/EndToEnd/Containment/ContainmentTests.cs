using System.Globalization;
using System.Runtime.InteropServices;

namespace Merlon.EndToEnd.Tests.Containment;

/// <summary>What the kernel says about the worker of a deployed model, and where the model's bytes can be found in clear: nowhere on disk.</summary>
[Collection(ServedInstallation.Collection)]
public sealed partial class ContainmentTests(ServedInstallation served)
{
    // fcntl(2), <linux/memfd.h>: seal, shrink, grow and write are all forbidden for good.
    private const int GetSeals = 1034;
    private const int AllSeals = 0xF;

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(SafeHandle file, int command);

    private async Task<int> WorkerAsync() => (await served.WorkerAsync("fraud"))["processId"]!.GetValue<int>();

    [Fact]
    public async Task Status_OfTheWorker_ShowsNoRights()
    {
        var worker = await WorkerAsync();
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{worker}/task").Select(Path.GetFileName))
        {
            var lines = (await File.ReadAllLinesAsync($"/proc/{worker}/task/{thread}/status")).Select(l => l.Split(':', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1].Trim());
            foreach (var set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
                Assert.Equal("0000000000000000", lines[set]);
            Assert.Equal(("1", "2"), (lines["NoNewPrivs"], lines["Seccomp"]));
            Assert.All(lines["Uid"].Split('\t'), id => Assert.InRange(int.Parse(id, CultureInfo.InvariantCulture), 61010, 61183));
            Assert.All(lines["Gid"].Split('\t'), id => Assert.InRange(int.Parse(id, CultureInfo.InvariantCulture), 61010, 61183));
        }
    }

    [Fact]
    public async Task Users_OfTwoWorkersAndTheRoles_AllDiffer()
    {
        var (fraud, other) = (await WorkerAsync(), (await served.WorkerAsync("other"))["processId"]!.GetValue<int>());
        int[] processes = [fraud, other, served.Instance.ProcessOf("control"), served.Instance.ProcessOf("gateway"), served.Instance.ProcessOf("node")];
        var users = processes.Select(p => ProcessTable.Status(p, "Uid").Split('\t')[0]).ToList();
        Assert.Equal(users.Count, users.Distinct().Count());
        foreach (var role in (string[])["control", "gateway"])
        {
            var process = served.Instance.ProcessOf(role);
            Assert.Equal(("0000000000000000", "0000000000000000", "1"), (ProcessTable.Status(process, "CapEff"), ProcessTable.Status(process, "CapBnd"), ProcessTable.Status(process, "NoNewPrivs")));
        }
    }

    [Theory]
    [InlineData("mnt")]
    [InlineData("pid")]
    [InlineData("net")]
    [InlineData("ipc")]
    [InlineData("uts")]
    public async Task Namespace_OfTheWorker_IsNotTheHosts(string kind) =>
        Assert.NotEqual(new FileInfo($"/proc/self/ns/{kind}").LinkTarget, new FileInfo($"/proc/{await WorkerAsync()}/ns/{kind}").LinkTarget);

    [Fact]
    public async Task Mounts_OfTheWorker_AreReadOnlyAndNotOurs()
    {
        var worker = await WorkerAsync();
        var mounts = (await File.ReadAllLinesAsync($"/proc/{worker}/mountinfo")).Select(l => l.Split(' ')).ToList();
        Assert.Contains("ro", mounts.Single(m => m[4] == "/")[5].Split(','));
        foreach (var mount in mounts)
        {
            // The fourth field is the part of the file system that is mounted: where it lies on the host.
            foreach (var secret in (string[])[served.Instance.Data, "/etc", "/root", "/home", "/var/lib", Residue.RunFolder(served.Instance) + "/control"])
                Assert.False(mount[3].StartsWith(secret, StringComparison.Ordinal), $"{mount[3]} is mounted on {mount[4]}");
        }
        var root = $"/proc/{worker}/root";
        foreach (var absent in (string[])[served.Instance.Data, served.Instance.RootKey, "/etc/shadow", "/etc/passwd", "/bin/sh", "/usr/bin/curl"])
            Assert.False(Path.Exists(root + absent), $"the worker sees {absent}");
    }

    [Fact]
    public async Task Network_OfTheWorker_IsNone()
    {
        var worker = await WorkerAsync();
        foreach (var table in (string[])["tcp", "tcp6", "udp", "udp6", "raw", "icmp"])
            Assert.True(ProcessTable.Read(worker, "net/" + table).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length <= 1, table);
        var interfaces = ProcessTable.Read(worker, "net/dev").Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).Select(l => l.Split(':')[0].Trim());
        Assert.Empty(interfaces.Except(["lo"]));
        Assert.Empty(ProcessTable.Read(worker, "net/route").Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1));
    }

    [Fact]
    public void Network_OfTheNode_ListensOnNothing()
    {
        // Read from the node's descriptors: its network namespace is the host's.
        var node = served.Instance.ProcessOf("node");
        var sockets = Directory.EnumerateFiles($"/proc/{node}/fd").Select(f => new FileInfo(f).LinkTarget ?? "").Where(t => t.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(t => t["socket:[".Length..^1]).ToHashSet(StringComparer.Ordinal);
        foreach (var table in (string[])["tcp", "tcp6"])
        {
            foreach (var line in File.ReadLines($"/proc/{node}/net/{table}").Skip(1))
                Assert.DoesNotContain(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[9], sockets);
        }
    }

    [Fact]
    public async Task Memory_ThatHoldsTheModel_IsSealed()
    {
        var worker = await WorkerAsync();
        var model = Window(1);
        var found = 0;
        foreach (var path in MemoryFiles(worker).Concat(MemoryFiles(served.Instance.ProcessOf("node"))))
        {
            using var file = File.OpenHandle(path);
            // The runtime maps its own compiled code through a memory file of gigabytes, which is no model.
            if (RandomAccess.GetLength(file) > 1 << 30)
                continue;
            var bytes = await File.ReadAllBytesAsync(path);
            if (bytes.AsSpan().IndexOf(model) < 0)
                continue;
            found++;
            Assert.Equal(AllSeals, Fcntl(file, GetSeals) & AllSeals);
        }
        Assert.True(found > 0, "no memory file holds the model; this test looks in the wrong place");
    }

    private static IEnumerable<string> MemoryFiles(int process) =>
        Directory.EnumerateFiles($"/proc/{process}/fd").Where(f => new FileInfo(f).LinkTarget?.StartsWith("/memfd:", StringComparison.Ordinal) == true);

    [Fact]
    public void ModelBytes_InClear_AreNowhereOnDisk()
    {
        string[] folders = [served.Instance.Data, Residue.RunFolder(served.Instance), "/var/cache/merlon"];
        byte[][] windows = [Window(1), Window(2)];
        var searched = 0;
        foreach (var file in folders.Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Device })))
        {
            if (new FileInfo(file) is { LinkTarget: null, Exists: true, Length: > 64 and < 1 << 30 } && TryRead(file) is { } bytes)
            {
                searched++;
                foreach (var window in windows)
                    Assert.True(bytes.AsSpan().IndexOf(window) < 0, $"{file} holds bytes of the model in clear");
            }
        }
        Assert.True(searched > 50, $"only {searched} files were searched");
        // The search finds what is there.
        Assert.True(File.ReadAllBytes(Path.Combine(served.ModelFolder(1), "model.onnx")).AsSpan().IndexOf(windows[0]) >= 0);
    }

    /// <summary>64 bytes from the middle of the model: weights, which occur nowhere by chance.</summary>
    private byte[] Window(int version)
    {
        var model = File.ReadAllBytes(Path.Combine(served.ModelFolder(version), "model.onnx"));
        return model[(model.Length / 2)..((model.Length / 2) + 64)];
    }

    private static byte[]? TryRead(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (IOException)
        {
            // A socket, or gone meanwhile.
            return null;
        }
    }
}
