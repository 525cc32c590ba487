using System.Net;
using Merlon.Gateway.Contracts;
using Merlon.Ledger;

namespace Merlon.App.Roles.Gateway;

/// <summary>Refusals that anyone can cause in any number become few events.</summary>
internal sealed class GatewayRefusals(RefusalAggregator aggregator) : IRefusalFlood
{
    public void Add(in RefusedCall call) => aggregator.Record(call.Source ?? IPAddress.None, call.Reason, call.Principal);
}
