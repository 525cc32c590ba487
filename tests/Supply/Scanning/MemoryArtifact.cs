using System.Collections.Immutable;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Tests;

/// <summary>An artifact of a few files in memory.</summary>
internal sealed class MemoryArtifact(params (string Path, byte[] Content)[] files) : IArtifactReader
{
    public ImmutableArray<ArtifactFile> Files { get; } = [.. files.Select(file => new ArtifactFile(file.Path, file.Content.Length, Digest.Of(file.Content)))];

    public Stream OpenFile(string path) => new MemoryStream(files.Single(file => file.Path == path).Content, writable: false);

    public ScanReport Scan(params string[] allowedDomains) => FormatScanner.Scan(new ScanRequest { Files = Files, AllowedDomains = [.. allowedDomains] }, this);
}
