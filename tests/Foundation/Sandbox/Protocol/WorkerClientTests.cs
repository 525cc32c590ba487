using System.Net.Sockets;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Sandbox.Tests.Protocol;

public sealed class WorkerClientTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task InferAsync_ManyCallsFromManyThreads_EachGetsItsOwnAnswer(bool inline)
    {
        using var pair = new WorkerPair(inline);
        await using var client = await pair.ConnectAsync();
        Assert.Equal(WorkerPair.Signature, client.Signature);

        await Parallel.ForEachAsync(Enumerable.Range(0, 5000), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, ct) =>
        {
            using var answer = await client.InferAsync(WorkerPair.Request(i, i + 1), ct);
            Assert.Equal([2f * i, 2f * (i + 1)], WorkerPair.Values(answer));
        });
    }

    [Fact]
    public async Task InferAsync_LargePayload_RoundTrips()
    {
        using var pair = new WorkerPair();
        await using var client = await pair.ConnectAsync();
        var values = Enumerable.Range(0, 3_000_000).Select(i => (float)i).ToArray();
        using var answer = await client.InferAsync(WorkerPair.Request(values), CancellationToken.None);
        Assert.Equal(values.Select(v => 2 * v), WorkerPair.Values(answer));
    }

    [Fact]
    public async Task InferAsync_Cancelled_CallerContinuesAtOnceAndModelIsTerminated()
    {
        using var pair = new WorkerPair();
        await using var client = await pair.ConnectAsync();
        using var source = new CancellationTokenSource();
        var call = client.InferAsync(WorkerPair.Request(-1), source.Token).AsTask();
        Assert.True(await pair.Model.Waiting.WaitAsync(s_patience));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(s_patience));

        // The connection serves on, and the late Error frame reaches nobody.
        for (var i = 0; i < 100; i++)
        {
            using var answer = await client.InferAsync(WorkerPair.Request(i), CancellationToken.None);
            Assert.Equal([2f * i], WorkerPair.Values(answer));
        }
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref pair.Model.Cancelled) == 1, s_patience));
    }

    [Fact]
    public async Task InferAsync_CancellationRacesAnswer_NeverMixesCalls()
    {
        using var pair = new WorkerPair(inline: true);
        await using var client = await pair.ConnectAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 4000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            // Not disposed: the other thread may cancel it after the answer.
            var source = new CancellationTokenSource();
            var call = client.InferAsync(WorkerPair.Request(i), source.Token);
            if (i % 3 == 0)
                ThreadPool.UnsafeQueueUserWorkItem(static s => ((CancellationTokenSource)s!).Cancel(), source);
            try
            {
                using var answer = await call;
                Assert.Equal([2f * i], WorkerPair.Values(answer));
            }
            catch (OperationCanceledException)
            {
                Assert.Equal(0, i % 3);
            }
        });
        using var last = await client.InferAsync(WorkerPair.Request(7), CancellationToken.None);
        Assert.Equal([14f], WorkerPair.Values(last));
    }

    [Fact]
    public async Task InferAsync_ConnectionBreaks_AllOutstandingCallsFailAtOnce()
    {
        var pair = new WorkerPair(concurrency: 1);
        await using var client = await pair.ConnectAsync();
        var calls = Enumerable.Range(0, 50).Select(_ => client.InferAsync(WorkerPair.Request(-1), CancellationToken.None).AsTask()).ToArray();
        Assert.True(await pair.Model.Waiting.WaitAsync(s_patience));
        pair.Dispose();
        foreach (var call in calls)
            await Assert.ThrowsAsync<WorkerUnavailableException>(() => call.WaitAsync(s_patience));
        await Assert.ThrowsAsync<WorkerUnavailableException>(async () => await client.InferAsync(WorkerPair.Request(1), CancellationToken.None));
        Assert.False(client.IsConnected);
    }

    [Fact]
    public async Task InferAsync_MalformedTensors_AnsweredAsBadRequestAndConnectionLives()
    {
        using var pair = new WorkerPair();
        await using var client = await pair.ConnectAsync();
        var error = await Assert.ThrowsAsync<WorkerErrorException>(async () => await client.InferAsync(new byte[] { 1, 0, 0, 0, 11, 9 }, CancellationToken.None));
        Assert.Equal(WorkerErrorCode.BadRequest, error.Code);
        using var answer = await client.InferAsync(WorkerPair.Request(3), CancellationToken.None);
        Assert.Equal([6f], WorkerPair.Values(answer));
    }

    [Fact]
    public async Task PingAsync_WhileCallsRun_TellsHowManyAndHowLong()
    {
        using var pair = new WorkerPair(concurrency: 1);
        await using var client = await pair.ConnectAsync();
        Assert.Equal(0, (await client.PingAsync(CancellationToken.None)).Calls);
        using var source = new CancellationTokenSource();
        var call = client.InferAsync(WorkerPair.Request(-1), source.Token).AsTask();
        Assert.True(await pair.Model.Waiting.WaitAsync(s_patience));
        await Task.Delay(30);
        var pulse = await client.PingAsync(CancellationToken.None);
        Assert.Equal(1, pulse.Calls);
        Assert.InRange(pulse.OldestCall.TotalMilliseconds, 20, 20_000);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task ConnectAsync_WorkerServesAnotherArtifact_IsRefused()
    {
        using var pair = new WorkerPair();
        var error = await Assert.ThrowsAsync<WorkerProtocolException>(() => WorkerClient.ConnectAsync(pair.Path, Digest.Of("other"u8), CancellationToken.None));
        Assert.Contains("expected", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectAsync_NobodyListens_IsUnavailable() =>
        await Assert.ThrowsAsync<WorkerUnavailableException>(() => WorkerClient.ConnectAsync("/nonexistent/merlon.sock", WorkerPair.Manifest, CancellationToken.None));

    /// <summary>What a worker that was taken over could send after its Hello: each ends the connection and fails the call, none hangs or kills the client.</summary>
    [Theory]
    [InlineData("FFFFFFFF 03 00000000")]          // a length of 4 GiB
    [InlineData("00000000")]                      // a length of zero
    [InlineData("05000000 09 00100000")]          // an unknown kind
    [InlineData("05000000 02 00100000")]          // a kind that only clients send
    [InlineData("05000000 03 EFBEADDE")]          // an answer to a call that is not outstanding
    [InlineData("05000000 04 00100000")]          // an error without a code
    [InlineData("05000000 01 00000000")]          // a second Hello
    [InlineData("07000000 07 00100000 0102")]     // a short pong
    [InlineData("")]                              // it just closes
    public async Task InferAsync_HostileWorker_FailsTheCall(string hex)
    {
        var folder = Directory.CreateTempSubdirectory("merlon-hostile-");
        var path = Path.Combine(folder.FullName, "w.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        var hostile = Task.Run(async () =>
        {
            using var socket = await listener.AcceptAsync();
            var hello = Sandbox.Protocol.Hello.Write(WorkerPair.Manifest, WorkerPair.Signature);
            var header = new byte[9];
            new Sandbox.Protocol.FrameHeader(Sandbox.Protocol.FrameKind.Hello, 0, hello.Length).Write(header);
            await socket.SendAsync(header);
            await socket.SendAsync(hello);
            await socket.ReceiveAsync(new byte[64]);
            await socket.SendAsync(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
            socket.Shutdown(SocketShutdown.Send);
            await socket.ReceiveAsync(new byte[64]);
        });
        await using var client = await WorkerClient.ConnectAsync(path, WorkerPair.Manifest, CancellationToken.None);
        await Assert.ThrowsAsync<WorkerUnavailableException>(() => client.InferAsync(WorkerPair.Request(1), CancellationToken.None).AsTask().WaitAsync(s_patience));
        await Task.WhenAny(hostile, Task.Delay(s_patience));
        folder.Delete(recursive: true);
    }
}
