using System.Diagnostics;
using Merlon.Kernel;
using Merlon.Onnx.Tests.Models;
using Merlon.Sandbox.Contracts;
using Xunit.Abstractions;

namespace Merlon.ModelWorker.Tests;

public sealed class ModelWorkerTests(ITestOutputHelper output)
{
    public static TheoryData<string, string> Everywhere()
    {
        var data = new TheoryData<string, string>();
        foreach (var kind in (string[])["runc", "bubblewrap"])
        {
            foreach (var model in (string[])["mlp", "external", "forest", "cnn", "transformer", "strings", "types"])
                data.Add(kind, model);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task Worker_InSandbox_AnswersAsTheOriginalFramework(string kind, string model)
    {
        await using var worker = await IsolatedWorker.StartAsync(kind, model);
        output.WriteLine(worker.Handle.Isolation.ToString());
        await using var client = await worker.ConnectAsync();
        foreach (var test in TestModels.Cases(model))
        {
            using var answer = await client.InferAsync(Request(client.Signature, test), CancellationToken.None);
            AssertAnswer(client.Signature, test, answer);
        }
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Worker_Running_HasGivenUpStartingPrograms(string kind)
    {
        await using var worker = await IsolatedWorker.StartAsync(kind, "mlp");
        await using var client = await worker.ConnectAsync();
        // The sandbox's filter and the worker's own, on every thread.
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{worker.Handle.ProcessId}/task"))
            Assert.Contains("Seccomp_filters:\t2", await File.ReadAllLinesAsync(Path.Combine(thread, "status")));
    }

    [Fact]
    public async Task Worker_WithoutTelemetryOff_DoesNotLoadTheRuntime()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "mlp", withoutVariable: "ORT_DISABLE_TELEMETRY");
        var exit = await worker.Handle.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(66, exit.ExitCode);
        Assert.Contains("ORT_DISABLE_TELEMETRY=1", exit.ErrorOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_AfterLoadingAndRunning_HasOnlyUnixSocketsAndHasWrittenNoFile()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "mlp");
        await using var client = await worker.ConnectAsync();
        (await client.InferAsync(Request(client.Signature, TestModels.Cases("mlp")[0]), CancellationToken.None)).Dispose();

        var proc = $"/proc/{worker.Handle.ProcessId}";
        foreach (var table in (string[])["tcp", "tcp6", "udp", "udp6", "raw", "packet"])
        {
            var path = $"{proc}/net/{table}";
            // One line of headings; kernels without IPv6 have no table for it.
            Assert.True(!File.Exists(path) || File.ReadLines(path).Count() <= 1, table);
        }
        var files = Directory.EnumerateFiles($"{proc}/fd").Select(link => new FileInfo(link).LinkTarget ?? "").ToArray();
        Assert.Contains(files, target => target.StartsWith("socket:", StringComparison.Ordinal));
        Assert.DoesNotContain(files, target => target.StartsWith("/tmp", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{proc}/root/tmp"));
    }

    [Fact]
    public async Task Worker_OtherBytesThanApproved_EndsWithItsOwnCodeAndOneSentence()
    {
        var other = Digest.Of("another artifact"u8);
        await using var worker = await IsolatedWorker.StartAsync("runc", "mlp", launch => launch with { Manifest = other });
        var exit = await worker.Handle.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(65, exit.ExitCode);
        Assert.Contains($"expected is {other}.", exit.ErrorOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_FilesRelabelled_AreNotTheArtifact()
    {
        // Same bytes in memory, other names for them: the digest covers the names.
        await using var worker = await IsolatedWorker.StartAsync("runc", "mlp", launch => launch with
        {
            Files = [.. launch.Files.Select(file => file with { Path = "other.onnx" })], MainFile = "other.onnx",
        });
        Assert.Equal(65, (await worker.Handle.Exited.WaitAsync(TimeSpan.FromSeconds(20))).ExitCode);
    }

    [Fact]
    public async Task Worker_ModelThatCannotBeServed_EndsWithTheReason()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "zipmap");
        var exit = await worker.Handle.Exited.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(66, exit.ExitCode);
        Assert.Contains("'maps' is a sequence", exit.ErrorOutput, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_CallPastItsDeadline_IsTerminatedAndOthersGoOn()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "slow", launch => launch with { MaxCallMilliseconds = 300, Concurrency = 2 });
        await using var client = await worker.ConnectAsync();
        var watch = Stopwatch.StartNew();
        var endless = client.InferAsync(Loops(1L << 40), CancellationToken.None).AsTask();
        using (var quick = await client.InferAsync(Loops(1), CancellationToken.None))
            Assert.False(endless.IsCompleted);
        var error = await Assert.ThrowsAsync<WorkerErrorException>(() => endless.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(WorkerErrorCode.Cancelled, error.Code);
        Assert.InRange(watch.ElapsedMilliseconds, 300, 5000);
    }

    [Fact]
    public async Task Worker_CancelledCall_FreesItsThread()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "slow", launch => launch with { Concurrency = 1 });
        await using var client = await worker.ConnectAsync();
        using var source = new CancellationTokenSource(200);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.InferAsync(Loops(1L << 40), source.Token));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        using var answer = await client.InferAsync(Loops(1), patience.Token);
        Assert.Equal(0, (await client.PingAsync(patience.Token)).Calls);
    }

    [Fact]
    public async Task Worker_BadTensors_AreAnsweredAndTheWorkerGoesOn()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "mlp");
        await using var client = await worker.ConnectAsync();
        using var writer = new TensorWriter();
        writer.WriteTensor(0, TensorType.Fp32, [1, 9], new byte[36]);
        writer.WriteOutputs([]);
        var wrong = await Assert.ThrowsAsync<WorkerErrorException>(async () => await client.InferAsync(writer.Payload, CancellationToken.None));
        Assert.Equal(WorkerErrorCode.RuntimeFailure, wrong.Code);
        writer.Reset();
        writer.WriteTensor(5, TensorType.Fp32, [1], new byte[4]);
        writer.WriteOutputs([]);
        var missing = await Assert.ThrowsAsync<WorkerErrorException>(async () => await client.InferAsync(writer.Payload, CancellationToken.None));
        Assert.Equal(WorkerErrorCode.BadRequest, missing.Code);
        using var answer = await client.InferAsync(Request(client.Signature, TestModels.Cases("mlp")[0]), CancellationToken.None);
    }

    [Fact]
    public async Task Worker_KilledMidCall_FailsTheCallAtOnce()
    {
        await using var worker = await IsolatedWorker.StartAsync("runc", "slow");
        await using var client = await worker.ConnectAsync();
        var call = client.InferAsync(Loops(1L << 40), CancellationToken.None).AsTask();
        await Task.Delay(100);
        await worker.Handle.KillAsync();
        await Assert.ThrowsAsync<WorkerUnavailableException>(() => call.WaitAsync(TimeSpan.FromSeconds(5)));
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("bubblewrap")]
    public async Task Worker_StartToFirstAnswer_IsQuick(string kind)
    {
        TestModels.Cases("mlp");
        await (await IsolatedWorker.StartAsync(kind, "mlp")).DisposeAsync();
        var watch = Stopwatch.StartNew();
        await using var worker = await IsolatedWorker.StartAsync(kind, "mlp");
        var started = watch.ElapsedMilliseconds;
        await using var client = await worker.ConnectAsync();
        var request = Request(client.Signature, TestModels.Cases("mlp")[0]);
        (await client.InferAsync(request, CancellationToken.None)).Dispose();
        output.WriteLine($"{kind}: sandbox {started} ms, first answer {watch.ElapsedMilliseconds} ms");
        for (var i = 0; i < 3000; i++)
            (await client.InferAsync(request, CancellationToken.None)).Dispose();
        watch.Restart();
        for (var i = 0; i < 5000; i++)
            (await client.InferAsync(request, CancellationToken.None)).Dispose();
        output.WriteLine($"{kind}: one caller {watch.Elapsed.TotalMicroseconds / 5000:0.0} µs a call");
        watch.Restart();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async _ =>
        {
            for (var i = 0; i < 1500; i++)
                (await client.InferAsync(request, CancellationToken.None)).Dispose();
        }));
        output.WriteLine($"{kind}: 64 callers {64 * 1500 / watch.Elapsed.TotalSeconds:0} calls/s; resident {Resident(worker.Handle.ProcessId)}");
    }

    private static string Resident(int pid) => File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal));

    private static byte[] Loops(long times)
    {
        using var writer = new TensorWriter();
        writer.WriteTensor(0, TensorType.Int64, [], BitConverter.GetBytes(times));
        writer.WriteOutputs([]);
        return writer.Payload.ToArray();
    }

    private static byte[] Request(ModelSignature signature, TestCase test)
    {
        using var writer = new TensorWriter();
        foreach (var input in test.Inputs)
        {
            var index = signature.Inputs.ToList().FindIndex(spec => spec.Name == input.Name);
            writer.WriteTensor(index, signature.Inputs[index].Type, input.Shape, TestTensors.ToBytes(input));
        }
        writer.WriteOutputs([]);
        return writer.Payload.ToArray();
    }

    private static void AssertAnswer(ModelSignature signature, TestCase test, WorkerAnswer answer)
    {
        var reader = new TensorReader(answer.Payload.Span);
        Assert.Equal(test.Outputs.Count, reader.Count);
        Span<long> shape = stackalloc long[8];
        while (reader.TryNext(out var tensor))
        {
            var name = signature.Outputs[tensor.Index].Name;
            TestTensors.AssertEqual(test.Outputs.Single(expected => expected.Name == name), tensor.Type, tensor.CopyShape(shape), tensor.Data);
        }
        reader.End();
    }
}
