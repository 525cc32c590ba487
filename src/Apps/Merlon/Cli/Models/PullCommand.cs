using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Merlon.Kernel;

namespace Merlon.App.Cli.Models;

/// <summary>Writes a version's files into an empty folder; each is compared with its digest before it gets its name.</summary>
internal static class PullCommand
{
    public static Command Make()
    {
        var reference = CommandBase.ReferenceArgument();
        var target = new Argument<string>("FOLDER") { Description = "Empty or new folder for the files" };
        var json = CommandBase.JsonOption();
        return new Command("pull", "Fetch a version's files in clear").With(reference, target, json).Does(async (result, cancellationToken) =>
        {
            var (name, number) = CommandBase.Reference(result.GetValue(reference)!);
            var folder = Path.GetFullPath(result.GetValue(target)!);
            if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
                throw CliException.Refused($"The folder '{folder}' is not empty.", "Name a new one; nothing is overwritten.");
            using var api = ApiClient.Open();
            var version = await api.GetAsync($"models/{name}/versions/{number}", cancellationToken);
            foreach (var file in version["files"].Items())
                await FetchAsync(api, $"models/{name}/versions/{number}/files/", folder, file, cancellationToken);
            if (!result.PrintedJson(json, version))
                Output.Line($"Pulled {version.Get("reference")} into {folder}   {version.Get("manifest")}");
            return ExitCodes.Done;
        });
    }

    private static async Task FetchAsync(ApiClient api, string route, string folder, JsonNode file, CancellationToken cancellationToken)
    {
        var path = file.Get("path");
        var target = Path.GetFullPath(Path.Combine(folder, path));
        // The server is trusted, but not with the rest of the disk.
        if (!target.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw CliException.Refused($"The server sent the path '{Text.Printable(path, 200)}', which leaves the folder.");
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var partial = target + ".part";
        var escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        using var response = await api.SendRawAsync(HttpMethod.Get, route + escaped, null, cancellationToken);
        try
        {
            if (await ReceiveAsync(response, partial, cancellationToken) != Digest.Parse(file.Get("sha256")))
                throw CliException.Refused($"'{path}' did not arrive as it was pushed.", "See what is damaged: merlon model verify NAME@N");
            File.Move(partial, target);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    private static async Task<Digest> ReceiveAsync(HttpResponseMessage response, string partial, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (var source = await response.Content.ReadAsStreamAsync(cancellationToken))
        await using (var output = new FileStream(partial, FileMode.CreateNew, FileAccess.Write))
        {
            var buffer = new byte[1 << 20];
            int read;
            while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        return new Digest(hash.GetHashAndReset());
    }
}
