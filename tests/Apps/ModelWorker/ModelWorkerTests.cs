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
