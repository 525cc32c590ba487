using Merlon.Scanning.Content;

namespace Merlon.Scanning.Hdf5;

/// <summary>HDF5, and the Keras 2 models in it.</summary>
internal sealed class Hdf5Scanner : IContentScanner
{
    public string Format => "hdf5";
    public bool NeedsSeek => true;

    public bool Recognises(ReadOnlySpan<byte> head, ContentTarget target) => Hdf5File.Begins(head);

    public void Scan(ContentTarget target, ContentScan scan)
    {
        try
        {
            var file = new Hdf5File(target.Content);
            if (file.End > (ulong)target.Content.Length)
                throw new MalformedException("hdf5.bounds", "The file is shorter than it says.");
            if (file.End < (ulong)target.Content.Length)
                throw new MalformedException("hdf5.trailing", $"{(ulong)target.Content.Length - file.End} bytes follow the end that the file declares.", (long)file.End);
            var walk = new Hdf5Walk(file, target, scan);
            walk.Run();
            if (walk.IsKeras)
                scan.Rename(target, "keras-h5");
            if (ZipEnding.Is(target.Content))
                throw new MalformedException("hdf5.trailing", "The file ends as a zip archive does.");
        }
        catch (MalformedException e)
        {
            scan.Block(target, e);
        }
    }
}
