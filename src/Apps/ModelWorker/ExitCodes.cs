namespace Merlon.ModelWorker;

/// <summary>How a worker that cannot serve ends; beside them the codes of signals (128 + n) and of the .NET runtime.</summary>
internal static class ExitCodes
{
    public const int Ended = 0;
    public const int BadLaunch = 64;
    public const int ArtifactMismatch = 65;
    public const int ModelRefused = 66;
}

/// <summary>The bytes that were handed over are not the artifact that was approved.</summary>
internal sealed class ArtifactMismatchException(string message) : Exception(message);
