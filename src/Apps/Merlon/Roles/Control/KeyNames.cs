namespace Merlon.App.Roles.Control;

/// <summary>Names of the installation's own keys in the keyring.</summary>
internal static class KeyNames
{
    public const string Ca = "ca";
    public const string Snapshot = "gateway snapshot";

    /// <summary>The organisation's event key: seals event bodies.</summary>
    public const string Events = "events";

    public static string Ledger(string role) => $"ledger {role}";
}
