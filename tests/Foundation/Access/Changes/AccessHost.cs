using System.Net.Http.Headers;
using System.Net.Http.Json;
using Merlon.Access.Contracts;
using Merlon.ControlHost;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access.Tests.Changes;

/// <summary>A control with one route on a model and one that deploys to an environment.</summary>
internal static class AccessHost
{
    internal sealed record Body(string Environment);

    private const string Password = "orchid lantern tundra quill 7";

    /// <param name="options">Without, a person made a moment ago may be the second one, once they have signed in by themselves.</param>
    public static Task<ControlHost.ControlHost> StartAsync(AccessOptions? options = null) => ControlHost.ControlHost.StartAsync(new ControlParts
    {
        AddServices = (services, _) => services.AddSingleton(options ?? new AccessOptions { SecondPersonAge = TimeSpan.Zero }),
        MapRoutes = routes =>
        {
            routes.MapGet("/models/{name}", (string name) => Results.Ok(name)).RequirePermission(Permissions.ModelRead, "name");
            routes.MapPost("/endpoints/{name}/try", (string name, Body body) => Results.Ok(name + body.Environment))
                .RequirePermission<Body>(Permissions.EndpointDeploy, "name", b => b.Environment);
        },
    });

    /// <summary>Sets a password and signs in with it and the authenticator: from then on the person has proved to be one.</summary>
    public static async Task<ControlClient> ProveAsync(this ControlHost.ControlHost host, ControlClient client, string name)
    {
        host.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.True((await client.PutAsync("/me/password", new { password = Password })).IsSuccess);
        return await host.SignInAsync(client, name);
    }

    /// <summary>A new session by password and authenticator.</summary>
    public static async Task<ControlClient> SignInAsync(this ControlHost.ControlHost host, ControlClient client, string name)
    {
        host.Time.Advance(TimeSpan.FromMinutes(2));
        var authenticator = client.Person!.Authenticator!;
        var first = await ControlAnswer.ReadAsync(await host.Anonymous.PostAsync("/sign-in", ControlClient.Json(new { name, password = Password })));
        var second = await ControlAnswer.ReadAsync(await host.Anonymous.PostAsync(
            "/sign-in/factor", ControlClient.Json(new { ticket = first.Text("ticket"), code = await authenticator.NextAsync(host.Time) })));
        var signedIn = host.Client(second.Text("token"), second.Text("principal"));
        signedIn.Person!.Authenticator = authenticator;
        return signedIn;
    }

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
