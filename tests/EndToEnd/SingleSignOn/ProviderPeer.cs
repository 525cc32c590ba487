using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.SingleSignOn;

/// <summary>A real identity provider in a process of its own: the npm package oidc-provider, over TLS with a certificate that only its own CA file vouches for.</summary>
internal sealed class ProviderPeer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _merlonCa;
    private readonly int _port = FreePort();
    private readonly JsonObject _client;
    private RSA _key = RSA.Create();
    private string _keyId = "";
    private Process? _process;

    /// <param name="folder">A folder for its files.</param>
    /// <param name="server">Address of the Merlon that it serves.</param>
    /// <param name="merlonCa">CA file of that Merlon, for the back channel.</param>
    /// <param name="name">Its name there.</param>
    public ProviderPeer(string folder, string server, string merlonCa, string name)
    {
        (_folder, _merlonCa) = (Directory.CreateDirectory(folder).FullName, merlonCa);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
        File.WriteAllText(CaFile, certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(SecretFile, Secret);
        _client = new JsonObject
        {
            ["client_id"] = "merlon", ["client_secret"] = Secret, ["redirect_uris"] = new JsonArray($"{server}/sign-in/sso/{name}/callback"),
            ["post_logout_redirect_uris"] = new JsonArray($"{server}/sign-in"), ["backchannel_logout_uri"] = $"{server}/api/v1/identity-providers/{name}/logout",
            ["backchannel_logout_session_required"] = true, ["response_types"] = new JsonArray("code"), ["grant_types"] = new JsonArray("authorization_code"),
        };
    }

    // Characters that a form and a header would mangle if they were not encoded.
    private const string Secret = "s3cret:with/odd+characters & spaces%";

    public string Issuer => $"https://localhost:{_port}";
    public string CaFile => Path.Combine(_folder, "certificate.pem");
    public string SecretFile => Path.Combine(_folder, "secret");

    /// <summary>Who it knows: subject to name and groups.</summary>
    public Dictionary<string, (string Name, string[] Groups)> People { get; } = new(StringComparer.Ordinal);

    /// <summary>What it did not like.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Complaints { get; } = new();

    /// <summary>Gives groups only in the user information, as the letter of the standard has it.</summary>
    public bool OnlyUserInfo { get; set; }

    /// <summary>Starts it, each time with new keys and without memory of sessions.</summary>
    public async Task StartAsync()
    {
        await StopAsync();
        _key.Dispose();
        (_key, _keyId) = (RSA.Create(2048), Guid.CreateVersion7().ToString("n"));
        var p = _key.ExportParameters(includePrivateParameters: true);
        var jwk = new JsonObject { ["kty"] = "RSA", ["use"] = "sig", ["alg"] = "RS256", ["kid"] = _keyId };
        foreach (var (name, value) in new[] { ("n", p.Modulus), ("e", p.Exponent), ("d", p.D), ("p", p.P), ("q", p.Q), ("dp", p.DP), ("dq", p.DQ), ("qi", p.InverseQ) })
            jwk[name] = System.Buffers.Text.Base64Url.EncodeToString(value!);
        var people = new JsonObject();
        foreach (var (subject, (name, groups)) in People)
            people[subject] = new JsonObject { ["preferred_username"] = name, ["groups"] = JsonSerializer.SerializeToNode(groups) };
        var settings = Path.Combine(_folder, "settings.json");
        await File.WriteAllTextAsync(settings, new JsonObject
        {
            ["port"] = _port, ["certificate"] = CaFile, ["key"] = Path.Combine(_folder, "key.pem"), ["jwks"] = new JsonObject { ["keys"] = new JsonArray(jwk) },
            ["client"] = _client.DeepClone(), ["people"] = people, ["onlyUserInfo"] = OnlyUserInfo,
        }.ToJsonString());
        Install();
        var start = new ProcessStartInfo("node", ["provider.mjs", settings]) { WorkingDirectory = PeerFolder(), RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["NODE_EXTRA_CA_CERTS"] = _merlonCa;
        _process = Process.Start(start)!;
        var ready = new TaskCompletionSource();
        _process.EnableRaisingEvents = true;
        _process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("The identity provider did not start."));
        _process.OutputDataReceived += (_, e) =>
        {
            if (e.Data == "ready")
                ready.TrySetResult();
            else if (e.Data is { } line)
                Complaints.Enqueue(line);
        };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>A token as its owner's build system would sign it, with the key that it publishes.</summary>
    public string Sign(JsonObject claims)
    {
        static string Part(JsonObject json) => System.Buffers.Text.Base64Url.EncodeToString(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
        var text = Part(new JsonObject { ["alg"] = "RS256", ["kid"] = _keyId, ["typ"] = "JWT" }) + "." + Part(claims);
        return text + "." + System.Buffers.Text.Base64Url.EncodeToString(_key.SignData(System.Text.Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        _process = null;
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _key.Dispose();
    }

    private static void Install()
    {
        var installed = new FileInfo(Path.Combine(PeerFolder(), "node_modules", ".package-lock.json"));
        if (installed.Exists && installed.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(Path.Combine(PeerFolder(), "package-lock.json")))
            return;
        using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]) { WorkingDirectory = PeerFolder(), UseShellExecute = false })!;
        npm.WaitForExit();
        Assert.Equal(0, npm.ExitCode);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string PeerFolder([CallerFilePath] string mapped = "")
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Merlon.slnx")))
            directory = directory.Parent;
        return Path.Combine(directory.FullName, Path.GetDirectoryName(mapped.Replace("/_/", "", StringComparison.Ordinal))!, "peer");
    }
}
