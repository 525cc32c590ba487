using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using Merlon.Admission.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Tests.Parsing;

/// <summary>Contracts and parsing for tests; what was parsed is read back through the worker protocol's own reader.</summary>
internal static class ParserHarness
{
    public static CompiledContract Contract(params InputTensor[] inputs) => Compile(new TensorContract
    {
        Inputs = [.. inputs],
        Outputs = [new OutputTensor { Name = "y", Type = TensorType.Fp32, Shape = [-1] }, new OutputTensor { Name = "z", Type = TensorType.Fp32, Shape = [-1] }],
        MaxBodyBytes = 1024 * 1024,
    });

    public static CompiledContract Compile(TensorContract contract) => CompiledContract.Compile(contract).Value;

    public static InputTensor Input(TensorType type = TensorType.Fp32, params long[] shape) => new() { Name = "x", Type = type, Shape = [.. shape] };

    public static Refusal? Parse(CompiledContract contract, string json, InferRequest? into = null) => Parse(contract, Encoding.UTF8.GetBytes(json), into);

    public static Refusal? Parse(CompiledContract contract, byte[] json, InferRequest? into = null)
    {
        if (into is not null)
            return InferParser.Parse(json, contract, into);
        using var request = new InferRequest();
        return InferParser.Parse(json, contract, request);
    }

    /// <summary>The request with one input 'x'.</summary>
    public static string One(string data, string shape, string type) => $$"""{"inputs":[{"name":"x","shape":{{shape}},"datatype":"{{type}}","data":{{data}}}]}""";

    public static T[] Values<T>(InferRequest request) where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data(request)).ToArray();

    public static byte[] Data(InferRequest request)
    {
        request.Tensors.WriteOutputs([]);
        var reader = new TensorReader(request.Tensors.Payload.Span);
        Assert.True(reader.TryNext(out var tensor));
        return tensor.Data.ToArray();
    }

    public static T[] Accept<T>(InputTensor input, string data, string shape) where T : unmanaged
    {
        using var request = new InferRequest();
        Assert.Null(Parse(Contract(input), One(data, shape, input.Type.Name()), request));
        return Values<T>(request);
    }

    public static Refusal Reject(InputTensor input, string data, string shape)
    {
        var refusal = Parse(Contract(input), One(data, shape, input.Type.Name()));
        Assert.NotNull(refusal);
        Assert.Equal(RefusalKind.Invalid, refusal.Kind);
        return refusal;
    }
}
