using Merlon.Gateway.Parsing;
using Merlon.Kernel;
using Merlon.Sandbox.Contracts;

namespace Merlon.Gateway.Workers;

/// <summary>A connected worker whose signature agrees with the contract, and the model's positions of the contract's outputs.</summary>
internal sealed class WorkerBinding
{
    private readonly ushort[] _modelIndex;

    private WorkerBinding(WorkerClient client, ushort[] modelIndex)
    {
        Client = client;
        _modelIndex = modelIndex;
    }

    public WorkerClient Client { get; }

    /// <summary>The model's positions of all outputs of the contract, in the contract's order.</summary>
    public ReadOnlySpan<ushort> AllOutputs => _modelIndex;

    public ushort ToModel(int contractOutput) => _modelIndex[contractOutput];

    /// <summary>The contract's output at that position of the model, or −1 when the contract does not have it.</summary>
    public int ToContract(ushort modelOutput) => Array.IndexOf(_modelIndex, modelOutput);

    /// <summary>Inputs must stand in the model's order, because they are written before a worker is chosen; outputs may be some of the model's.</summary>
    public static Result<WorkerBinding> Create(WorkerClient client, CompiledContract contract)
    {
        var signature = client.Signature;
        if (signature.Inputs.Length != contract.Inputs.Length)
            return Mismatch($"the model has {signature.Inputs.Length} inputs, the contract {contract.Inputs.Length}");
        for (var i = 0; i < contract.Inputs.Length; i++)
        {
            if (signature.Inputs[i].Name != contract.Inputs[i].Name || signature.Inputs[i].Type != contract.Inputs[i].Type)
                return Mismatch($"input {i} of the model is not the contract's");
        }
        var modelIndex = new ushort[contract.Outputs.Length];
        for (var i = 0; i < contract.Outputs.Length; i++)
        {
            var output = contract.Outputs[i];
            var at = Find(signature, output.Name);
            if (at < 0 || signature.Outputs[at].Type != output.Type)
                return Mismatch($"the model does not have output {i} of the contract");
            modelIndex[i] = (ushort)at;
        }
        return new WorkerBinding(client, modelIndex);
    }

    private static int Find(ModelSignature signature, string name)
    {
        for (var i = 0; i < signature.Outputs.Length; i++)
        {
            if (signature.Outputs[i].Name == name)
                return i;
        }
        return -1;
    }

    private static Refusal Mismatch(string what) => new(RefusalKind.BadAnswer, "worker.signature", $"The worker's signature disagrees with the contract: {what}.");
}
