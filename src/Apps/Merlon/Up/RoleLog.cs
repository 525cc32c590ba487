using System.Text;

namespace Merlon.App.Up;

/// <summary>A role's log file, bounded: at the limit it becomes <c>NAME.log.1</c> and a new one begins.</summary>
internal sealed class RoleLog(string folder, string role) : IDisposable
{
    private const string OwnPrefix = "merlon: ";
    private const long MaxBytes = 16 << 20;
    private const int MaxProblem = 300;
    private readonly Lock _lock = new();
    private FileStream? _file;

    public string FilePath { get; } = Path.Combine(folder, role + ".log");

    /// <summary>The last line that told of a warning or worse.</summary>
    public string LastProblem { get; private set; } = "";

    public void Write(string line)
    {
        lock (_lock)
        {
            // The roles' console writes time, level, source; what is no log line begins with our name, or is an exception that nobody caught.
            if (line.StartsWith(OwnPrefix, StringComparison.Ordinal))
                LastProblem = line[OwnPrefix.Length..];
            else if (line.Contains("Z fail: ", StringComparison.Ordinal) || line.Contains("Z crit: ", StringComparison.Ordinal) || line.StartsWith("Unhandled exception.", StringComparison.Ordinal))
                LastProblem = line.Length > MaxProblem ? line[..MaxProblem] + "…" : line;
            try
            {
                _file ??= Open();
                if (_file.Position > MaxBytes)
                    Rotate();
                _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
            }
            catch (IOException)
            {
                // A full disk stops what needs evidence; the log of a role is not evidence and must not stop the role.
                _file?.Dispose();
                _file = null;
            }
        }
    }

    private void Rotate()
    {
        _file!.Dispose();
        File.Move(FilePath, FilePath + ".1", overwrite: true);
        _file = Open();
    }

    // Without a buffer: one would be written once more when the file is closed, and fail on a full disk where nobody expects it.
    private FileStream Open() => new(FilePath, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void Dispose() => _file?.Dispose();
}
