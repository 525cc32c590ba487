using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Merlon.App.Cli;
using Merlon.App.Cli.Access;
using Merlon.App.Cli.Audit;
using Merlon.App.Up;
using Merlon.Samples.Fraud;

namespace Merlon.App.Demo;

/// <summary>What the ledger says about a step.</summary>
/// <param name="Line">The event as one line, or that there is none.</param>
/// <param name="Found">Whether there is such an event; a step without its event did not have its expected outcome.</param>
internal sealed record DemoEvidence(string Line, bool Found);

/// <summary>A fresh installation, the people in the story, and what they use.</summary>
internal sealed class DemoStage : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Dictionary<string, long> _shown = new(StringComparer.Ordinal);

    private DemoStage(string folder, UpOptions options, Supervisor supervisor, Credentials owner)
    {
        _folder = folder;
        Options = options;
        Supervisor = supervisor;
        Owner = DemoPerson.Client(owner);
        CaPem = owner.CaPem;
        Caller = new InferenceCaller(supervisor.GatewayPort, owner.CaPem);
    }

    public UpOptions Options { get; }
    public Supervisor Supervisor { get; }

    /// <summary>The ML engineer, who owns the installation.</summary>
    public ApiClient Owner { get; }

    /// <summary>A second person, who approves. Set by the story.</summary>
    public ApiClient? Approver { get; set; }
    public string CaPem { get; }
    public InferenceCaller Caller { get; }
    public FraudSample Sample { get; set; } = null!;

    /// <summary>The API key of the application that calls the model.</summary>
    public string Key { get; set; } = "";
    public ECDsa SigningKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    public string OutsideFolder => Path.Combine(_folder, "outside");
    public string ConfigFolder => Path.Combine(_folder, "config");

    public string NewFolder(string name)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(path);
        return path;
    }

    public static async Task<DemoStage> StartAsync(string folder, DemoSteps steps, CancellationToken cancellationToken)
    {
        steps.Chapter("1. A fresh installation");
        var options = UpOptions.For(Path.Combine(folder, "data"), Path.Combine(folder, "root.key")) with
        {
            ControlPort = 0,
            GatewayPort = 0,
            CheckpointSinks = [Path.Combine(folder, "outside")],
            // The story shows each event right after it happened, and only what a checkpoint covers can be read.
            CheckpointInterval = TimeSpan.FromMilliseconds(100),
        };
        var begun = TimeProvider.System.GetTimestamp();
        var supervisor = await Supervisor.StartAsync(options, message => Console.Error.WriteLine("merlon: " + message), TimeProvider.System, cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(begun);
        try
        {
            steps.Tell("Start three roles, each its own process and user",
                string.Create(CultureInfo.InvariantCulture, $"Ready in {elapsed.TotalSeconds:0.0} s: {supervisor.Describe()} (process ids)."), expected: true);
            var server = string.Create(CultureInfo.InvariantCulture, $"https://localhost:{supervisor.ControlPort}");
            var owner = await LoginCommand.RedeemAsync(server, supervisor.Control.BootstrapCode!, "engineer", cancellationToken);
            var stage = new DemoStage(folder, options, supervisor, owner);
            await SaveAsync(stage.ConfigFolder, owner);
            var before = await DemoAttempt.RefusedAsync(() => stage.Owner.GetAsync("models", cancellationToken));
            await DemoPerson.EnrolAsync(stage.Owner, cancellationToken);
            steps.Tell("The first owner signs in and enrols an authenticator", $"Before: {before ?? "everything was open."} After: the owner may act.", before is not null,
                await stage.LedgerEntryAsync("control", body => body["unmapped"].Get("operation") == "totp.enrol", cancellationToken));
            return stage;
        }
        catch
        {
            await supervisor.DisposeAsync();
            throw;
        }
    }

    private static async Task SaveAsync(string folder, Credentials credentials)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "credentials.json");
        await using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await System.Text.Json.JsonSerializer.SerializeAsync(stream, credentials);
    }

    public string WriteSampleRequest()
    {
        var path = Path.Combine(_folder, "request.json");
        File.WriteAllText(path, InferenceCaller.Body(Sample.Unseen.Row(0), 1));
        return path;
    }

    /// <summary>The newest event that fits and was not shown before, as a line; waits until it is under a signed checkpoint, at most some seconds.</summary>
    public async Task<DemoEvidence> LedgerEntryAsync(string log, Func<JsonNode, bool> fits, CancellationToken cancellationToken)
    {
        var shown = _shown.GetValueOrDefault(log, -1);
        for (var attempt = 0; attempt < 60; attempt++)
        {
            var page = await Owner.GetAsync($"audit/{log}/events?count=500", cancellationToken);
            if (page.Items().LastOrDefault(e => e["index"]!.GetValue<long>() > shown && e["event"] is { } body && fits(body)) is { } entry)
            {
                _shown[log] = entry["index"]!.GetValue<long>();
                return new DemoEvidence($"ledger/{log}{AuditCommand.Describe(entry)}", Found: true);
            }
            await Task.Delay(50, cancellationToken);
        }
        return new DemoEvidence($"ledger/{log}: no such entry", Found: false);
    }

    public Task<DemoEvidence> LedgerEntryAsync(string log, string operation, string statusCode, CancellationToken cancellationToken) => LedgerEntryAsync(
        log, body => body["unmapped"].Get("operation") == operation && body.Get("status_code") == statusCode, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        Owner.Dispose();
        Approver?.Dispose();
        Caller.Dispose();
        SigningKey.Dispose();
        await Supervisor.DisposeAsync();
    }
}
