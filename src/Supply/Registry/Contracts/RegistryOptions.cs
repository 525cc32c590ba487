namespace Merlon.Registry.Contracts;

/// <summary>Where sealed content is kept.</summary>
public sealed record RegistryOptions
{
    /// <summary>Folder of the sealed files.</summary>
    public required string BlobDirectory { get; init; }

    /// <summary>Folder of uploads in progress; on the same file system as <see cref="BlobDirectory"/>.</summary>
    public required string StagingDirectory { get; init; }

    /// <summary>An upload that nobody has touched for this long is removed.</summary>
    public TimeSpan UploadLifetime { get; init; } = TimeSpan.FromHours(24);
}
