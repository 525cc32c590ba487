using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Merlon.ControlHost;

/// <summary>Calls the control API as one principal.</summary>
public sealed record ControlClient(HttpClient Http, string Token, string Principal)
{
    /// <summary>Who sits at it: gives codes of an authenticator when asked for them.</summary>
    public StepUpHandler? Person { get; init; }

    public static HttpContent Json(object body) => JsonContent.Create(body);

    public async Task<ControlAnswer> GetAsync(string path) => await ControlAnswer.ReadAsync(await Http.GetAsync(path));

    public async Task<ControlAnswer> PostAsync(string path, object? body = null) =>
        await ControlAnswer.ReadAsync(await Http.PostAsync(path, body is null ? null : body as HttpContent ?? Json(body)));

    public async Task<ControlAnswer> PutAsync(string path, object body) =>
        await ControlAnswer.ReadAsync(await Http.PutAsync(path, body as HttpContent ?? Json(body)));

    public async Task<ControlAnswer> DeleteAsync(string path) => await ControlAnswer.ReadAsync(await Http.DeleteAsync(path));
}

/// <summary>An answer, read to its end.</summary>
public sealed record ControlAnswer(HttpStatusCode Status, string Body, JsonNode? Json)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The refusal's code in problem details; the status when there is none.</summary>
    public string Code => Json is JsonObject body && body.TryGetPropertyValue("code", out var code) ? code!.GetValue<string>() : ((int)Status).ToString(System.Globalization.CultureInfo.InvariantCulture);

    public string Text(string name) => Json?[name]?.GetValue<string>() ?? throw new InvalidOperationException($"{Status} without {name}: {Body}");

    public int Number(string name) => Json?[name]?.GetValue<int>() ?? throw new InvalidOperationException($"{Status} without {name}: {Body}");

    public static async Task<ControlAnswer> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var bytes = await response.Content.ReadAsByteArrayAsync();
            var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
            return new ControlAnswer(response.StatusCode, Encoding.UTF8.GetString(bytes), isJson && bytes.Length > 0 ? JsonNode.Parse(bytes) : null);
        }
    }
}
