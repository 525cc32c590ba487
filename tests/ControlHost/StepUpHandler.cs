using System.Net;
using System.Text;

namespace Merlon.ControlHost;

/// <summary>Does what a person at a prompt does: asked for a fresh second factor, gives a code and sends the call again.</summary>
public sealed class StepUpHandler(TimeProvider time, HttpMessageHandler? inner = null, string root = "/") : DelegatingHandler(inner ?? new SocketsHttpHandler { AllowAutoRedirect = false })
{
    public Authenticator? Authenticator { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Content is not null)
            await request.Content.LoadIntoBufferAsync(cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        if (Authenticator is null || response.StatusCode != HttpStatusCode.Forbidden
            || !(await response.Content.ReadAsStringAsync(cancellationToken)).Contains("access.step-up", StringComparison.Ordinal))
            return response;
        response.Dispose();
        using var verify = new HttpRequestMessage(HttpMethod.Post, new Uri(request.RequestUri!, root + "me/verify"))
        {
            Content = new StringContent($$"""{"code":"{{await Authenticator.NextAsync(time)}}"}""", Encoding.UTF8, "application/json"),
        };
        verify.Headers.Authorization = request.Headers.Authorization;
        using (var verified = await base.SendAsync(verify, cancellationToken))
            verified.EnsureSuccessStatusCode();
        return await base.SendAsync(request, cancellationToken);
    }
}
