using System.Diagnostics;

namespace Merlon.EndToEnd.Tests.Crash;

/// <summary>The recorder as another process, and what it has written down.</summary>
internal sealed class Recording : IAsyncDisposable
{
    private readonly string _journal;
    private readonly Process _process;

    private Recording(Process process, string journal) => (_process, _journal) = (process, journal);

    public static async Task<Recording> StartAsync(Instance instance, string endpoint, string key)
    {
        var folder = Directory.CreateDirectory(Path.Combine(instance.Folder, "recording")).FullName;
        var journal = Path.Combine(folder, "journal-" + Guid.CreateVersion7().ToString("n"));
        var (token, keyFile, body) = (Path.Combine(folder, "token"), Path.Combine(folder, "key"), Path.Combine(folder, "body"));
        await File.WriteAllTextAsync(token, instance.Token);
        await File.WriteAllTextAsync(keyFile, key);
        await File.WriteAllTextAsync(body, SampleModels.Request());
        string[] words = [instance.Server, $"https://localhost:{instance.GatewayPort}", instance.CaFile, token, endpoint, keyFile, body, journal];
        var process = Process.Start(new ProcessStartInfo(PublishedProgram.Recorder, words) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal("recording", await process.StandardOutput.ReadLineAsync());
        return new Recording(process, journal);
    }

    public int Lines => File.Exists(_journal) ? File.ReadLines(_journal).Count() : 0;

    /// <summary>Ends the recorder and reads its journal.</summary>
    public async Task<Acknowledged> FinishAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(0, _process.ExitCode);
        var lines = (await File.ReadAllLinesAsync(_journal)).Select(l => l.Split(' ')).ToLookup(l => l[0]);
        return new Acknowledged(
            lines["pushed"].ToDictionary(l => l[1], l => l[2]),
            lines["key"].ToDictionary(l => l[1], l => l[2]),
            lines["revoking"].Select(l => l[1]).ToHashSet(StringComparer.Ordinal),
            lines["revoked"].Select(l => l[1]).ToHashSet(StringComparer.Ordinal),
            lines["answered"].Count());
    }

    public ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
        return default;
    }
}

/// <param name="Pushed">Manifest by reference.</param>
/// <param name="Keys">Secret by key id.</param>
/// <param name="Revoking">Keys whose revocation was asked for.</param>
/// <param name="Revoked">Keys whose revocation was acknowledged.</param>
/// <param name="Answered">Calls that got their answer.</param>
internal sealed record Acknowledged(
    IReadOnlyDictionary<string, string> Pushed, IReadOnlyDictionary<string, string> Keys, IReadOnlySet<string> Revoking, IReadOnlySet<string> Revoked, int Answered);
