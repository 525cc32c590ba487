using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Merlon.Kernel;
using Spectre.Console;

namespace Merlon.App.Cli.Models;

/// <summary>Pushes a file or folder; after an interruption the same command goes on where it stopped.</summary>
internal static class PushCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("NAME") { Description = "Name of the model" };
        var path = new Argument<string>("PATH") { Description = "File or folder to push" };
        var json = CommandBase.JsonOption();
        return new Command("push", "Seal a model into the registry as a new version").With(name, path, json).Does(async (result, cancellationToken) =>
        {
            using var api = ApiClient.Open();
            var quiet = result.GetValue(json) || Console.IsErrorRedirected;
            var pushed = await PushAsync(api, result.GetValue(name)!, ModelFolder.Open(result.GetValue(path)!), quiet, cancellationToken);
            if (!result.PrintedJson(json, pushed))
                Output.Line($"Pushed {pushed.Get("reference")}   {pushed.Get("manifest")}   {Output.Bytes(pushed["totalBytes"]!.GetValue<long>())}, {Output.Bytes(pushed["newBytes"]!.GetValue<long>())} new");
            return ExitCodes.Done;
        });
    }

    public static async Task<JsonNode> PushAsync(ApiClient api, string name, ModelFolder folder, bool quiet, CancellationToken cancellationToken)
    {
        var route = $"models/{Uri.EscapeDataString(name)}/uploads";
        var begun = await api.PostAsync(route, new
        {
            resumeKey = folder.ResumeKey,
            files = folder.Files.Select(f => new { path = f.Path, size = f.Size }),
        }, cancellationToken);
        var id = begun.Get("id");
        if (!quiet && begun["resumed"]!.GetValue<bool>())
            Console.Error.WriteLine("Continuing an interrupted push.");
        var sent = new Digest?[folder.Files.Count];
        await ShowAsync(quiet, folder, begun, async (file, offset, report) =>
            sent[file.Index] = await SendAsync(api, $"{route}/{id}/files/{file.Index}", file.Entry, offset, report, cancellationToken));
        // What an earlier, interrupted push sent whole has not been read in this one.
        for (var i = 0; i < sent.Length; i++)
            sent[i] ??= await LocalDigestAsync(folder.Files[i], cancellationToken);
        var pushed = await api.PostAsync($"{route}/{id}/commit", null, cancellationToken);
        await CompareAsync(api, name, pushed, [.. folder.Files.Select((f, i) => new ArtifactFile(f.Path, f.Size, sent[i]!.Value))], cancellationToken);
        return pushed;
    }

    /// <summary>The version must be the files as they are here: a resumed push could otherwise join two states of a file, and nobody would know.</summary>
    private static async Task CompareAsync(ApiClient api, string name, JsonNode pushed, IReadOnlyList<ArtifactFile> local, CancellationToken cancellationToken)
    {
        if (pushed.Get("manifest") == ManifestDigest.Compute(local).ToString())
            return;
        var version = await api.GetAsync($"models/{Uri.EscapeDataString(name)}/versions/{pushed.Get("version")}", cancellationToken);
        var stored = version["files"].Items().ToDictionary(f => f.Get("path"), f => f.Get("sha256"), StringComparer.Ordinal);
        var different = local.Where(f => stored.GetValueOrDefault(f.Path) != f.Sha256.ToString()).Select(f => f.Path).FirstOrDefault() ?? "its list of files";
        throw CliException.Refused(
            $"{pushed.Get("reference")} exists now, but it is not what is in the folder: '{Kernel.Text.Printable(different, 200)}' changed while it was pushed.",
            "Do not use that version; push again when nothing writes to the files.");
    }

    private static async Task<Digest> LocalDigestAsync(ModelFolder.Entry file, CancellationToken cancellationToken)
    {
        await using var stream = Open(file);
        return new Digest(await SHA256.HashDataAsync(stream, cancellationToken));
    }

    private static FileStream Open(ModelFolder.Entry file)
    {
        var stream = new FileStream(file.FullPath, new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0 });
        if (stream.Length == file.Size)
            return stream;
        stream.Dispose();
        throw Changed(file);
    }

    private static CliException Changed(ModelFolder.Entry file) =>
        CliException.Refused($"'{file.Path}' changed while it was pushed.", "Push again when nothing writes to it.");

    private delegate Task Send((int Index, ModelFolder.Entry Entry) file, long offset, Action<long> report);

    private static async Task ShowAsync(bool quiet, ModelFolder folder, JsonNode begun, Send send)
    {
        var work = begun["files"].Items().Where(f => !f["complete"]!.GetValue<bool>())
            .Select(f => (File: (f["index"]!.GetValue<int>(), folder.Files[f["index"]!.GetValue<int>()]), Offset: f["received"]!.GetValue<long>())).ToList();
        if (quiet)
        {
            foreach (var (file, offset) in work)
                await send(file, offset, _ => { });
            return;
        }
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var task = progress.AddTask("Sealing", maxValue: Math.Max(1, folder.Files.Sum(f => f.Size)));
                task.Value = folder.Files.Sum(f => f.Size) - work.Sum(w => w.File.Item2.Size - w.Offset);
                foreach (var (file, offset) in work)
                    await send(file, offset, bytes => task.Increment(bytes));
            });
    }

    /// <summary>Sends the file from <paramref name="offset"/> on and returns the digest of all of it, the part before included.</summary>
    private static async Task<Digest> SendAsync(
        ApiClient api, string route, ModelFolder.Entry file, long offset, Action<long> report, CancellationToken cancellationToken)
    {
        await using var stream = Open(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await HashPrefixAsync(stream, offset, hash, cancellationToken);
        using var content = new FileContent(stream, hash, report);
        var answer = await api.SendAsync(HttpMethod.Put, $"{route}?offset={offset}", content, cancellationToken);
        return answer["complete"]!.GetValue<bool>() ? new Digest(hash.GetHashAndReset()) : throw Changed(file);
    }

    private static async Task HashPrefixAsync(FileStream stream, long length, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var buffer = length > 0 ? new byte[1 << 20] : [];
        while (length > 0)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, length));
            await stream.ReadExactlyAsync(piece, cancellationToken);
            hash.AppendData(piece.Span);
            length -= piece.Length;
        }
    }
}
