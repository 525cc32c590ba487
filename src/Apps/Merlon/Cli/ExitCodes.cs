namespace Merlon.App.Cli;

/// <summary>What the program's exit code says, the same for every command.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>Refused, or something was found.</summary>
    public const int Refused = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No server, or a file that cannot be read.</summary>
    public const int Unreachable = 3;
}
