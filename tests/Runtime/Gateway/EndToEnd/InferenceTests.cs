using System.Net;
using System.Text;
using System.Text.Json;
using Merlon.Gateway.Contracts;
using Merlon.Kernel;

namespace Merlon.Gateway.Tests.EndToEnd;

public sealed class InferenceTests : IAsyncLifetime
{
    internal const string Infer = "/v2/models/fraud/infer";
    private GatewayHost _host = null!;
    private TestWorker _worker = null!;
    private MintedKey _key = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await GatewayHost.StartAsync();
        _worker = _host.StartWorker("a", GatewayHost.ManifestA);
        _key = ApiKeys.Mint();
        await _host.PublishAsync(1, [_host.Route(), _host.Route("other")], GatewayHost.Entry(_key, _host.Route()));
        _client = _host.Client(_key.Token);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
        _worker.Dispose();
    }

    internal static StringContent Body(string data, string shape = "[1,3]", string extra = "") =>
        new($$"""{{{extra}}"inputs":[{"name":"features","shape":{{shape}},"datatype":"FP32","data":{{data}}}]}""", Encoding.UTF8, "application/json");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Infer_ValidRequest_AnswersTheModelsNumbersAndRecordsOneEvent(bool http2)
    {
        using var client = _host.Client(_key.Token, http2);
        var answer = await client.PostAsync(Infer, Body("[[1,2,3],[0.5,0.25,0]]", "[2,3]", "\"id\":\"a<b\","));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.ToString());
        using var json = JsonDocument.Parse(text);
        Assert.Equal("a<b", json.RootElement.GetProperty("id").GetString());
        Assert.Equal("fraud", json.RootElement.GetProperty("model_name").GetString());
        Assert.Equal("1", json.RootElement.GetProperty("model_version").GetString());
        var output = json.RootElement.GetProperty("outputs")[0];
        Assert.Equal("score", output.GetProperty("name").GetString());
        Assert.Equal("[2]", output.GetProperty("shape").GetRawText());
        Assert.Equal("[6,0.75]", output.GetProperty("data").GetRawText());

        var recorded = Assert.Single(_host.Events);
        Assert.Equal((OcsfClass.ApiActivity, EventStatus.Success, "caller-1"), (recorded.Class, recorded.Status, recorded.Actor));
        var facts = recorded.Attributes.ToDictionary(a => a.Name);
        Assert.Equal(2, facts["rows"].Number);
        Assert.Equal(text.Length, facts["bytes_out"].Number);
        Assert.Equal(_host.Route().Manifest.ToString(), facts["manifest"].Text);
    }

    [Fact]
    public async Task Infer_FullDisk_RefusesInsteadOfAnsweringUnrecorded()
    {
        _host.DiskIsFull = true;
        var answer = await _client.PostAsync(Infer, Body("[1,2,3]"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.DoesNotContain("outputs", await answer.Content.ReadAsStringAsync());
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("[1,2]", "has 2 values, but its shape asks for 3")]
    [InlineData("[1,\"x\",3]", "index [0, 1]: expected a finite number within FP32, found 'x'")]
    [InlineData("[1,2,101]", "index [0, 2]: expected -100 to 100, found 101")]
    public async Task Infer_DataOutsideTheContract_Is400WithOneSentenceAndAnEvent(string data, string sentence)
    {
        var answer = await _client.PostAsync(Infer, Body(data));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Contains(sentence, json.RootElement.GetProperty("error").GetString());
        Assert.Single(json.RootElement.EnumerateObject());
        var recorded = Assert.Single(_host.Events);
        Assert.Equal(EventStatus.Failure, recorded.Status);
        Assert.Null(recorded.Message);
        Assert.Equal(0, _worker.Calls);
    }

    [Theory]
    [InlineData("-2", 502, "worker.failed")]
    [InlineData("-3", 502, "answer.value")]
    [InlineData("-4", 502, "answer.shape")]
    [InlineData("-5", 502, "answer.outputs")]
    public async Task Infer_WorkerBreaksTheContract_SendsNothingOfItsAnswer(string command, int status, string code)
    {
        var answer = await _client.PostAsync(Infer, Body($"[{command},2,3]"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.DoesNotContain("outputs\":", text);
        Assert.DoesNotContain("passwd", text);
        Assert.Equal(code, Assert.Single(_host.Events).StatusCode);
    }

    [Fact]
    public async Task Infer_TypesAndCodings_AreChecked()
    {
        var form = new StringContent("a=b", Encoding.UTF8, "application/x-www-form-urlencoded");
        Assert.Equal(415, (int)(await _client.PostAsync(Infer, form)).StatusCode);
        var zipped = Body("[1,2,3]");
        zipped.Headers.ContentEncoding.Add("gzip");
        Assert.Equal(415, (int)(await _client.PostAsync(Infer, zipped)).StatusCode);
        var latin = new StringContent("{}", Encoding.Latin1, "application/json");
        Assert.Equal(415, (int)(await _client.PostAsync(Infer, latin)).StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Infer_BodyOverTheContractsSize_Is413(bool chunked)
    {
        var content = new StringContent("{\"x\":\"" + new string('a', 70_000) + "\"}", Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, Infer) { Content = content, Version = HttpVersion.Version11 };
        request.Headers.TransferEncodingChunked = chunked;
        Assert.Equal(413, (int)(await _client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Infer_ChunkedBody_IsTaken()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Infer) { Content = Body("[1,2,3]"), Version = HttpVersion.Version11 };
        request.Headers.TransferEncodingChunked = true;
        Assert.Equal(200, (int)(await _client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Infer_ModelInQueryOrStreamParameter_ChangesNothing()
    {
        var answer = await _client.PostAsync(Infer + "?model=other", Body("[1,2,3]", extra: "\"model\":\"other\",\"parameters\":{\"stream\":true,\"url\":\"http://x\"},"));
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Contains("\"model_name\":\"fraud\"", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Infer_ManyClientsAtOnce_EachGetsItsOwnRow()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 400), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, token) =>
        {
            var answer = await _client.PostAsync(Infer, Body($"[{i % 90},0.5,0.25]"), token);
            Assert.Contains($"\"data\":[{i % 90}.75]", await answer.Content.ReadAsStringAsync(token));
        });
        Assert.Equal(400, _host.Events.Count);
        Assert.Equal(400, _host.Events.Select(e => e.Id).Distinct().Count());
    }

    [Fact]
    public async Task Metadata_WithKey_DescribesServerAndModel()
    {
        Assert.Contains("\"name\":\"merlon\"", await _client.GetStringAsync("/v2"));
        const string expected = """{"name":"fraud","versions":["1"],"platform":"onnxruntime_onnx","inputs":[{"name":"features","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"score","datatype":"FP32","shape":[-1]}]}""";
        Assert.Equal(expected, await _client.GetStringAsync("/v2/models/fraud"));
        Assert.Equal(expected, await _client.GetStringAsync("/v2/models/fraud/versions/1"));
        Assert.Equal("""{"name":"fraud","ready":true}""", await _client.GetStringAsync("/v2/models/fraud/ready"));
        Assert.Equal(404, (int)(await _client.GetAsync("/v2/models/fraud/versions/2")).StatusCode);
        Assert.Equal(404, (int)(await _client.PostAsync("/v2/models/fraud/versions/2/infer", Body("[1,2,3]"))).StatusCode);
        Assert.Equal(200, (int)(await _client.PostAsync("/v2/models/fraud/versions/1/infer", Body("[1,2,3]"))).StatusCode);
    }

    [Fact]
    public async Task UnknownRoute_AnswersTheProtocolsErrorWithHardening()
    {
        foreach (var path in (string[])["/", "/v2/models", "/v2/models/fraud/infer/x", "/metrics", "/v2/repository/index"])
        {
            var answer = await _client.GetAsync(path);
            Assert.Equal(404, (int)answer.StatusCode);
            Assert.StartsWith("{\"error\":", await answer.Content.ReadAsStringAsync());
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.False(answer.Headers.Contains("Server"));
        }
    }
}
