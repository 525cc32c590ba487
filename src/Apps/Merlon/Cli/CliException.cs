namespace Merlon.App.Cli;

/// <summary>Ends a command with one sentence, what to do about it, and an exit code.</summary>
internal sealed class CliException(int exitCode, string message, string? remedy = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
    public string? Remedy { get; } = remedy;

    /// <summary>The server's code for the refusal; empty when it was not the server.</summary>
    public string Code { get; init; } = "";

    public static CliException Unreachable(string message, string? remedy = null) => new(ExitCodes.Unreachable, message, remedy);
    public static CliException Refused(string message, string? remedy = null) => new(ExitCodes.Refused, message, remedy);
    public static CliException Usage(string message, string? remedy = null) => new(ExitCodes.Usage, message, remedy);
}
