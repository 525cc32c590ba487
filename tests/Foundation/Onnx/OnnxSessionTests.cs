using System.Diagnostics;
using System.Runtime.InteropServices;
using Merlon.Kernel;
using Merlon.Onnx.Contracts;
using Merlon.Onnx.Tests.Models;

namespace Merlon.Onnx.Tests;

public sealed class OnnxSessionTests
{
    private static readonly OnnxSessionOptions s_options = new();

    [Theory]
    [InlineData("mlp")]
    [InlineData("forest")]
    [InlineData("cnn")]
    [InlineData("transformer")]
    [InlineData("strings")]
    [InlineData("types")]
    [InlineData("slow")]
    public void Run_ModelOfAnotherTool_EqualsItsResult(string name)
    {
        using var session = OnnxSession.Load(TestModels.Read(name), [], s_options);
        RunCases(session, name);
    }

    [Fact]
    public unsafe void Load_ExternalDataInMemory_EqualsTheFrameworksResult()
    {
        var weights = File.ReadAllBytes(Path.Combine(TestModels.Folder("external"), "weights.bin"));
        fixed (byte* start = weights)
        {
            using var session = OnnxSession.Load(TestModels.Read("external"), [new ExternalFile("weights.bin", (nint)start, weights.Length)], s_options);
            RunCases(session, "external");
        }
    }

    [Fact]
    public void Load_ExternalDataNotGiven_IsRefused() =>
        Assert.Throws<OnnxException>(() => OnnxSession.Load(TestModels.Read("external"), [], s_options));

