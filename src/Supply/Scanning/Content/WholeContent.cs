namespace Merlon.Scanning.Content;

/// <summary>Small content, read at once.</summary>
internal static class WholeContent
{
    /// <summary>All bytes, or null when there are more than <paramref name="bound"/>.</summary>
    public static byte[]? Read(Stream content, long size, int bound)
    {
        if (size > bound)
            return null;
        using var kept = new MemoryStream(size > 0 ? (int)size : 0);
        var piece = new byte[64 * 1024];
        int count;
        while ((count = content.Read(piece)) > 0)
        {
            if (kept.Length + count > bound)
                return null;
            kept.Write(piece.AsSpan(0, count));
        }
        return kept.ToArray();
    }
}
