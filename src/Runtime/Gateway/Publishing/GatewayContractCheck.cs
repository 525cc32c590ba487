using Merlon.Admission.Contracts;
using Merlon.Gateway.Parsing;
using Merlon.Kernel;

namespace Merlon.Gateway.Publishing;

/// <summary>Compiles a contract as gateways do: what they could not enforce is not admitted.</summary>
internal sealed class GatewayContractCheck : IContractCheck
{
    public Refusal? Check(TensorContract contract) => CompiledContract.Compile(contract).Try(out _, out var refusal) ? null : refusal;
}
