using System.Collections.Immutable;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;
using Merlon.Scanning.Contracts;

namespace Merlon.App.Cli.Scanning;

/// <param name="Path">As people named it.</param>
/// <param name="Folder">The folder that was given, or the file's own: what the file may refer to lies in it.</param>
/// <param name="Refused">Why it is not even opened.</param>
internal sealed record ScanTarget(string Path, string Folder, long Size, Finding? Refused = null)
{
    /// <summary>It was given by itself, not with its folder.</summary>
    public bool Alone { get; init; }
}

/// <summary>The files to look into. Symbolic links and special files are findings, and never opened.</summary>
internal sealed class ScanTargets : IArtifactReader, IDisposable
{
    private const string StandardInput = "-";
    private const long StandardInputBytes = 8L * 1024 * 1024 * 1024;

    /// <summary>Files that one scan may refer to.</summary>
    private const int BesideFiles = 1000;

    private readonly List<ScanTarget> _files = [];
    private readonly List<string> _unreadable = [];
    private MemoryFile? _input;

    public IReadOnlyList<ScanTarget> Files => _files;
    public IReadOnlyList<string> Unreadable => _unreadable;

    public static async Task<ScanTargets> OpenAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var targets = new ScanTargets();
        foreach (var path in paths.Distinct(StringComparer.Ordinal))
        {
            if (path == StandardInput)
                await targets.AddInputAsync(cancellationToken);
            else if (Directory.Exists(path))
                targets.AddFolder(path);
            else
                targets.AddFile(path, System.IO.Path.GetDirectoryName(path) ?? "", alone: true);
        }
        return targets;
    }

    /// <summary>The target and the files of its folder, each with its size.</summary>
    public ImmutableArray<ContentFile> Beside(ScanTarget target) =>
    [
        new ContentFile(target.Path, target.Size),
        .. target.Path == StandardInput ? [] : (target.Alone ? InFolder(target.Folder) : _files)
            .Where(file => file.Path != target.Path && file.Refused is null && file.Path != StandardInput && file.Folder == target.Folder)
            .Take(BesideFiles).Select(file => new ContentFile(file.Path, file.Size)),
    ];

    public Stream OpenFile(string path) =>
        path == StandardInput ? File.OpenRead($"/proc/self/fd/{_input!.Handle.DangerousGetHandle()}") : RegularFile.Open(path);

    public void Dispose() => _input?.Dispose();

    // A model that was given alone may keep its weights beside itself.
    private static IEnumerable<ScanTarget> InFolder(string folder) =>
        new DirectoryInfo(folder.Length == 0 ? "." : folder).EnumerateFiles().Where(file => file.LinkTarget is null).OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => new ScanTarget(System.IO.Path.Combine(folder, file.Name), folder, file.Length));

    private async Task AddInputAsync(CancellationToken cancellationToken)
    {
        await using var input = Console.OpenStandardInput();
        try
        {
            _input = await MemoryFile.CreateAsync(input, StandardInputBytes, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw CliException.Unreachable($"Standard input cannot be scanned: {e.Message}", "Give the file by its path.");
        }
        _files.Add(new ScanTarget(StandardInput, StandardInput, _input.Length));
    }

    private void AddFolder(string folder)
    {
        var pending = new Stack<string>([folder]);
        while (pending.TryPop(out var current))
        {
            try
            {
                foreach (var entry in new DirectoryInfo(current).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
                {
                    var path = System.IO.Path.Combine(current, entry.Name);
                    if (entry is DirectoryInfo && entry.LinkTarget is null)
                        pending.Push(path);
                    else
                        AddFile(path, folder);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _unreadable.Add($"The folder '{Text.Printable(current, 300)}' cannot be read: {e.Message}");
            }
        }
    }

    private void AddFile(string path, string folder, bool alone = false)
    {
        try
        {
            if (new FileInfo(path).LinkTarget is { } link)
            {
                _files.Add(new ScanTarget(path, folder, 0, new Finding("file.symbolic-link", Verdict.Block, $"The file is a symbolic link to '{Text.Printable(link, 200)}'.", path)));
                return;
            }
            using var stream = RegularFile.Open(path);
            _files.Add(new ScanTarget(path, folder, stream.Length) { Alone = alone });
        }
        catch (RegularFile.SpecialFileException)
        {
            _files.Add(new ScanTarget(path, folder, 0, new Finding("file.special", Verdict.Block, "The file is a device, a pipe or a socket.", path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _unreadable.Add($"'{Text.Printable(path, 300)}' cannot be read: {e.Message}");
        }
    }
}
