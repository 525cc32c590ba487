using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Merlon.App.Cli;

namespace Merlon.App.Demo;

/// <summary>An application that calls a model: Open Inference Protocol v2 over TLS, and nothing else.</summary>
internal sealed class InferenceCaller : IDisposable
{
    private readonly HttpClient _http;

    public InferenceCaller(int port, string caPem) => _http = new HttpClient(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = ApiClient.Pinned(caPem) },
        UseProxy = false,
    })
    { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{port}/v2/models/")), Timeout = TimeSpan.FromSeconds(30) };

    internal sealed record Answer(int Status, string Body, TimeSpan? RetryAfter)
    {
        /// <summary>The error sentence, or the status alone.</summary>
        public string Error => TryParse()?["error"]?.ToString() ?? "";

        public float[] Outputs => [.. TryParse()!["outputs"]![0]!["data"].Items().Select(value => value.GetValue<float>())];

        public bool IsJson => TryParse() is not null;

        private JsonNode? TryParse()
        {
            try
            {
                return JsonNode.Parse(Body);
            }
            catch (System.Text.Json.JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>A request for rows of features (row-major).</summary>
    public static string Body(ReadOnlySpan<float> values, int rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{\"inputs\":[{{\"name\":\"transactions\",\"datatype\":\"FP32\",\"shape\":[{rows},{values.Length / rows}],\"data\":[");
        for (var i = 0; i < values.Length; i++)
            text.Append(i == 0 ? "" : ",").Append(values[i].ToString("R", CultureInfo.InvariantCulture));
        return text.Append("]}]}").ToString();
    }

    public async Task<Answer> InferAsync(string endpoint, string key, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{endpoint}/infer") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await _http.SendAsync(request, cancellationToken);
        return new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), response.Headers.RetryAfter?.Delta);
    }

    public void Dispose() => _http.Dispose();
}
