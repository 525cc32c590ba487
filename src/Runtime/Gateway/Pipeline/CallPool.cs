using Merlon.Gateway.Limiting;
using Microsoft.Extensions.ObjectPool;

namespace Merlon.Gateway.Pipeline;

/// <summary>Makes and takes back the state of calls.</summary>
internal sealed class CallPolicy(ByteBudget budget) : IPooledObjectPolicy<Call>
{
    public Call Create() => new(budget);

    public bool Return(Call call)
    {
        if (call.End())
            return true;
        call.Dispose();
        return false;
    }
}
