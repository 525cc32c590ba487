using System.Net;
using Merlon.Gateway.Limiting;

namespace Merlon.Gateway.Tests.Limiting;

public sealed class LimitingTests
{
    [Fact]
    public void RateCell_BurstThenSteady_FollowsTheRateExactly()
    {
        var rate = new Rate(perSecond: 10, burst: 5, ticksPerSecond: 1000);
        var cell = new RateCell();
        for (var i = 4; i >= 0; i--)
            Assert.Equal(i, cell.TryTake(rate, 1000).Remaining);
        var refused = cell.TryTake(rate, 1000);
        Assert.Equal((false, 100), (refused.Allowed, refused.Ticks));
        Assert.False(cell.TryTake(rate, 1099).Allowed);
        Assert.True(cell.TryTake(rate, 1100).Allowed);
        Assert.False(cell.TryTake(rate, 1100).Allowed);
        // After a long pause the burst is there again, and no more.
        Assert.Equal(5, Enumerable.Range(0, 20).Count(_ => cell.TryTake(rate, 1_000_000).Allowed));
    }

    [Fact]
    public async Task RateCell_ManyThreads_GrantExactlyTheBurst()
    {
        var rate = new Rate(1, burst: 1000, ticksPerSecond: 1_000_000);
        var cell = new RateCell();
        var granted = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 1000).Count(_ => cell.TryTake(rate, 5).Allowed))));
        Assert.Equal(1000, granted.Sum());
    }

    [Fact]
    public async Task SlotsAndBytes_ManyThreads_NeverExceedTheMost()
    {
        var slots = new Slots();
        var budget = new ByteBudget(100);
        var most = 0;
        long mostBytes = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (slots.TryTake(3))
                {
                    InterlockedMax(ref most, slots.Taken);
                    slots.Release();
                }
                if (budget.TryTake(i % 60))
                {
                    Assert.InRange(budget.Taken, 0, 100);
                    Interlocked.Exchange(ref mostBytes, budget.Taken);
                    budget.Release(i % 60);
                }
            }
        })));
        Assert.Equal((0, 0L), (slots.Taken, budget.Taken));
        Assert.False(budget.TryTake(101));
        Assert.True(budget.TryTake(100));
        Assert.False(budget.TryTake(long.MaxValue));

        static void InterlockedMax(ref int most, int value)
        {
            for (var seen = most; value > seen; seen = most)
                Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    [Fact]
    public void Network_OfAddresses_GroupsByPrefixAndFamily()
    {
        Assert.Equal(Network.Of(IPAddress.Parse("10.1.2.3")), Network.Of(IPAddress.Parse("10.1.2.250")));
        Assert.NotEqual(Network.Of(IPAddress.Parse("10.1.2.3")), Network.Of(IPAddress.Parse("10.1.3.3")));
        Assert.Equal(Network.Of(IPAddress.Parse("10.1.2.3")), Network.Of(IPAddress.Parse("::ffff:10.1.2.9")));
        Assert.Equal(Network.Of(IPAddress.Parse("2001:db8:1:2::1")), Network.Of(IPAddress.Parse("2001:db8:1:ffff::9")));
        Assert.NotEqual(Network.Of(IPAddress.Parse("2001:db8:1::1")), Network.Of(IPAddress.Parse("2001:db8:2::1")));
        Assert.NotEqual(Network.Of(IPAddress.Parse("0.0.1.0")), Network.Of(IPAddress.Parse("::1")));
    }

    [Fact]
    public void NetworkTable_FloodOfNetworks_StaysBoundedAndStillLimits()
    {
        var table = new NetworkTable(new Rate(1, burst: 2, ticksPerSecond: 1000));
        for (uint i = 0; i < 100_000; i++)
            Assert.True(table.TryTake(Network.Of(new IPAddress((long)i * 256 % uint.MaxValue)), 1000 + i / 100));
        var one = Network.Of(IPAddress.Parse("203.0.113.1"));
        Assert.Equal(2, Enumerable.Range(0, 10).Count(_ => table.TryTake(one, 10_000)));
        Assert.Equal(1, Enumerable.Range(0, 10).Count(_ => table.TryTake(one, 11_000)));
    }
}
