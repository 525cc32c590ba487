using System.Text.RegularExpressions;
using Merlon.Access.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.App.Tests.Roles;

/// <summary>One route of a running control, with an address that matches it.</summary>
internal sealed partial record LiveRoute(string Method, string Pattern, string Address, RoutePolicy? Policy, bool IsPage)
{
    public override string ToString() => $"{Method} {Pattern}";

    public static IReadOnlyList<LiveRoute> Of(IServiceProvider services) =>
    [
        .. from endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
           let pattern = endpoint.RoutePattern.RawText!
           select new LiveRoute(method, pattern, Fill(pattern), endpoint.Metadata.GetMetadata<RoutePolicy>(), endpoint.Metadata.GetMetadata<SessionRoute>() is not null),
    ];

    /// <summary>Routes that anyone may call and nobody decided so, or that have no policy at all.</summary>
    public static IReadOnlyList<string> Unguarded(IEnumerable<LiveRoute> routes, IReadOnlyCollection<string> open) =>
        [.. routes.Where(r => r.Policy is null || (r.Policy is RoutePolicy.Open && !open.Contains(r.ToString()))).Select(r => r.ToString())];

    /// <summary>Names are those of what <see cref="RouteWalkTests"/> makes in the first tenant.</summary>
    private static string Fill(string pattern) => Parameter().Replace(pattern, match => (match.Groups["name"].Value, match.Groups["kind"].Value) switch
    {
        (_, ":int" or ":long") => "1",
        (_, ":guid") => "00000000-0000-7000-8000-0000000000ff",
        ("path", _) => "model.onnx",
        ("key", _) => "alpha-key",
        ("log", _) => "control",
        _ => pattern.StartsWith("/groups", StringComparison.Ordinal) ? "alpha-group"
            : pattern.StartsWith("/workloads", StringComparison.Ordinal) ? "alpha-workload"
            : pattern.StartsWith("/projects", StringComparison.Ordinal) ? "alpha-project"
            : pattern.StartsWith("/roles", StringComparison.Ordinal) ? "alpha-role"
            : pattern.StartsWith("/principals", StringComparison.Ordinal) ? "alpha-person"
            : pattern.StartsWith("/services", StringComparison.Ordinal) ? "alpha-service" : "alpha-model",
    });

    [GeneratedRegex(@"\{\**(?<name>\w+)(?<kind>:\w+)?\}", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex Parameter();
}
