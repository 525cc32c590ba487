using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>
/// The HDF5 library looks for its signature at 0, 512, 1024, 2048 and so on (specification II.A): a file of another format can be one too, from there on.
/// </summary>
internal static class Hdf5Elsewhere
{
    private const int First = 512;

    public static bool Is(ReadOnlySpan<byte> head, ContentTarget target)
    {
        for (var at = First; at < head.Length; at *= 2)
        {
            if (Hdf5File.Begins(head[at..]))
                return true;
        }
        // Content that only flows would have to be unpacked before the library could open it; its begin is looked at all the same.
        if (!target.Content.CanSeek)
            return false;
        var signature = new byte[8];
        for (long at = First; at + signature.Length <= target.Content.Length; at *= 2)
        {
            target.Content.Position = at;
            target.Content.ReadExactly(signature);
            if (Hdf5File.Begins(signature))
            {
                target.Content.Position = 0;
                return true;
            }
        }
        target.Content.Position = 0;
        return false;
    }
}
