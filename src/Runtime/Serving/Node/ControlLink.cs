using System.Net.Http.Json;
using System.Net.Sockets;
using Merlon.Serving.Contracts;

namespace Merlon.Serving.Node;

/// <summary>The node's line to control: HTTP over a Unix socket, under the node's start token.</summary>
internal sealed class ControlLink : IDisposable
{
    private readonly HttpClient _http;

    public ControlLink(NodeOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.ControlSocket), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        _http = new HttpClient(handler) { BaseAddress = new Uri("http://control/internal/"), Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.Add("X-Merlon-Role", options.RoleToken);
    }

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
            throw new HttpRequestException($"Control refused {path} with {(int)response.StatusCode}.");
    }

    public void Dispose() => _http.Dispose();
}
