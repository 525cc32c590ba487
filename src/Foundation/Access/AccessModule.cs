using System.Buffers.Text;
using System.Security.Cryptography;
using Merlon.Access.Authorization;
using Merlon.Access.Bindings;
using Merlon.Access.BreakGlass;
using Merlon.Access.Changes;
using Merlon.Access.Contracts;
using Merlon.Access.Factors;
using Merlon.Access.Federation;
using Merlon.Access.Groups;
using Merlon.Access.Keys;
using Merlon.Access.Model;
using Merlon.Access.People;
using Merlon.Access.Policy;
using Merlon.Access.Principals;
using Merlon.Access.Review;
using Merlon.Access.Roles;
using Merlon.Access.SignIn;
using Merlon.Access.Sso;
using Merlon.Access.Storage;
using Merlon.Access.Tenants;
using Merlon.Access.Workloads;
using Merlon.Kernel;
using Merlon.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Access;

/// <summary>Who is who, and what each may do.</summary>
public static class AccessModule
{
    /// <summary>How long the code of the first start is good for.</summary>
    private static readonly TimeSpan s_bootstrapLife = TimeSpan.FromHours(24);

    public static IServiceCollection AddAccess(this IServiceCollection services, RoleTokens roleTokens, AccessOptions? options = null) => services
        .AddSingleton(roleTokens)
        .AddSingleton(options ?? new AccessOptions())
        .AddSingleton<ControlEvents>()
        .AddSingleton<SubjectKeys>()
        .AddModuleDbContext<AccessDb>()
        .AddSingleton<AccessPolicy>()
        .AddHostedService(provider => provider.GetRequiredService<AccessPolicy>())
        .AddSingleton<UsageLog>()
        .AddHostedService(provider => provider.GetRequiredService<UsageLog>())
        .AddSingleton<RouteDecision>()
        .AddScoped<Authorizer>()
        .AddScoped<SecondPerson>()
        .AddScoped<ChangeService>()
        .AddScoped<ProjectService>()
        .AddScoped<OrganizationService>()
        .AddScoped<BreakGlassService>()
        .AddScoped<BootstrapService>()
        .AddSingleton<AccessSweep>()
        .AddHostedService(provider => provider.GetRequiredService<AccessSweep>())
        .AddScoped<PrincipalService>()
        .AddScoped<InvitationService>()
        .AddScoped<ApiKeyService>()
        .AddScoped<IApiKeyDirectory, ApiKeyDirectory>()
        .AddScoped<WorkloadTelling>()
        .AddScoped<WorkloadService>()
        .AddScoped<IWorkloadDirectory, WorkloadDirectory>()
        .AddPeople();

    public static void MapAccess(this IEndpointRouteBuilder routes)
    {
        BootstrapEndpoints.Map(routes);
        SignInEndpoints.Map(routes);
        AccountEndpoints.Map(routes);
        PrincipalEndpoints.Map(routes);
        ServiceEndpoints.Map(routes);
        ApiKeyEndpoints.Map(routes);
        RoleEndpoints.Map(routes);
        GroupEndpoints.Map(routes);
        BindingEndpoints.Map(routes);
        WorkloadEndpoints.Map(routes);
        ProviderEndpoints.Map(routes);
        FederationEndpoints.Map(routes);
        ReviewEndpoints.Map(routes);
        ProjectEndpoints.Map(routes);
        OrganizationEndpoints.Map(routes);
        BreakGlassEndpoints.Map(routes);
    }

    /// <summary>Puts the declared route policies in force. Stands right after routing.</summary>
    public static void UseRoutePolicies(this IApplicationBuilder app) => app.UseMiddleware<RoutePolicyMiddleware>();

    /// <summary>Throws when a route has no declared policy: deny by default begins at start.</summary>
    public static void RequireDeclaredPolicies(this IEndpointRouteBuilder routes)
    {
        var undeclared = routes.DataSources.SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<RoutePolicy>() is null)
            .Select(endpoint => endpoint.DisplayName ?? "(unnamed)")
            .ToList();
        if (undeclared.Count > 0)
            throw new InvalidOperationException($"Routes without a declared policy: {string.Join(", ", undeclared)}.");
    }

    /// <summary>
    /// Makes a one-time bootstrap code while there is no principal yet, or when asked to recover; null otherwise. Any earlier unredeemed code is void.
    /// </summary>
    public static async Task<string?> MakeBootstrapCodeAsync(IServiceProvider services, bool recover, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AccessDb>();
        if (!recover && await db.Principals.AnyAsync(cancellationToken))
            return null;
        var now = scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow();
        await db.BootstrapCodes.Where(c => c.RedeemedAt == null).ExecuteDeleteAsync(cancellationToken);
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        db.BootstrapCodes.Add(new BootstrapCode { CodeHash = BootstrapEndpoints.HashOf(code), NotAfter = now + s_bootstrapLife });
        var events = scope.ServiceProvider.GetRequiredService<ControlEvents>();
        await db.CommitAsync(
            events.By("system:control", Scope.Default, OcsfClass.AccountChange, ControlEvents.Other, "bootstrap.issue", message: recover ? "A one-time bootstrap code was made to recover access." : "A one-time bootstrap code was made.") with
            {
                Severity = recover ? EventSeverity.High : EventSeverity.Informational,
            },
            cancellationToken);
        return code;
    }
}
