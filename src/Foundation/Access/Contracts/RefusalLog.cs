using System.Net;
using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>Where refusals are told. Those of unauthenticated callers are aggregated per network, so that a flood cannot fill the ledger.</summary>
public interface IRefusalLog
{
    void Unauthenticated(IPAddress? network, string code);

    /// <summary>Records the refusal of a known caller, one event each.</summary>
    Task DeniedAsync(SecurityEvent denied);
}
