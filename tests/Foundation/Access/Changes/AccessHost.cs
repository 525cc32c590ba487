using System.Net.Http.Headers;
using System.Net.Http.Json;
using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Merlon.Access.Tests.Changes;

/// <summary>A control with one route on a model and one that deploys to an environment.</summary>
internal static class AccessHost
{
    internal sealed record Body(string Environment);

    public static Task<ControlHost.ControlHost> StartAsync() => ControlHost.ControlHost.StartAsync(new ControlParts
    {
        MapRoutes = routes =>
        {
            routes.MapGet("/models/{name}", (string name) => Results.Ok(name)).RequirePermission(Permissions.ModelRead, "name");
            routes.MapPost("/endpoints/{name}/try", (string name, Body body) => Results.Ok(name + body.Environment))
                .RequirePermission<Body>(Permissions.EndpointDeploy, "name", b => b.Environment);
        },
    });

    public static Task<ControlAnswer> BindAsync(
        this ControlClient client, string subject, string role, string scope = "project", string effect = "allow", object? conditions = null) =>
        client.PostAsync("/bindings", new { role, subject, effect, scope, conditions });

    public static string Id(this ControlAnswer outcome) => outcome.Text("subject").Split('/')[1];

    public static async Task<(ControlAnswer Answer, string? ETag)> SendAsync(
        this ControlClient client, HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await client.Http.SendAsync(request);
        var tag = response.Headers.ETag?.ToString();
        return (await ControlAnswer.ReadAsync(response), tag);
    }
}
