using System.Net;

namespace Merlon.Gateway.Contracts;

/// <summary>
/// Takes the refusals that anyone can cause in any number (no credential, unknown route, over the rate) and turns them into few events, so that a flood
/// cannot fill the ledger. Called on the hot path: it does not block, and it does not throw.
/// </summary>
public interface IRefusalFlood
{
    void Add(in RefusedCall call);
}

/// <summary>One refused call.</summary>
/// <param name="Source">The caller's address; null when the transport has none.</param>
/// <param name="Reason">The refusal's stable code.</param>
/// <param name="Principal">Pseudonymous id of the caller when the key was good; otherwise null.</param>
public readonly record struct RefusedCall(IPAddress? Source, string Reason, string? Principal);
