using System.Diagnostics;
using Merlon.Gateway.Contracts;

namespace Merlon.Gateway.Tests.EndToEnd;

/// <summary>The same gateway through a client that shares no code with it.</summary>
public sealed class CurlTests
{
    private static async Task<string> CurlAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("curl", ["-sk", "-w", "|%{http_code}|%{http_version}", .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var curl = Process.Start(start)!;
        var text = await curl.StandardOutput.ReadToEndAsync();
        await curl.WaitForExitAsync();
        return text;
    }

    [Theory]
    [InlineData("--http1.1", "1.1")]
    [InlineData("--http2", "2")]
    public async Task Curl_InfersOverBothProtocols(string protocol, string version)
    {
        await using var host = await GatewayHost.StartAsync();
        using var worker = host.StartWorker("a", GatewayHost.ManifestA);
        var key = ApiKeys.Mint();
        await host.PublishAsync(1, [host.Route()], GatewayHost.Entry(key, host.Route()));
        var url = host.Address + "v2/models/fraud/infer";
        const string body = """{"id":"7","inputs":[{"name":"features","shape":[1,3],"datatype":"FP32","data":[1,2,3.5]}],"outputs":[{"name":"score"}]}""";
        Assert.Equal(
            $$"""{"model_name":"fraud","model_version":"1","id":"7","outputs":[{"name":"score","datatype":"FP32","shape":[1],"data":[6.5]}]}|200|{{version}}""",
            await CurlAsync(protocol, "-H", $"Authorization: Bearer {key.Token}", "-H", "Content-Type: application/json", "-d", body, url));
        Assert.EndsWith($"|401|{version}", await CurlAsync(protocol, "-H", "Content-Type: application/json", "-d", body, url));
        Assert.EndsWith($"|415|{version}", await CurlAsync(protocol, "-H", $"X-Api-Key: {key.Token}", "-d", body, url));
        Assert.EndsWith($"|404|{version}", await CurlAsync(protocol, "-X", "DELETE", url));
        Assert.EndsWith($"|404|{version}", await CurlAsync(protocol, "--path-as-is", host.Address + "v2/models/../../etc/passwd"));
    }
}
