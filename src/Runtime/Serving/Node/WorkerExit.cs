using System.Net;
using Merlon.Sandbox.Contracts;

namespace Merlon.Serving.Node;

/// <summary>What the end of a worker means.</summary>
internal static class WorkerExit
{
    // The worker's own codes for what another start cannot mend.
    private const int BadLaunch = 64;
    private const int ArtifactMismatch = 65;
    private const int ModelRefused = 66;

    public static bool IsFinal(SandboxExit exit) => exit.ExitCode is BadLaunch or ArtifactMismatch or ModelRefused;

    /// <summary>True for what is wrong with the bytes, the keys or the assignment itself; everything else may be better at the next try.</summary>
    public static bool IsFinal(Exception problem) => problem
        is InvalidDataException
        or HttpRequestException { StatusCode: HttpStatusCode.Forbidden }
        or WorkerProtocolException { IsOtherArtifact: true };

    public static string Describe(SandboxExit exit)
    {
        var said = exit.ErrorOutput.Trim();
        return exit switch
        {
            { Reason: SandboxExitReason.OutOfMemory } => "The worker needed more memory than it may have.",
            { Reason: SandboxExitReason.Killed } => "The worker did not answer and was killed.",
            { ExitCode: ArtifactMismatch } => $"The worker refused the model: {said}",
            { ExitCode: ModelRefused } => $"The runtime refused the model: {said}",
            _ => said.Length > 0 ? $"The worker stopped with code {exit.ExitCode}: {said}" : $"The worker stopped with code {exit.ExitCode}.",
        };
    }
}
