using Merlon.WebConsole.Account;
using Merlon.WebConsole.Device;
using Merlon.WebConsole.Frame;
using Merlon.WebConsole.SignIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Merlon.WebConsole;

/// <summary>The web console: pages rendered on the server, that work without scripts wherever the browser itself does not need one.</summary>
public static class ConsoleModule
{
    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddRazorComponents();
        return services;
    }

    public static void MapConsole(this IEndpointRouteBuilder routes)
    {
        AssetEndpoints.Map(routes);
        var pages = routes.MapGroup("").AddEndpointFilter<SecurityHeaders>().AddEndpointFilter<FormGuard>();
        SignInPages.Map(pages);
        ProviderPages.Map(pages);
        AccountPages.Map(pages);
        DevicePages.Map(pages);
    }
}
