namespace Merlon.Scanning.Keras;

/// <summary>All bounds on a Keras archive.</summary>
internal static class Limits
{
    public const int Entries = 10_000;
    public const int ConfigurationBytes = 32 * 1024 * 1024;
}
