using System.Net.Http.Json;
using Merlon.Access.Contracts;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>The node's line to control: HTTP over a Unix socket, under the node's start token.</summary>
internal sealed class ControlLink(NodeOptions options) : IDisposable
{
    private readonly HttpClient _http = RoleClient.Connect(options.ControlSocket, options.RoleToken);

    /// <summary>Waits up to some seconds for an assignment newer than the one known.</summary>
    public async Task<NodeAssignment> AssignmentAsync(long after, CancellationToken cancellationToken) =>
        await _http.GetFromJsonAsync<NodeAssignment>($"node/assignment?after={after}", cancellationToken) ?? throw new HttpRequestException("Control sent no assignment.");

    public async Task<KeyRelease> KeysAsync(KeyRequest request, CancellationToken cancellationToken)
    {
        using var response = await PostAsync("node/keys", request, cancellationToken);
        return await response.Content.ReadFromJsonAsync<KeyRelease>(cancellationToken) ?? throw new HttpRequestException("Control sent no keys.");
    }

    public async Task ReportAsync(NodeStatus status, CancellationToken cancellationToken) =>
        (await PostAsync("node/status", status, cancellationToken)).Dispose();

    public async Task AnswerAsync(ScanAnswer answer, CancellationToken cancellationToken) =>
        (await PostAsync("node/scans", answer, cancellationToken)).Dispose();

    private async Task<HttpResponseMessage> PostAsync<T>(string path, T body, CancellationToken cancellationToken)
    {
        var response = await _http.PostAsJsonAsync(path, body, cancellationToken);
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            throw new HttpRequestException($"Control refused {path} with {(int)response.StatusCode}.", inner: null, response.StatusCode);
    }

    public void Dispose() => _http.Dispose();
}
