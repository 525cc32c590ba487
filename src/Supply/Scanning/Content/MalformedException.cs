namespace Merlon.Scanning.Content;

/// <summary>A parser cannot go on. Never leaves the scanner of its format, which makes a finding of it.</summary>
internal sealed class MalformedException(string rule, string message, long offset = -1) : Exception(message)
{
    public string Rule { get; } = rule;

    /// <summary>Where in the file; −1 when that says nothing.</summary>
    public long Offset { get; } = offset;
}
