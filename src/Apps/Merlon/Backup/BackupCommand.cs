using System.CommandLine;
using Merlon.App.Cli;

namespace Merlon.App.Backup;

/// <summary>Fetches a backup of the running installation into one file.</summary>
internal static class BackupCommand
{
    public static Command Make()
    {
        var file = new Argument<string>("FILE") { Description = "Where the backup goes; must not exist" };
        return new Command("backup", "Make one consistent, encrypted backup of the running installation").With(file).Does(async (result, cancellationToken) =>
        {
            var path = Path.GetFullPath(result.GetValue(file)!);
            if (File.Exists(path))
                throw CliException.Refused($"'{path}' exists and is not overwritten.");
            using var api = ApiClient.Open();
            using var response = await api.SendRawAsync(HttpMethod.Post, "backup", null, cancellationToken);
            var partial = path + ".part";
            await using (var output = new FileStream(partial, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await response.Content.CopyToAsync(output, cancellationToken);
                output.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: false);
            Output.Line($"Backup {path}, {Output.Bytes(new FileInfo(path).Length)}. It opens only with the root key, which is not in it: keep a copy of that elsewhere.");
            return ExitCodes.Done;
        });
    }
}
