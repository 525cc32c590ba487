using Merlon.Gateway.Contracts;
using Merlon.Gateway.Routes;
using Merlon.Gateway.Tests.EndToEnd;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Merlon.Gateway.Tests.Routes;

public sealed class RoutePolicyCheckTests
{
    private sealed class Nothing : IEventSink, IRefusalFlood
    {
        public ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken) => default;
        public void Add(in RefusedCall call) { }
    }

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IEventSink, Nothing>();
        builder.Services.AddSingleton<IRefusalFlood, Nothing>();
        builder.Services.AddSingleton(new SnapshotSource { Fetch = (_, _) => Task.FromResult<byte[]?>(null), Verify = e => e, Acknowledge = (_, _) => Task.CompletedTask });
        builder.Services.AddGateway(new GatewayOptions());
        var app = builder.Build();
        app.MapGateway();
        return app;
    }

    [Fact]
    public async Task Start_EveryRouteDeclared_Starts()
    {
        await using var app = Build();
        await app.StartAsync();
        Assert.NotEmpty(app.Services.GetRequiredService<MappedRoutes>().All());
    }

    [Fact]
    public async Task Start_PlantedRouteWithoutPolicy_DoesNotListen()
    {
        await using var app = Build();
        app.MapGet("/planted", () => "hello");
        var stopped = await Assert.ThrowsAsync<InvalidOperationException>(() => app.StartAsync());
        Assert.Contains("/planted", stopped.Message);
    }

    [Fact]
    public void Options_OutOfRange_AreAllReportedAtOnce()
    {
        var wrong = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddGateway(new GatewayOptions { DefaultBurst = 0, MaxConnections = 0, BodyTimeout = TimeSpan.Zero }));
        Assert.Contains("DefaultBurst", wrong.Message);
        Assert.Contains("MaxConnections", wrong.Message);
        Assert.Contains("BodyTimeout", wrong.Message);
    }
}
