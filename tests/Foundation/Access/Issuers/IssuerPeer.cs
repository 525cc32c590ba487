using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Merlon.Access.Tests.Issuers;

/// <summary>An issuer that says whatever a test wants, over real TLS: the hostile ones, which no honest implementation plays.</summary>
internal sealed class IssuerPeer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private IssuerPeer(WebApplication app, string caPem)
    {
        (_app, CaPem) = (app, caPem);
        Issuer = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        Discovery = new JsonObject
        {
            ["issuer"] = Issuer, ["jwks_uri"] = Issuer + "/keys", ["authorization_endpoint"] = Issuer + "/authorize", ["token_endpoint"] = Issuer + "/token",
            ["userinfo_endpoint"] = Issuer + "/me", ["end_session_endpoint"] = Issuer + "/end", ["authorization_response_iss_parameter_supported"] = true,
        };
        Rotate();
    }

    public string Issuer { get; }
    public string CaPem { get; }
    public JsonObject Discovery { get; set; }
    public JsonArray Keys { get; set; } = [];
    public JsonObject TokenAnswer { get; set; } = [];
    public JsonObject UserInfo { get; set; } = [];
    public ECDsa Key { get; private set; } = null!;
    public string KeyId { get; private set; } = "";

    public int DiscoveryReads { get; private set; }

    /// <summary>How often its keys were read.</summary>
    public int KeyReads { get; private set; }

    /// <summary>What the last exchange of a code brought.</summary>
    public IFormCollection? Exchanged { get; private set; }

    public static async Task<IssuerPeer> StartAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificate)));
        var app = builder.Build();
        IssuerPeer? peer = null;
        app.MapGet("/.well-known/openid-configuration", () =>
        {
            peer!.DiscoveryReads++;
            return Results.Text(peer.Discovery.ToJsonString(), "application/json");
        });
        app.MapGet("/keys", () =>
        {
            peer!.KeyReads++;
            return Results.Text(new JsonObject { ["keys"] = peer.Keys.DeepClone() }.ToJsonString(), "application/json");
        });
        app.MapPost("/token", async (HttpContext context) =>
        {
            peer!.Exchanged = await context.Request.ReadFormAsync();
            return Results.Text(peer.TokenAnswer.ToJsonString(), "application/json");
        });
        app.MapGet("/me", () => Results.Text(peer!.UserInfo.ToJsonString(), "application/json"));
        await app.StartAsync();
        return peer = new IssuerPeer(app, made.ExportCertificatePem());
    }

    /// <summary>A new key, and none of the old ones.</summary>
    public void Rotate()
    {
        (Key, KeyId) = (ECDsa.Create(ECCurve.NamedCurves.nistP256), Guid.CreateVersion7().ToString("n"));
        Keys = [Jwk(Key, KeyId)];
    }

    public static JsonObject Jwk(ECDsa key, string id)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["use"] = "sig", ["kid"] = id, ["x"] = Base64Url.EncodeToString(q.X!), ["y"] = Base64Url.EncodeToString(q.Y!) };
    }

    public JsonObject Header(string? type = null)
    {
        var header = new JsonObject { ["alg"] = "ES256", ["kid"] = KeyId };
        if (type is not null)
            header["typ"] = type;
        return header;
    }

    /// <summary>Claims that are right in every respect.</summary>
    public JsonObject Claims(string audience, DateTimeOffset now, string subject = "sub-1") => new()
    {
        ["iss"] = Issuer, ["aud"] = audience, ["sub"] = subject, ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(), ["jti"] = Guid.CreateVersion7().ToString("n"),
    };

    public string Sign(JsonObject claims, JsonObject? header = null, ECDsa? key = null)
    {
        var text = Encode(header ?? Header()) + "." + Encode(claims);
        return text + "." + Base64Url.EncodeToString((key ?? Key).SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256));
    }

    public static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
