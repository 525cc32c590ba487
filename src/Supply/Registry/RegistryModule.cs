using Merlon.Registry.Browse;
using Merlon.Registry.Contracts;
using Merlon.Registry.Push;
using Merlon.Registry.Storage;
using Merlon.Registry.Verify;
using Merlon.Storage;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.Registry;

/// <summary>Models, their immutable versions, and their sealed content.</summary>
public static class RegistryModule
{
    public static IServiceCollection AddRegistry(this IServiceCollection services, RegistryOptions options) => services
        .AddSingleton(options)
        .AddModuleDbContext<RegistryDb>()
        .AddSingleton<BlobStore>()
        .AddSingleton<UploadLocks>()
        .AddScoped<UploadService>()
        .AddScoped<CommitService>()
        .AddScoped<RegistrySweep>()
        .AddScoped<IRegistry, RegistryReader>();

    public static void MapRegistry(this IEndpointRouteBuilder routes)
    {
        UploadEndpoints.Map(routes);
        BrowseEndpoints.Map(routes);
        VerifyEndpoints.Map(routes);
    }

    /// <summary>Removes what interrupted pushes and crashes left. Returns what was done, or null.</summary>
    public static async Task<string?> SweepAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<RegistrySweep>().RunAsync(cancellationToken);
    }
}
