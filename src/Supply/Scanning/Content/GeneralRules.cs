namespace Merlon.Scanning.Content;

/// <summary>Rules of the scan itself, of files as such, and of content inside content.</summary>
internal static class GeneralRules
{
    private const string UnsafeArtifact = "AML.T0011.000";
    private const string Split = "Scan it alone with more memory or time only if you trust where it is from; else refuse it.";

    public static IReadOnlyList<RuleInfo> Catalog { get; } =
    [
        new("scan.crashed", "The scan ended without a report", "A file that breaks a parser may be made to break the loader too.", "Refuse the file; if you made it yourself, write it again.", UnsafeArtifact, 754),
        new("scan.deadline", "The scan took too long", "A file that keeps a parser busy for ever has not been looked at.", Split, UnsafeArtifact, 400),
        new("scan.memory", "The scan needed too much memory", "A file that grows without bound takes the machine down that loads it.", Split, UnsafeArtifact, 400),
        new("scan.worker-misbehaved", "The scanning process broke its protocol", "The parser may have been taken over by what it parsed.", "Refuse the file, and tell the makers of Merlon.", UnsafeArtifact, 754),
        new("scan.too-many-findings", "There are too many findings to list", "The rest is the same story.", "See the first findings.", null, 0),
        new("file.unknown", "No format that is understood", "What cannot be read cannot be judged; loaders may still run it.", "Remove the file, or convert it to a format that can be checked.", UnsafeArtifact, 434),
        new("file.kind", "A file that is not served", "A model needs its own file, its weights and text; whatever else comes along is one more thing to trust.", "Remove it, or let the environment take formats that are understood (formats: understood).", null, 0),
        new("file.symbolic-link", "A symbolic link", "It names a file outside of what is being checked, and may name another one tomorrow.", "Put the file itself in its place.", UnsafeArtifact, 59),
        new("file.special", "Not a regular file", "A device, pipe or socket has no content that stays.", "Remove it.", null, 67),
        new("artifact.unreadable", "The file changed or could not be read", "What was not read was not judged.", "Scan again when nobody writes to it.", null, 367),
        new("archive.too-large", "Compressed content grows too large", "An archive bomb fills the disk or memory of whoever opens it.", "Give the files uncompressed.", "AML.T0029", 409),
        new("archive.too-deep", "Content nested too deeply", "Archives in archives hide content from scanners.", "Give the files without the wrapping.", UnsafeArtifact, 409),
        new("archive.nested-too-large", "A compressed part is too large to be looked at", "It would have to be unpacked to be read.", "Give it uncompressed.", UnsafeArtifact, 409),
    ];
}
