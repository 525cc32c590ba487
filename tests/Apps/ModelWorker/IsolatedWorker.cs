using System.Net.Sockets;
using Merlon.Kernel;
using Merlon.Onnx.Tests.Models;
using Merlon.Sandbox.Contracts;

namespace Merlon.ModelWorker.Tests;

/// <summary>A real worker in a real sandbox, serving one of the test models.</summary>
internal sealed class IsolatedWorker : IAsyncDisposable
{
    private static readonly Lazy<string> s_root = new(() =>
        new RootfsBuilder(Path.Combine(Path.GetTempPath(), "merlon-test-roots")).Build(WorkerFolder));

    private readonly DirectoryInfo _folder;
    private readonly MemoryFile _memory;
    private readonly Socket _listener;

    private IsolatedWorker(DirectoryInfo folder, MemoryFile memory, Socket listener, WorkerLaunch launch, string socketPath, SandboxHandle handle)
    {
        _folder = folder;
        _memory = memory;
        _listener = listener;
        Launch = launch;
        SocketPath = socketPath;
        Handle = handle;
    }

    public WorkerLaunch Launch { get; }
    public string SocketPath { get; }
    public SandboxHandle Handle { get; }

    /// <summary>The worker as built, beside these tests.</summary>
    public static string WorkerFolder => Path.GetDirectoryName(typeof(IsolatedWorker).Assembly.Location)! is var own
        ? own.Replace("/tests/Apps/", "/src/Apps/", StringComparison.Ordinal)
        : "";

    public static ISandboxLauncher Launcher(string kind, string runFolder) => kind == "runc"
        ? new RuncLauncher(runFolder, "test", TimeProvider.System)
        : new BubblewrapLauncher(runFolder, "test", TimeProvider.System);

    public static async Task<IsolatedWorker> StartAsync(
        string kind, string model, Func<WorkerLaunch, WorkerLaunch>? change = null, SandboxLimits? limits = null, string? withoutVariable = null)
    {
        var folder = Directory.CreateTempSubdirectory("merlon-w-");
        var artifact = new FolderArtifact(TestModels.Folder(model));
        var files = artifact.Files.Where(file => file.Path != "cases.json").ToArray();
        var memory = await MemoryFile.CreateAsync(files, artifact, CancellationToken.None);
        var path = Path.Combine(folder.FullName, "w.sock");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(16);
        var launch = new WorkerLaunch { Files = [.. files], Manifest = ManifestDigest.Compute(files), MainFile = "model.onnx" };
        launch = change?.Invoke(launch) ?? launch;
        limits ??= new SandboxLimits { MemoryBytes = 512 * 1024 * 1024, Processors = 2 };
        var handle = await Launcher(kind, folder.FullName).StartAsync(new SandboxSpec
        {
            Name = "w" + Guid.CreateVersion7().ToString("N")[20..],
            RootFolder = s_root.Value,
            Command = [.. RootfsBuilder.Command("Merlon.ModelWorker.dll")],
            Environment = [.. launch.ToEnvironment(limits).Where(line => line.Split('=')[0] != withoutVariable)],
            UserId = 64001,
            GroupId = 64001,
            Limits = limits,
            Handles = [memory.Handle, listener.SafeHandle],
        }, CancellationToken.None);
        return new IsolatedWorker(folder, memory, listener, launch, path, handle);
    }

    public async Task<WorkerClient> ConnectAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            return await WorkerClient.ConnectAsync(SocketPath, Launch.Manifest, patience.Token);
        }
        catch (WorkerUnavailableException e)
        {
            throw new InvalidOperationException($"The worker did not serve: {await Handle.Exited}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Handle.DisposeAsync();
        _memory.Dispose();
        _listener.Dispose();
        _folder.Delete(recursive: true);
    }

    internal sealed class FolderArtifact(string folder) : IArtifactReader
    {
        public IReadOnlyList<ArtifactFile> Files { get; } = [.. Directory.EnumerateFiles(folder).Select(path =>
            new ArtifactFile(Path.GetFileName(path), new FileInfo(path).Length, Digest.Of(File.ReadAllBytes(path))))];

        public Stream OpenFile(string path) => File.OpenRead(Path.Combine(folder, path));
    }
}
