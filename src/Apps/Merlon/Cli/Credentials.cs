using System.Text.Json;

namespace Merlon.App.Cli;

/// <summary>Where this user is signed in: server, the CA it was verified with, and the access token. Kept with mode 0600.</summary>
internal sealed record Credentials(string Server, string CaPem, string Token)
{
    /// <summary>The project that commands are about; null for one's own. <c>MERLON_PROJECT</c> overrides it.</summary>
    public string? Project { get; init; }

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Folder of the user's settings; <c>MERLON_CONFIG</c> overrides it.</summary>
    public static string Folder =>
        Environment.GetEnvironmentVariable("MERLON_CONFIG") is { Length: > 0 } given ? given
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } xdg ? xdg
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config"),
            "merlon");

    private static string FilePath => Path.Combine(Folder, "credentials.json");

    public static Credentials Load()
    {
        if (!File.Exists(FilePath))
            throw CliException.Refused("You are not signed in.", "Start Merlon with 'merlon up' and sign in with the code it prints: merlon login --bootstrap CODE");
        if ((File.GetUnixFileMode(FilePath) & ~Private) != 0)
            throw CliException.Refused($"{FilePath} can be read by others.", $"Close it: chmod 600 {FilePath}");
        try
        {
            var read = JsonSerializer.Deserialize<Credentials>(File.ReadAllText(FilePath));
            return read is { CaPem: not null, Token: not null } && IsAddress(read.Server) ? read : throw new JsonException();
        }
        catch (JsonException)
        {
            throw CliException.Refused($"{FilePath} is damaged.", "Remove it and sign in again: merlon login");
        }
    }

    /// <summary>Whether the text is the address of a server: nothing but https is spoken.</summary>
    public static bool IsAddress(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps;

    public void Save()
    {
        Directory.CreateDirectory(Folder);
        var temporary = FilePath + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private }))
            JsonSerializer.Serialize(stream, this);
        File.Move(temporary, FilePath, overwrite: true);
    }

    public static void Forget() => File.Delete(FilePath);

    // Keeps the token out of whatever prints the record.
    public override string ToString() => Server;
}
