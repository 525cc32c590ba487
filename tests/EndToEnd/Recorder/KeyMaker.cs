using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Recorder;

/// <summary>Makes API keys and revokes every second one of those that it got.</summary>
internal sealed class KeyMaker(Client client, Journal journal, string endpoint)
{
    public async Task RunAsync(CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            var made = await client.ControlAsync(
                HttpMethod.Post, "keys", new JsonObject { ["name"] = $"made-{Guid.CreateVersion7():n}", ["endpoint"] = endpoint, ["expiresInSeconds"] = 3600 });
            if (made is not null)
            {
                journal.Write($"key {made["keyId"]} {made["key"]}");
                if (i % 2 == 0)
                    await RevokeAsync(made["keyId"]!.GetValue<string>());
            }
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private async Task RevokeAsync(string keyId)
    {
        // From here on nobody knows whether it works, until the answer comes.
        journal.Write($"revoking {keyId}");
        if (await client.ControlAsync(HttpMethod.Delete, $"keys/{keyId}", (HttpContent?)null) is not null)
            journal.Write($"revoked {keyId}");
    }
}
