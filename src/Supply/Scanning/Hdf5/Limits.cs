namespace Merlon.Scanning.Hdf5;

/// <summary>All bounds on an HDF5 file.</summary>
internal static class Limits
{
    public const int Objects = 200_000;
    public const int Messages = 2_000_000;
    public const int Depth = 64;

    /// <summary>Bytes of one object header with its continuations.</summary>
    public const int HeaderBytes = 16 * 1024 * 1024;
    public const int BlockBytes = 64 * 1024 * 1024;

    /// <summary>Nodes of all B-trees.</summary>
    public const int Nodes = 1_000_000;
    public const int NameBytes = 64 * 1024;

    /// <summary>Largest configuration in an attribute.</summary>
    public const int ConfigurationBytes = 32 * 1024 * 1024;
}
