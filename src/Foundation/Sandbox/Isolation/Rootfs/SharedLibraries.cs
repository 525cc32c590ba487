using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Isolation.Rootfs;

/// <summary>The system libraries that a set of ELF files needs, found where the loader would find them.</summary>
internal static class SharedLibraries
{
    private static readonly string[] s_folders =
    [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ];

    /// <summary>Paths of libraries and program interpreters, each as the loader inside the sandbox will look for it.</summary>
    /// <param name="files">The files of the program.</param>
    /// <param name="opened">Names of libraries opened at run time, which no header mentions; one that is absent is left out.</param>
    /// <exception cref="SandboxException">A needed library is not on this machine.</exception>
    public static IReadOnlyCollection<string> Resolve(IEnumerable<string> files, IEnumerable<string> opened)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var own = files.ToArray();
        var ownNames = own.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        var queue = new Queue<string>(own);
        foreach (var path in opened.Select(Find).OfType<string>())
        {
            if (found.Add(path))
                queue.Enqueue(path);
        }
        while (queue.TryDequeue(out var file))
        {
            if (ElfFile.Read(file) is not { } elf)
                continue;
            if (elf.Interpreter is not null)
                found.Add(elf.Interpreter);
            foreach (var name in elf.Needed)
            {
                // Tracing for developers; the runtime does without it.
                if (ownNames.Contains(name) || name.StartsWith("liblttng-ust", StringComparison.Ordinal) || name.StartsWith("ld-linux", StringComparison.Ordinal))
                    continue;
                var path = Find(name) ?? throw new SandboxException($"{Path.GetFileName(file)} needs {name}, which is not installed.");
                if (found.Add(path))
                    queue.Enqueue(path);
            }
        }
        return found;
    }

    private static string? Find(string name) => s_folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
