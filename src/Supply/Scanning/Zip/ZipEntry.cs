namespace Merlon.Scanning.Zip;

/// <summary>One entry, as both of its headers say.</summary>
/// <param name="HeaderAt">Where its local header begins.</param>
/// <param name="DataAt">Where its content begins.</param>
internal sealed record ZipEntry(string Name, bool Deflated, bool HasDescriptor, uint Crc, long Stored, long Size, long HeaderAt, long DataAt)
{
    public bool IsFolder => Name.EndsWith('/');
}

/// <summary>The archive is not one that every reader understands alike.</summary>
internal sealed class ZipFormatException(string rule, string message, long at) : Exception(message)
{
    public string Rule { get; } = rule;
    public long At { get; } = at;
}
