using System.Text;
using Merlon.Kernel;

namespace Merlon.App.Cli.Models;

/// <summary>The files of a model on this machine: one file, or a folder with everything below it. Symbolic links are refused, never followed.</summary>
internal sealed record ModelFolder(string Root, IReadOnlyList<ModelFolder.Entry> Files)
{
    internal sealed record Entry(string Path, string FullPath, long Size, long ModifiedTicks);

    public static ModelFolder Open(string path)
    {
        var full = Path.GetFullPath(path);
        if (File.Exists(full))
        {
            var file = new FileInfo(full);
            return new ModelFolder(Path.GetDirectoryName(full)!, [ToEntry(file.Name, file)]);
        }
        if (!Directory.Exists(full))
            throw CliException.Unreachable($"There is no file or folder '{Text.Printable(path, 200)}'.");
        var entries = new List<Entry>();
        Collect(new DirectoryInfo(full), "", entries);
        if (entries.Count == 0)
            throw CliException.Unreachable($"The folder '{Text.Printable(path, 200)}' has no files.");
        entries.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new ModelFolder(full, entries);
    }

    /// <summary>What an interrupted push is recognised by.</summary>
    public string ResumeKey
    {
        get
        {
            var text = new StringBuilder(Root);
            foreach (var file in Files)
                text.Append('\n').Append(file.Path).Append('\0').Append(file.Size).Append('\0').Append(file.ModifiedTicks);
            return Digest.Of(Encoding.UTF8.GetBytes(text.ToString())).Hex;
        }
    }

    private static void Collect(DirectoryInfo folder, string prefix, List<Entry> entries)
    {
        foreach (var item in folder.EnumerateFileSystemInfos())
        {
            var path = prefix + item.Name;
            if (item.LinkTarget is not null)
                throw CliException.Refused($"'{Text.Printable(path, 200)}' is a symbolic link.", "Put the file itself into the folder: links are not followed.");
            if (item is DirectoryInfo child)
                Collect(child, path + "/", entries);
            else if ((item.Attributes & FileAttributes.Device) != 0 || item is not FileInfo file)
                throw CliException.Refused($"'{Text.Printable(path, 200)}' is not a regular file.");
            else
                entries.Add(ToEntry(path, file));
        }
    }

    private static Entry ToEntry(string path, FileInfo file) => new(path, file.FullName, file.Length, file.LastWriteTimeUtc.Ticks);
}
