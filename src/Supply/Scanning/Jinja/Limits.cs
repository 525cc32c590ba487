namespace Merlon.Scanning.Jinja;

/// <summary>All bounds on a template.</summary>
internal static class Limits
{
    public const int Characters = 1024 * 1024;
    public const int Tokens = 200_000;
    public const int Depth = 64;
}
