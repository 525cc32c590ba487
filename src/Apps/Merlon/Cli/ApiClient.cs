using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Merlon.App.Cli;

/// <summary>Speaks to the control API and trusts exactly one CA. Answers are JSON nodes: the command line prints them, it does not interpret them.</summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10);
    private readonly HttpClient _http;

    public ApiClient(string server, string caPem, string? token, string? project = null)
    {
        Server = server.TrimEnd('/');
        _http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = Pinned(caPem) }, UseProxy = false })
        {
            BaseAddress = new Uri(Server + "/api/v1/"),
            Timeout = s_timeout,
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (project is not null)
            _http.DefaultRequestHeaders.TryAddWithoutValidation("X-Merlon-Project", project);
    }

    public string Server { get; }

    /// <summary>Where a fresh code of the second factor comes from when the server asks for one; null where nobody can be asked.</summary>
    public Func<CancellationToken, Task<string>>? FreshCode { get; init; }

    /// <summary>The client of the signed-in user.</summary>
    public static ApiClient Open()
    {
        var credentials = Credentials.Load();
        var project = Environment.GetEnvironmentVariable("MERLON_PROJECT") is { Length: > 0 } given ? given : credentials.Project;
        return new ApiClient(credentials.Server, credentials.CaPem, credentials.Token, project) { FreshCode = Prompt.IsInteractive ? Prompt.CodeAsync : null };
    }

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);
    public Task<JsonNode> PostAsync(string path, object? body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, Json(body), cancellationToken);
    public Task<JsonNode> PutAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Put, path, Json(body), cancellationToken);
    public Task<JsonNode> DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    /// <summary>All items of a list that comes in pages.</summary>
    public async Task<JsonArray> ListAsync(string path, CancellationToken cancellationToken)
    {
        var all = new JsonArray();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await GetAsync(cursor.Length == 0 ? path : $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}after={cursor}", cancellationToken);
            foreach (var item in page["items"].Items())
                all.Add(item.DeepClone());
            cursor = page.Get("next") is { Length: > 0 } next ? next : null;
        }
        return all;
    }

    /// <summary>Reads, changes and writes back what was read: if it was changed in between, the server refuses.</summary>
    public Task<JsonNode> UpdateAsync(string path, Func<JsonNode, object> change, CancellationToken cancellationToken) => UpdateAsync(path, path, change, cancellationToken);

    /// <summary>The same where what is written is a part of what is read.</summary>
    public async Task<JsonNode> UpdateAsync(string path, string part, Func<JsonNode, object> change, CancellationToken cancellationToken)
    {
        using var read = await SendRawAsync(HttpMethod.Get, path, null, cancellationToken);
        var now = JsonNode.Parse(await read.Content.ReadAsStringAsync(cancellationToken)) ?? new JsonObject();
        using var written = await SendRawAsync(HttpMethod.Put, part, Json(change(now)), cancellationToken, read.Headers.ETag);
        return JsonNode.Parse(await written.Content.ReadAsStringAsync(cancellationToken)) ?? new JsonObject();
    }

    public async Task<JsonNode> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var response = await SendRawAsync(method, path, content, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text) ?? new JsonObject();
    }

    /// <summary>Sends and returns the answer with its body unread; a refusal becomes a <see cref="CliException"/>.</summary>
    public async Task<HttpResponseMessage> SendRawAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken, EntityTagHeaderValue? ifMatch = null)
    {
        var response = await SendOnceAsync(method, path, content, ifMatch, cancellationToken);
        if (response.IsSuccessStatusCode)
            return response;
        var refusal = await RefusalAsync(response, cancellationToken);
        response.Dispose();
        // Only what can be sent twice is: a body that was streamed is gone.
        if (refusal.Code != "access.step-up" || FreshCode is null || content is not (null or JsonContent))
            throw refusal;
        await PostAsync("me/verify", new { code = await FreshCode(cancellationToken) }, cancellationToken);
        var again = await SendOnceAsync(method, path, content, ifMatch, cancellationToken);
        if (again.IsSuccessStatusCode)
            return again;
        using (again)
            throw await RefusalAsync(again, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, string path, HttpContent? content, EntityTagHeaderValue? ifMatch, CancellationToken cancellationToken)
    {
        // Not disposed: that would dispose the content, which may be sent again.
        var request = new HttpRequestMessage(method, path) { Content = content };
        if (ifMatch is not null)
            request.Headers.IfMatch.Add(ifMatch);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable(e);
        }
    }

    private CliException Unreachable(HttpRequestException e) => e.HttpRequestError == HttpRequestError.SecureConnectionError
        ? CliException.Unreachable($"{Server} does not prove to be the server you signed in to.", "If it was set up anew, sign in again: merlon login --bootstrap CODE")
        : CliException.Unreachable($"No Merlon answers at {Server}.", "Start it with: merlon up");

    private static async Task<CliException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        JsonObject? problem = null;
        try
        {
            problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) as JsonObject;
        }
        catch (JsonException)
        {
            // Not ours: the status alone has to do.
        }
        // OAuth has an error form of its own (RFC 6749, section 5.2).
        var title = problem.Get("title") is { Length: > 0 } given ? given
            : problem.Get("error_description") is { Length: > 0 } described ? described : $"The server answered {(int)response.StatusCode}.";
        return new CliException(s_down.Contains(problem.Get("code")) ? ExitCodes.Unreachable : ExitCodes.Refused, title, problem.Get("remedy") is { Length: > 0 } remedy ? remedy : null)
        {
            Code = problem.Get("code"),
        };
    }

    /// <summary>Codes that say that the server itself cannot work now. Every other refusal is an answer to what was asked, also one with status 503.</summary>
    private static readonly HashSet<string> s_down = new(StringComparer.Ordinal) { "evidence.unavailable", "gateway.starting", "server.error" };

    private static JsonContent? Json(object? body) => body is null ? null : JsonContent.Create(body);

    /// <summary>Accepts a server whose certificate chains to this CA and names the host, and no other.</summary>
    internal static RemoteCertificateValidationCallback Pinned(string caPem) => (_, certificate, _, errors) =>
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return false;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(caPem);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(X509CertificateLoader.LoadCertificate(certificate.GetRawCertData()));
    };

    public void Dispose() => _http.Dispose();
}
