using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.Installation;

/// <summary>The control API as an HTTP client meets it, with the installation's CA and nothing else trusted.</summary>
public sealed class ControlApi : IDisposable
{
    private readonly HttpClient _http;

    public ControlApi(Instance instance, string? token, ControlHost.Authenticator? authenticator = null)
    {
        var handler = Handler(File.ReadAllText(instance.CaFile));
        _http = new HttpClient(new ControlHost.StepUpHandler(TimeProvider.System, handler, "/api/v1/") { Authenticator = authenticator }) { BaseAddress = new Uri(instance.Server + "/api/v1/"), Timeout = TimeSpan.FromSeconds(60) };
        if (!string.IsNullOrEmpty(token))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public static SocketsHttpHandler Handler(string caPem)
    {
        var ca = X509Certificate2.CreateFromPem(caPem);
        return new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions =
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { ca }, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null) =>
        _http.SendAsync(new HttpRequestMessage(method, path) { Content = content });

    public async Task<JsonNode> GetAsync(string path)
    {
        using var response = await _http.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    public async Task<JsonNode> PostAsync(string path, JsonNode? body)
    {
        using var response = await _http.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"POST {path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>All events of a log that its newest checkpoint covers.</summary>
    public async Task<IReadOnlyList<JsonNode>> EventsAsync(string log)
    {
        const int page = 1000;
        var all = new List<JsonNode>();
        while (true)
        {
            var events = (await GetAsync($"audit/{log}/events?from={all.Count}&count={page}")).AsArray();
            all.AddRange(events.Select(e => e!));
            if (events.Count < page)
                return all;
        }
    }

    public void Dispose() => _http.Dispose();
}
