namespace Merlon.Serving.Contracts;

/// <summary>What the control side of Serving needs to know.</summary>
public sealed record ServingOptions
{
    /// <summary>Folder of the sockets on which workers answer; the same that nodes are given.</summary>
    public required string SocketDirectory { get; init; }

    /// <summary>
    /// Where a revision's worker answers. Derived, so that control knows it without the node: after a restart of control the gateways keep their routes.
    /// </summary>
    public static string SocketPath(string directory, Guid revisionId) =>
        // The last characters of a UUIDv7 are its random ones; a socket's path has at most 107 bytes.
        Path.Combine(directory, revisionId.ToString("n")[^16..] + ".sock");
}
