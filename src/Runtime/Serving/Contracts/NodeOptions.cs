namespace Merlon.Serving.Contracts;

/// <summary>What a node needs to know of its machine.</summary>
public sealed record NodeOptions
{
    /// <summary>Unix socket of control.</summary>
    public required string ControlSocket { get; init; }

    /// <summary>The node's start token.</summary>
    public required string RoleToken { get; init; }

    /// <summary>Folder of the sealed files.</summary>
    public required string BlobDirectory { get; init; }

    /// <summary>Folder of the sockets on which workers answer.</summary>
    public required string SocketDirectory { get; init; }

    /// <summary>Published model worker and scan worker.</summary>
    public required string ModelWorkerDirectory { get; init; }
    public required string ScanWorkerDirectory { get; init; }

    /// <summary>Users for workers, one each, from the first to the last; and the one of scan workers.</summary>
    public required int FirstWorkerUser { get; init; }
    public required int LastWorkerUser { get; init; }
    public required int ScannerUser { get; init; }

    /// <summary>Group that may connect to workers: the gateway's. Null when everything runs as one user.</summary>
    public int? GatewayGroup { get; init; }
}
