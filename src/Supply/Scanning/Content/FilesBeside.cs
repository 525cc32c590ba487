using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Content;

/// <summary>The file that was given and those beside it, for formats that spread over several files.</summary>
internal sealed class FilesBeside(ContentScanRequest request, IArtifactReader artifact)
{
    public string Target => request.Target;
    public IReadOnlyList<ContentFile> Files => request.Files;

    public Stream Open(string path) => artifact.OpenFile(path);
}
