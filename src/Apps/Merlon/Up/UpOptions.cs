using System.Net;
using Merlon.Kernel;

namespace Merlon.App.Up;

/// <summary>How an installation is started.</summary>
internal sealed record UpOptions
{
    public required string DataDirectory { get; init; }
    public required string RootKeyFile { get; init; }
    public required string RunDirectory { get; init; }
    public required string CacheDirectory { get; init; }
    public IPAddress Listen { get; init; } = IPAddress.Loopback;
    public int ControlPort { get; init; } = 8443;
    public int GatewayPort { get; init; } = 9443;

    /// <summary>Further host names for the server certificates.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Folders or http(s) addresses that get a copy of every signed checkpoint.</summary>
    public IReadOnlyList<string> CheckpointSinks { get; init; } = [];

    /// <summary>How often each log publishes a signed checkpoint while events come in.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Print a bootstrap code although there are principals already: the way back in for whoever has the machine and the root key.</summary>
    public bool Recover { get; init; }

    /// <summary>For how many days a principal is no second person for whoever made it.</summary>
    public int SecondPersonDays { get; init; } = 30;

    /// <summary>Isolation to use: <c>auto</c>, <c>runc</c> or <c>bubblewrap</c>.</summary>
    public string Sandbox { get; init; } = "auto";

    public static UpOptions For(string? data, string? rootKey)
    {
        var directory = Path.GetFullPath(data ?? DefaultData());
        var tag = Digest.Of(System.Text.Encoding.UTF8.GetBytes(directory)).Hex[..12];
        return new UpOptions
        {
            DataDirectory = directory,
            RootKeyFile = Path.GetFullPath(rootKey ?? DefaultRootKey(data is null ? null : tag)),
            RunDirectory = DefaultRun(tag),
            CacheDirectory = RoleUsers.IsRoot ? "/var/cache/merlon" : Path.Combine(Xdg("XDG_CACHE_HOME", ".cache"), "merlon"),
        };
    }

    private static string DefaultData() => RoleUsers.IsRoot ? "/var/lib/merlon" : Path.Combine(Xdg("XDG_DATA_HOME", ".local/share"), "merlon");

    // Outside the data folder, so that a stolen copy of the data decrypts nothing and re-signs nothing.
    private static string DefaultRootKey(string? tag)
    {
        if (Environment.GetEnvironmentVariable("MERLON_ROOT_KEY_FILE") is { Length: > 0 } given)
            return given;
        if (Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY") is { Length: > 0 } credentials && File.Exists(Path.Combine(credentials, "merlon-root")))
            return Path.Combine(credentials, "merlon-root");
        var folder = RoleUsers.IsRoot ? "/etc/merlon" : Path.Combine(Xdg("XDG_CONFIG_HOME", ".config"), "merlon");
        return Path.Combine(folder, tag is null ? "root.key" : $"root-{tag}.key");
    }

    // Short, because the path of a Unix socket has at most 107 bytes.
    private static string DefaultRun(string tag) => RoleUsers.IsRoot
        ? $"/run/merlon/{tag}"
        : Path.Combine(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } run ? run : "/tmp", $"merlon-{Environment.UserName}-{tag}");

    private static string Xdg(string variable, string fallback) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value && Path.IsPathRooted(value)
            ? value
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), fallback);
}
