using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Recorder;

/// <summary>Both sides of an installation over HTTP. What is not acknowledged (refused, broken, unreachable) is null.</summary>
internal sealed class Client
{
    private readonly HttpClient _control;
    private readonly HttpClient _gateway;

    public Client(string control, string gateway, string caFile, string token)
    {
        _control = Make(control + "/api/v1/", caFile);
        _control.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        _gateway = Make(gateway + "/", caFile);
    }

    private static HttpClient Make(string address, string caFile) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions =
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(caFile) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
    })
    { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(20) };

    public Task<JsonNode?> ControlAsync(HttpMethod method, string path, HttpContent? content) => SendAsync(_control, new HttpRequestMessage(method, path) { Content = content });

    public Task<JsonNode?> ControlAsync(HttpMethod method, string path, JsonNode body) => ControlAsync(method, path, JsonContent.Create(body));

    public Task<JsonNode?> InferAsync(string endpoint, string key, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"v2/models/{endpoint}/infer") { Content = new StringContent(body, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return SendAsync(_gateway, request);
    }

    private static async Task<JsonNode?> SendAsync(HttpClient http, HttpRequestMessage request)
    {
        try
        {
            using var response = await http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            return response.IsSuccessStatusCode ? JsonNode.Parse(text) : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            return null;
        }
    }
}
