using System.Globalization;
using System.Text;

namespace Merlon.ControlHost;

/// <summary>A push as a client makes it: announce, send each file, commit.</summary>
public static class Push
{
    public static Task<ControlAnswer> PushAsync(this ControlClient client, string model, params (string Path, string Content)[] files) =>
        client.PushAsync(model, Guid.CreateVersion7().ToString("n"), [.. files.Select(f => (f.Path, Encoding.UTF8.GetBytes(f.Content)))]);

    public static async Task<ControlAnswer> PushAsync(this ControlClient client, string model, string resumeKey, params (string Path, byte[] Content)[] files)
    {
        var begun = await client.BeginAsync(model, resumeKey, files);
        if (!begun.IsSuccess)
            return begun;
        for (var i = 0; i < files.Length; i++)
        {
            var sent = await client.SendAsync(model, begun.Text("id"), i, 0, files[i].Content);
            if (!sent.IsSuccess)
                return sent;
        }
        return await client.CommitAsync(model, begun.Text("id"));
    }

    public static Task<ControlAnswer> BeginAsync(this ControlClient client, string model, string resumeKey, params (string Path, byte[] Content)[] files) =>
        client.PostAsync($"/models/{model}/uploads", new { resumeKey, files = files.Select(f => new { path = f.Path, size = f.Content.LongLength }) });

    public static Task<ControlAnswer> SendAsync(this ControlClient client, string model, string upload, int index, long offset, byte[] rest) => client.PutAsync(
        string.Create(CultureInfo.InvariantCulture, $"/models/{model}/uploads/{upload}/files/{index}?offset={offset}"), new ByteArrayContent(rest));

    public static Task<ControlAnswer> CommitAsync(this ControlClient client, string model, string upload) =>
        client.PostAsync($"/models/{model}/uploads/{upload}/commit");
}
