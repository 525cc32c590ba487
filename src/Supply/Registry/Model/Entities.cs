using Merlon.Kernel;

namespace Merlon.Registry.Model;

/// <summary>A name under which versions stand.</summary>
internal sealed class ModelEntry
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string Name { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An immutable version. Rows are only ever added.</summary>
internal sealed class ModelVersion
{
    public required Guid Id { get; init; }
    public required Guid ModelId { get; init; }
    public required int Number { get; init; }
    public required Digest Manifest { get; init; }
    public required string Author { get; init; }
    public required long TotalBytes { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public ModelEntry? Model { get; init; }
    public List<VersionFile> Files { get; init; } = [];
}

/// <summary>One file of a version, and the sealed content it points to.</summary>
internal sealed class VersionFile
{
    public required Guid VersionId { get; init; }
    public required string Path { get; init; }
    public required Guid BlobId { get; init; }
    public Blob? Blob { get; init; }
}

/// <summary>Sealed content, stored once per project. The name on disk says nothing about what is inside.</summary>
internal sealed class Blob
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required Digest Sha256 { get; init; }
    public required long Size { get; init; }
    public required Digest MessageId { get; init; }

    /// <summary>Merkle root over the frame tags: binds the frames to each other and to the message.</summary>
    public required Digest FrameRoot { get; init; }

    /// <summary>Key slot: the object key under which <see cref="WrappedDataKey"/> is wrapped.</summary>
    public required string ObjectKeyId { get; init; }
    public required byte[] WrappedDataKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Relative to the blob folder; derived, so that a row cannot point elsewhere.</summary>
    public string RelativePath => PathFor(Organisation, Project, Id);

    public static string PathFor(Guid organisation, Guid project, Guid id) => $"{organisation:n}/{project:n}/{id:n}.sealed";
}

/// <summary>A push in progress. Invisible to everyone but its author until it is committed.</summary>
internal sealed class Upload
{
    public required Guid Id { get; init; }
    public required Guid Organisation { get; init; }
    public required Guid Project { get; init; }
    public required string ModelName { get; init; }
    public required string Author { get; init; }

    /// <summary>What the client resumes by: a digest over the list of files as the client saw it.</summary>
    public required string ResumeKey { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset TouchedAt { get; set; }
    public List<UploadFile> Files { get; init; } = [];
}

/// <summary>One file of a push in progress.</summary>
internal sealed class UploadFile
{
    public required Guid UploadId { get; init; }
    public required int Index { get; init; }
    public required string Path { get; init; }
    public required long Size { get; init; }
    public required Guid BlobId { get; init; }
    public required string ObjectKeyId { get; set; }
    public required byte[] WrappedDataKey { get; set; }

    /// <summary>Set when the file is complete, sealed and on disk.</summary>
    public Digest? Sha256 { get; set; }
    public Digest? MessageId { get; set; }
    public Digest? FrameRoot { get; set; }
}
