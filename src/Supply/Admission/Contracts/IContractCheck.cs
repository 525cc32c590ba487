using Merlon.Kernel;

namespace Merlon.Admission.Contracts;

/// <summary>Whether a contract can be enforced by those who will have to. Kept by the gateway's module, asked at admission.</summary>
public interface IContractCheck
{
    /// <summary>Null when it can; otherwise why not.</summary>
    Refusal? Check(TensorContract contract);
}
