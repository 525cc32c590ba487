using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Ledger;

namespace Merlon.App.Roles;

/// <summary>How the networks of callers that nobody can name are sealed.</summary>
internal static class RefusalSealing
{
    public static RefusalAggregatorOptions For(string service, ReadOnlyMemory<byte> unidentifiedKey) => new()
    {
        Service = service,
        Seal = network => new PersonalFields(SubjectKeys.Unidentified, unidentifiedKey, [new("network", network)]),
    };
}
