namespace Merlon.Serving.Contracts;

/// <summary>
/// Where a revision's worker answers. It follows from the revision alone, so control can name it before the node has spoken: a control that has just
/// started must not take the routes from gateways and workers that went on without it.
/// </summary>
public sealed record WorkerAddress(string Directory)
{
    // The last characters of a UUIDv7 are its random ones; the path of a Unix socket has at most 107 bytes.
    public string Of(Guid revisionId) => Path.Combine(Directory, revisionId.ToString("n")[^16..] + ".sock");
}
