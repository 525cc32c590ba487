using Merlon.Serving.Contracts;
using Merlon.Serving.Node;

namespace Merlon.Serving.Tests.Node;

public sealed class NodeLimitsTests
{
    [Fact]
    public void Bound_OutOfRange_IsMovedIntoIt()
    {
        Assert.Equal((NodeLimits.MaxMemoryBytes, NodeLimits.MaxCpus, NodeLimits.MaxProcesses, NodeLimits.MaxThreads),
            Numbers(NodeLimits.Bound(new WorkerResources(long.MaxValue, double.PositiveInfinity, int.MaxValue, int.MaxValue, []))));
        Assert.Equal((NodeLimits.MinMemoryBytes, NodeLimits.MinCpus, 1, 1), Numbers(NodeLimits.Bound(new WorkerResources(-1, -1, 0, -5, []))));
        Assert.Equal(NodeLimits.MinCpus, NodeLimits.Bound(new WorkerResources(1, double.NaN, 1, 1, [])).Cpus);
        Assert.Equal((1L << 30, 2.0, 128, 4), Numbers(NodeLimits.Bound(new WorkerResources(1L << 30, 2, 128, 4, ["/dev/nvidia0"]))));
    }

    [Fact]
    public void Bound_OtherDevice_IsRefused() =>
        Assert.Throws<InvalidDataException>(() => NodeLimits.Bound(new WorkerResources(1L << 30, 2, 128, 4, ["/dev/mem"])));

    private static (long, double, int, int) Numbers(WorkerResources r) => (r.MemoryBytes, r.Cpus, r.Processes, r.Threads);
}