    [Fact]
    public void Load_OutputOfMaps_IsRefusedByName()
    {
        var error = Assert.Throws<OnnxException>(() => OnnxSession.Load(TestModels.Read("zipmap"), [], s_options));
        Assert.Contains("'maps' is a sequence", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NotAModel_SaysSoWithoutCrashing()
    {
        Assert.Throws<OnnxException>(() => OnnxSession.Load("nonsense"u8, [], s_options));
        Assert.Throws<OnnxException>(() => OnnxSession.Load([], [], s_options));
        var model = TestModels.Read("mlp");
        Assert.Throws<OnnxException>(() => OnnxSession.Load(model.AsSpan(0, model.Length / 2), [], s_options));
    }

    [Fact]
    public void Load_Signature_IsTheModels()
    {
        using var session = OnnxSession.Load(TestModels.Read("forest"), [], s_options);
        Assert.Equal(new ModelSignature([new TensorSpec("x", TensorType.Fp32, [-1, 12])],
            [new TensorSpec("label", TensorType.Int64, [-1]), new TensorSpec("probabilities", TensorType.Fp32, [-1, 3])]), session.Signature);
    }

    [Fact]
    public void Run_WrongInputs_ThrowAndTheCallStaysUsable()
    {
        using var session = OnnxSession.Load(TestModels.Read("mlp"), [], s_options);
        using var call = session.NewCall();
        Assert.Throws<OnnxException>(() => call.Run([], CancellationToken.None));            // nothing given
        Assert.Throws<OnnxException>(() => call.SetInput(1, TensorType.Fp32, [1], new byte[4])); // no such input
        call.SetInput(0, TensorType.Fp32, [1, 8], new byte[32]);
        Assert.Throws<OnnxException>(() => call.SetInput(0, TensorType.Fp32, [1, 8], new byte[32])); // twice
        Assert.Throws<OnnxException>(() => call.Run([7], CancellationToken.None));           // no such output
        call.Reset();
        call.SetInput(0, TensorType.Int64, [1, 8], new byte[64]);
        Assert.Throws<OnnxException>(() => call.Run([], CancellationToken.None));            // wrong type
        call.Reset();
        call.SetInput(0, TensorType.Fp32, [1, 9], new byte[36]);
        Assert.Throws<OnnxException>(() => call.Run([], CancellationToken.None));            // wrong shape
        call.Reset();
        call.SetInput(0, TensorType.Fp32, [2, 8], new byte[64]);
        call.Run([], CancellationToken.None);
        Assert.Equal([2, 1], call.Output(0).Shape.ToArray());
    }

    [Fact]
    public void SetInput_BoolThatIsNeither0Nor1_IsRefused()
    {
        using var session = OnnxSession.Load(TestModels.Read("types"), [], s_options);
        using var call = session.NewCall();
        var index = session.Signature.Inputs.ToList().FindIndex(spec => spec.Type == TensorType.Bool);
        Assert.Throws<OnnxException>(() => call.SetInput(index, TensorType.Bool, [2], [1, 2]));
    }

    [Fact]
    public void Run_Cancelled_StopsSoonAndTheCallStaysUsable()
    {
        using var session = OnnxSession.Load(TestModels.Read("slow"), [], s_options);
        using var call = session.NewCall();
        call.SetInput(0, TensorType.Int64, [], BitConverter.GetBytes(1L << 40));
        using var source = new CancellationTokenSource(100);
        var watch = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => call.Run([], source.Token));
        Assert.InRange(watch.ElapsedMilliseconds, 50, 10_000);

        call.Reset();
        call.SetInput(0, TensorType.Int64, [], BitConverter.GetBytes(1L));
        call.Run([], CancellationToken.None);
        Assert.InRange(MemoryMarshal.Read<float>(call.Output(0).Data), MathF.Tanh(1) - 1e-5f, MathF.Tanh(1) + 1e-5f);
    }

    [Fact]
    public async Task Dispose_WhileACallRuns_WaitsForItAndRefusesNewOnes()
    {
        var session = OnnxSession.Load(TestModels.Read("slow"), [], s_options);
        using var running = session.NewCall();
        using var late = session.NewCall();
        running.SetInput(0, TensorType.Int64, [], BitConverter.GetBytes(20_000L));
        late.SetInput(0, TensorType.Int64, [], BitConverter.GetBytes(1L));
        var ended = 0L;
        var run = Task.Run(() =>
        {
            running.Run([], CancellationToken.None);
            Volatile.Write(ref ended, Stopwatch.GetTimestamp());
        });
        await Task.Delay(50);
        Assert.False(run.IsCompleted);
        var dispose = Task.Run(session.Dispose);
        await dispose.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Throws<ObjectDisposedException>(() => late.Run([], CancellationToken.None));
        await run;
        Assert.True(Volatile.Read(ref ended) > 0);
    }

    [Fact]
    public void Run_FromManyThreads_EachGetsItsOwnResult()
    {
        using var session = OnnxSession.Load(TestModels.Read("mlp"), [], s_options);
        Parallel.For(0, 16, _ =>
        {
            for (var i = 0; i < 200; i++)
                RunCases(session, "mlp");
        });
    }

    [Fact]
    public void Run_Reused_AllocatesNothingManaged()
    {
        using var session = OnnxSession.Load(TestModels.Read("mlp"), [], s_options);
        using var call = session.NewCall();
        var data = new byte[32];
        var length = 0;
        for (var i = 0; i < 200; i++)
            Once();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4, length);

        void Once()
        {
            call.SetInput(0, TensorType.Fp32, [1, 8], data);
            call.Run([], CancellationToken.None);
            length = call.Output(0).Data.Length;
            call.Reset();
        }
    }

    private static void RunCases(OnnxSession session, string model)
    {
        using var call = session.NewCall();
        foreach (var test in TestModels.Cases(model))
        {
            foreach (var input in test.Inputs)
            {
                var index = session.Signature.Inputs.ToList().FindIndex(spec => spec.Name == input.Name);
                call.SetInput(index, session.Signature.Inputs[index].Type, input.Shape, TestTensors.ToBytes(input));
            }
            call.Run([], CancellationToken.None);
            Assert.Equal(test.Outputs.Count, call.OutputCount);
            for (var i = 0; i < call.OutputCount; i++)
            {
                var output = call.Output(i);
                var name = session.Signature.Outputs[output.Index].Name;
                var expected = test.Outputs.Single(candidate => candidate.Name == name);
                TestTensors.AssertEqual(expected, output.Type, output.Shape, Bytes(output));
            }
            call.Reset();
        }
    }

    private static byte[] Bytes(OnnxTensor output)
    {
        if (output.Type != TensorType.Bytes)
            return output.Data.ToArray();
        var all = new List<byte>();
        for (long i = 0; i < output.ElementCount; i++)
        {
            var element = new byte[output.ElementLength(i)];
            output.CopyElement(i, element);
            all.AddRange(BitConverter.GetBytes(element.Length));
            all.AddRange(element);
        }
        return [.. all];
    }
}
