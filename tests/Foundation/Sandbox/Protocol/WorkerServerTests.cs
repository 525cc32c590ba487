using System.Net.Sockets;
using Merlon.Sandbox.Contracts;
using Merlon.Sandbox.Protocol;

namespace Merlon.Sandbox.Tests.Protocol;

public sealed class WorkerServerTests
{
    /// <summary>What a client that was taken over could send: each closes its own connection and leaves the worker serving others.</summary>
    [Theory]
    [InlineData("FFFFFFFF 02 00000000")]       // over 64 MiB
    [InlineData("04000000 02 000000")]         // shorter than kind and id
    [InlineData("05000000 00 00000000")]       // unknown kind
    [InlineData("05000000 03 00000000")]       // an Answer from a client
    [InlineData("06000000 05 00000000 00")]    // a Cancel with a payload
    [InlineData("06000000 06 00000000 00")]    // a Ping with a payload
    public async Task Run_BrokenFraming_ClosesOnlyThatConnection(string hex)
    {
        using var pair = new WorkerPair();
        using var raw = Connect(pair.Path);
        raw.Send(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        AssertCloses(raw);

        await using var client = await pair.ConnectAsync();
        using var answer = await client.InferAsync(WorkerPair.Request(1), CancellationToken.None);
        Assert.Equal([2f], WorkerPair.Values(answer));
    }

    [Fact]
    public void Run_SameIdTwiceOutstanding_ClosesTheConnection()
    {
        using var pair = new WorkerPair(concurrency: 1);
        using var raw = Connect(pair.Path);
        var request = WorkerPair.Request(-1);
        var frame = new byte[FrameHeader.Size + request.Length];
        new FrameHeader(FrameKind.Infer, 5, request.Length).Write(frame);
        request.CopyTo(frame, FrameHeader.Size);
        raw.Send(frame);
        Assert.True(pair.Model.Waiting.Wait(TimeSpan.FromSeconds(20)));
        raw.Send(frame);
        AssertCloses(raw);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref pair.Model.Cancelled) == 1, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Run_ConnectionsOverTheBound_AreClosedAtOnce()
    {
        using var pair = new WorkerPair();
        var open = new List<Socket>();
        for (var i = 0; i < Limits.MaxConnections; i++)
            open.Add(Connect(pair.Path));
        foreach (var socket in open)
            Assert.True(socket.Receive(new byte[1]) == 1);
        using var over = Connect(pair.Path);
        Assert.Equal(0, over.Receive(new byte[1]));
        open.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task Run_TooManyBytesWaiting_AnswersOverloadedAndServesOn()
    {
        using var pair = new WorkerPair(concurrency: 1);
        await using var first = await pair.ConnectAsync();
        using var source = new CancellationTokenSource();
        var blocker = first.InferAsync(WorkerPair.Request(-1), source.Token).AsTask();
        Assert.True(await pair.Model.Waiting.WaitAsync(TimeSpan.FromSeconds(20)));

        var large = WorkerPair.Request(new float[15_000_000]);
        var clients = new List<WorkerClient>();
        var calls = new List<Task<WorkerAnswer>>();
        for (var i = 0; i < 6; i++)
        {
            clients.Add(await pair.ConnectAsync());
            calls.Add(clients[i].InferAsync(large, CancellationToken.None).AsTask());
        }
        var refused = await Task.WhenAny(calls).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(WorkerErrorCode.Overloaded, (await Assert.ThrowsAsync<WorkerErrorException>(() => refused)).Code);

        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blocker);
        var served = 0;
        foreach (var call in calls)
        {
            try
            {
                (await call).Dispose();
                served++;
            }
            catch (WorkerErrorException e) when (e.Code == WorkerErrorCode.Overloaded)
            {
            }
        }
        Assert.InRange(served, 1, 5);
        foreach (var client in clients)
            await client.DisposeAsync();
    }

    private static Socket Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    private static void AssertCloses(Socket socket)
    {
        var buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed with our bytes unread: closed all the same. A timeout would fail the test.
        }
    }
}
