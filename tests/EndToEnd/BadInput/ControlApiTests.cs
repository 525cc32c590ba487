using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Merlon.EndToEnd.Tests.BadInput;

/// <summary>Whatever is sent to the control API, the answer is a problem document with a 4xx, and the server goes on.</summary>
[Collection(ServedInstallation.Collection)]
public sealed class ControlApiTests(ServedInstallation served) : IDisposable
{
    private readonly ControlApi _api = served.Instance.Api();

    public void Dispose() => _api.Dispose();

    private static async Task AssertProblemAsync(HttpResponseMessage response, params int[] statuses)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(statuses.Contains((int)response.StatusCode), $"{(int)response.StatusCode} instead of {string.Join('/', statuses)}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(text)!;
        Assert.NotEmpty(problem["title"]!.GetValue<string>());
        Assert.Equal((int)response.StatusCode, problem["status"]!.GetValue<int>());
        CommandResult.AssertNoStackTrace(text, response.RequestMessage!.RequestUri!.PathAndQuery);
        Assert.DoesNotContain("Exception", text, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Bodies()
    {
        var data = new TheoryData<string, string>();
        string[] routes = ["bootstrap", "keys", "principals", "models/fraud/uploads", "models/fraud/versions/1/admit", "models/fraud/versions/1/approvals",
            "models/fraud/versions/1/signatures", "endpoints/bad/deployments", "policy/trusted-keys", "PUT policy"];
        string[] bodies = ["", "null", "{", "[]", "\"text\"", "{}", "{\"name\":1}", new string('[', 5000), "{\"name\":null,\"endpoint\":null,\"files\":null,\"text\":null,\"pem\":null,\"reference\":null,\"role\":null,\"code\":null}"];
        foreach (var route in routes)
        {
            foreach (var body in bodies)
                data.Add(route, body);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Post_MalformedBody_IsAProblem(string route, string body)
    {
        var method = route.StartsWith("PUT ", StringComparison.Ordinal) ? HttpMethod.Put : HttpMethod.Post;
        using var response = await _api.SendAsync(method, route.Replace("PUT ", "", StringComparison.Ordinal), new StringContent(body, Encoding.UTF8, "application/json"));
        // What is no signature is kept as one that proves nothing, like the signature of a key that nobody trusts yet.
        if (route.EndsWith("/signatures", StringComparison.Ordinal) && response.IsSuccessStatusCode)
            Assert.False(JsonNode.Parse(await response.Content.ReadAsStringAsync())!["trusted"]!.GetValue<bool>());
        else
            await AssertProblemAsync(response, 400, 401, 404, 409, 413, 415, 422);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Post_OtherMediaType_IsAProblem(string type)
    {
        var content = new ByteArrayContent("{\"name\":\"x\"}"u8.ToArray()) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };
        using var response = await _api.SendAsync(HttpMethod.Post, "keys", content);
        await AssertProblemAsync(response, 400, 415);
    }

    [Theory]
    [InlineData("GET", "nothing")]
    [InlineData("GET", "../../internal/node/assignment?after=0")]
    [InlineData("GET", "/internal/node/identity")]
    [InlineData("GET", "/internal/gateway/snapshot?after=0&gateway=x")]
    [InlineData("POST", "/internal/node/keys")]
    [InlineData("POST", "/INTERNAL/node/keys")]
    [InlineData("GET", "/internal")]
    [InlineData("GET", "/api/v1/%2e%2e/%2e%2e/internal/node/identity")]
    [InlineData("GET", "/nothing-here")]
    [InlineData("GET", "/.env")]
    [InlineData("GET", "models/fraud/versions/99999999999999999999")]
    [InlineData("GET", "models/fraud/versions/-1")]
    [InlineData("GET", "models/..%2f..%2fetc")]
    [InlineData("GET", "models/nothing")]
    [InlineData("GET", "models/fraud/versions/1/files/../../../../etc/passwd")]
    [InlineData("GET", "models/fraud/versions/1/files/%2e%2e%2f%2e%2e%2fetc%2fpasswd")]
    [InlineData("GET", "audit/nothing/events")]
    [InlineData("GET", "audit/..%2fgateway/events")]
    [InlineData("GET", "audit/control/proofs/99999999")]
    [InlineData("DELETE", "keys/nothing")]
    [InlineData("DELETE", "principals/nothing")]
    [InlineData("POST", "endpoints/nothing/rollback")]
    public async Task Request_ForWhatIsNotThere_IsNotFound(string method, string path)
    {
        using var response = await _api.SendAsync(new HttpMethod(method), path);
        await AssertProblemAsync(response, 404, 400);
    }

    [Theory]
    [InlineData("GET", "audit/control/events?count=-1")]
    [InlineData("GET", "audit/control/events?count=100000")]
    [InlineData("GET", "audit/control/events?from=-5")]
    [InlineData("GET", "audit/control/events?from=text")]
    [InlineData("GET", "models/fraud/diff?from=x&to=y")]
    [InlineData("GET", "models/fraud/diff")]
    [InlineData("PUT", "models/fraud/uploads/00000000-0000-0000-0000-000000000000/files/0?offset=-1")]
    [InlineData("PUT", "models/fraud/uploads/00000000-0000-0000-0000-000000000000/files/0")]
    public async Task Request_WithABadParameter_IsAProblem(string method, string path)
    {
        using var response = await _api.SendAsync(new HttpMethod(method), path);
        await AssertProblemAsync(response, 400, 404);
    }

    [Theory]
    [InlineData("DELETE", "models")]
    [InlineData("PATCH", "keys")]
    [InlineData("POST", "whoami")]
    [InlineData("PUT", "endpoints")]
    [InlineData("BREW", "models")]
    public async Task Request_WithAnotherMethod_IsNotAllowed(string method, string path)
    {
        using var response = await _api.SendAsync(new HttpMethod(method), path);
        await AssertProblemAsync(response, 405, 404);
    }

    [Theory]
    [InlineData("GET", "models")]
    [InlineData("GET", "whoami")]
    [InlineData("GET", "keys")]
    [InlineData("POST", "keys")]
    [InlineData("PUT", "policy")]
    [InlineData("POST", "backup")]
    [InlineData("GET", "audit/logs")]
    [InlineData("POST", "models/fraud/uploads")]
    [InlineData("POST", "endpoints/fraud/deployments")]
    [InlineData("DELETE", "keys/app")]
    public async Task Request_WithoutARightfulToken_IsUnauthenticated(string method, string path)
    {
        foreach (var token in (string[])["", "mt_nonsense", served.Key, new string('a', 4000), served.Instance.Token[..^2] + "zz"])
        {
            using var anyone = new ControlApi(served.Instance, token);
            using var response = await anyone.SendAsync(new HttpMethod(method), path);
            await AssertProblemAsync(response, 401);
        }
    }

    [Fact]
    public async Task Request_BeyondTheRole_IsForbidden()
    {
        var settings = await served.Instance.SignInAsAsync("otto", "auditor");
        var token = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(settings, "credentials.json")))!["Token"]!.GetValue<string>();
        using var auditor = served.Instance.Api(token);
        using var read = await auditor.SendAsync(HttpMethod.Get, "models");
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        foreach (var (method, path) in ((string, string)[])[("POST", "keys"), ("PUT", "policy"), ("POST", "backup"), ("POST", "principals"), ("POST", "endpoints/fraud/deployments"), ("DELETE", "keys/app")])
        {
            using var response = await auditor.SendAsync(new HttpMethod(method), path, new StringContent("{}", Encoding.UTF8, "application/json"));
            await AssertProblemAsync(response, 403);
        }
        (await served.Instance.RunAsync("principal", "disable", "otto")).Exits(0);
        using var disabled = await auditor.SendAsync(HttpMethod.Get, "models");
        await AssertProblemAsync(disabled, 401);
    }

    [Theory]
    [InlineData(1, 20_000)]
    [InlineData(200, 40)]
    public async Task Request_WithHugeHeaders_IsRefusedByTheServer(int count, int length)
    {
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-Filler-{i}: {new string('a', length)}\r\n"));
        Assert.InRange(await StatusOfAsync($"GET /api/v1/models HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"), 400, 499);
    }

    [Theory]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET /api/v1/models/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET //internal/node/identity HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /api/v1/models HTTP/1.1\r\n\r\n")]
    [InlineData("GET /api/v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")]
    [InlineData("POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")]
    [InlineData("POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST /api/v1/keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public async Task Bytes_ThatAreNotARequest_GetA4xxOrNothing(string bytes)
    {
        var status = await StatusOfAsync(bytes);
        Assert.True(status is 0 or (>= 400 and < 500), $"{status}");
        using var alive = await _api.SendAsync(HttpMethod.Get, "whoami");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    /// <summary>The status, or 0 when the connection is closed instead.</summary>
    private async Task<int> StatusOfAsync(string bytes)
    {
        try
        {
            using var connection = await RawConnection.OpenAsync(served.Instance.ControlPort, served.Instance.CaFile);
            return (await connection.SendAsync(bytes)).Status;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    [Fact]
    public async Task Plain_HttpOnTheTlsPort_IsNotAnswered()
    {
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync("127.0.0.1", served.Instance.ControlPort);
        await tcp.GetStream().WriteAsync("GET /api/v1/ca HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[100];
        var read = await tcp.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(15));
        Assert.DoesNotContain("200", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
    }
}
