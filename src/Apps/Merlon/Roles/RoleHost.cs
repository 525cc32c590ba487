using System.Net;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Merlon.App.Roles;

/// <summary>What the roles share: logging, TLS, readiness, and how they end (SIGTERM, or the death of the parent).</summary>
internal static class RoleHost
{
    public static WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        AddShared(builder.Services, builder.Logging);
        return builder;
    }

    /// <summary>For a role that listens on nothing: a web application would open a port even when it has no routes.</summary>
    public static HostApplicationBuilder NewSilentBuilder()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            DisableDefaults = true,
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        AddShared(builder.Services, builder.Logging);
        return builder;
    }

    /// <summary>
    /// Opens the role's own log. When the parent of an earlier start was killed, the earlier role may still be draining: it holds the log until its last
    /// event is written, and is waited for.
    /// </summary>
    public static async Task<LedgerLog> OpenLedgerAsync(RoleStart start, ReadOnlyMemory<byte> seed, Func<Guid, ReadOnlyMemory<byte>> eventKeys)
    {
        var patience = TimeSpan.FromSeconds(25);
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await LedgerLog.OpenAsync(start.LedgerOptions(seed, eventKeys), TimeProvider.System);
            }
            catch (IOException e) when (e is not EvidenceUnavailableException && TimeProvider.System.GetElapsedTime(begun) < patience)
            {
                await Task.Delay(100);
            }
        }
    }

    private static void AddShared(IServiceCollection services, ILoggingBuilder logging)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IHostLifetime, ParentLifetime>();
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(15));
        Quiet(logging);
    }

    public static void Quiet(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
            console.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
        });
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
    }

    /// <summary>The renewing certificate of a listener.</summary>
    public static async Task<ServerCertificate> AddCertificateAsync(IServiceCollection services, Func<CancellationToken, Task<(string Pem, byte[] Key)>> issue)
    {
        // The listener is configured before the container exists, so the certificate makes its own logger of the same kind.
        var logging = LoggerFactory.Create(Quiet);
        var certificate = new ServerCertificate(issue, TimeProvider.System, logging.CreateLogger<ServerCertificate>());
        await certificate.LoadAsync(CancellationToken.None);
        services.AddHostedService(_ => certificate);
        return certificate;
    }

    public static X509Certificate2 Load(string certificatePem, ReadOnlySpan<byte> privateKey)
    {
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportPkcs8PrivateKey(privateKey, out _);
        using var bare = X509Certificate2.CreateFromPem(certificatePem);
        using var bound = bare.CopyWithPrivateKey(key);
        // The TLS stack wants the key in its own form.
        return X509CertificateLoader.LoadPkcs12(bound.Export(X509ContentType.Pkcs12), null);
    }

    public static IPAddress Address(RoleStart start) => IPAddress.Parse(start.Listen);

    public static int BoundPort(IServiceProvider services) => services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
        .Where(a => a.StartsWith("https://", StringComparison.Ordinal)).Select(a => BindingAddress.Parse(a).Port).First();

    public static void SayReady(RoleReady ready)
    {
        Console.Out.WriteLine(RoleReady.Mark + JsonSerializer.Serialize(ready));
        Console.Out.Flush();
    }

    /// <summary>Ends on SIGTERM, or when standard input ends because the parent is gone. A terminal's Ctrl-C is the parent's to handle.</summary>
    private sealed class ParentLifetime(IHostApplicationLifetime lifetime) : IHostLifetime, IDisposable
    {
        private PosixSignalRegistration? _terminate;
        private PosixSignalRegistration? _interrupt;

        public Task WaitForStartAsync(CancellationToken cancellationToken)
        {
            _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
            {
                context.Cancel = true;
                lifetime.StopApplication();
            });
            _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
            new Thread(() =>
            {
                while (Console.In.ReadLine() is not null)
                {
                    // Nothing more is said on this line; only its end matters.
                }
                lifetime.StopApplication();
            }) { IsBackground = true, Name = "parent" }.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
            _terminate?.Dispose();
            _interrupt?.Dispose();
        }
    }
}
