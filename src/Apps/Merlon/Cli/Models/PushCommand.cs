using System.CommandLine;
using System.Text.Json.Nodes;
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
        await ShowAsync(quiet, folder, begun, (file, offset, report) => SendAsync(api, $"{route}/{id}/files/{file.Index}", file.Entry, offset, report, cancellationToken));
        return await api.PostAsync($"{route}/{id}/commit", null, cancellationToken);
    }

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

    private static async Task SendAsync(
        ApiClient api, string route, ModelFolder.Entry file, long offset, Action<long> report, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(file.FullPath, new FileStreamOptions
        {
            Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
            BufferSize = 0,
        });
        if (stream.Length != file.Size)
            throw CliException.Refused($"'{file.Path}' changed while it was pushed.", "Push again when nothing writes to it.");
        stream.Position = offset;
        using var content = new FileContent(stream, report);
        var answer = await api.SendAsync(HttpMethod.Put, $"{route}?offset={offset}", content, cancellationToken);
        if (!answer["complete"]!.GetValue<bool>())
            throw CliException.Refused($"'{file.Path}' changed while it was pushed.", "Push again when nothing writes to it.");
    }
}
