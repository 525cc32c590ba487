using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Recorder;

/// <summary>Pushes version after version, each of new content; after a failure it goes on with the same push, as the command line would.</summary>
internal sealed class Pusher(Client client, Journal journal)
{
    private const string Model = "pushed";

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var content = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(1, 300_000));
            var resumeKey = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            while (!stop.IsCancellationRequested && !await TryPushAsync(content, resumeKey))
                await Task.Delay(30, CancellationToken.None);
        }
    }

    private async Task<bool> TryPushAsync(byte[] content, string resumeKey)
    {
        var route = $"models/{Model}/uploads";
        var begun = await client.ControlAsync(HttpMethod.Post, route, new JsonObject
        {
            ["resumeKey"] = resumeKey,
            ["files"] = new JsonArray(new JsonObject { ["path"] = "weights.bin", ["size"] = content.Length }),
        });
        if (begun is null)
            return false;
        var id = begun["id"]!.GetValue<string>();
        var file = begun["files"]![0]!;
        if (!file["complete"]!.GetValue<bool>())
        {
            var offset = (int)file["received"]!.GetValue<long>();
            var sent = await client.ControlAsync(
                HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"{route}/{id}/files/0?offset={offset}"), new ByteArrayContent(content, offset, content.Length - offset));
            if (sent is null)
                return false;
        }
        var committed = await client.ControlAsync(HttpMethod.Post, $"{route}/{id}/commit", (HttpContent?)null);
        if (committed is null)
            return false;
        journal.Write($"pushed {committed["reference"]} {committed["manifest"]} {Convert.ToHexStringLower(SHA256.HashData(content))}");
        return true;
    }
}
