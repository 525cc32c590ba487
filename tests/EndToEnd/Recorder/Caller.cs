namespace Merlon.EndToEnd.Recorder;

/// <summary>Calls the endpoint and counts the answers that it got.</summary>
internal sealed class Caller(Client client, Journal journal, string endpoint, string key, string body)
{
    public async Task RunAsync(CancellationToken stop)
    {
        for (var answered = 0; !stop.IsCancellationRequested;)
        {
            if (await client.InferAsync(endpoint, key, body) is not null)
                journal.Write($"answered {++answered}");
            else
                await Task.Delay(5, CancellationToken.None);
        }
    }
}
