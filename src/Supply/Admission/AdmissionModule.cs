using Merlon.Access.Contracts;
using Merlon.Admission.Admit;
using Merlon.Admission.Approve;
using Merlon.Admission.Attach;
using Merlon.Admission.Contracts;
using Merlon.Admission.Policy;
using Merlon.Admission.Rescan;
using Merlon.Admission.Storage;
using Merlon.Kernel;
using Merlon.Storage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Admission;

/// <summary>The gates in order, the policy they follow, approvals, and the verdict.</summary>
public static class AdmissionModule
{
    public static IServiceCollection AddAdmission(this IServiceCollection services) => services
        .AddModuleDbContext<AdmissionDb>()
        .AddScoped<RescanService>()
        .AddScoped<IProjectSetup, FirstPolicy>()
        .AddScoped<IAdmission, AdmissionService>();

    /// <summary>Scans stored versions again when the rules have changed, in the background.</summary>
    public static IServiceCollection AddRescanning(this IServiceCollection services) => services.AddHostedService<RescanLoop>();

    public static void MapAdmission(this IEndpointRouteBuilder routes)
    {
        AdmissionEndpoints.Map(routes);
        ApprovalEndpoints.Map(routes);
        SignatureEndpoints.Map(routes);
        PolicyEndpoints.Map(routes);
        ScanEndpoints.Map(routes);
    }

    /// <summary>Puts the default policy in force where there is none.</summary>
    public static async Task EnsurePolicyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        await PolicyEndpoints.EnsureDefaultAsync(
            Scope.Default, scope.ServiceProvider.GetRequiredService<AdmissionDb>(), scope.ServiceProvider.GetRequiredService<ControlEvents>(),
            scope.ServiceProvider.GetRequiredService<TimeProvider>(), cancellationToken);
    }
}
