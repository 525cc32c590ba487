using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Merlon.Gateway.Answers;
using Merlon.Gateway.Limiting;
using Merlon.Kernel;

namespace Merlon.Bench.Gateway;

/// <summary>The pieces of the pipeline that run once per call.</summary>
[MemoryDiagnoser]
public class PipelineBenchmarks
{
    private readonly RateCell _cell = new();
    private readonly Rate _rate = new(1e6, 1_000_000, 1_000_000_000);
    private readonly NetworkTable _networks = new(new Rate(1e6, 1_000_000, 1_000_000_000));
    private readonly ByteBudget _budget = new(1 << 30);
    private readonly PooledBuffer _buffer = new(1 << 20);
    private readonly float[] _values = [.. Enumerable.Range(0, 64).Select(i => i / 7f)];
    private long _now;

    [Benchmark]
    public bool Rate() => _cell.TryTake(_rate, _now += 1000).Allowed;

    [Benchmark]
    public bool UnauthenticatedNetwork() => _networks.TryTake(new Network((ulong)(_now += 1000)), _now);

    [Benchmark]
    public void Budget()
    {
        _budget.TryTake(4096);
        _budget.Release(4096);
    }

    [Benchmark]
    public bool WriteAnswer64()
    {
        _buffer.Reset();
        return ValueWriter.Write(MemoryMarshal.AsBytes<float>(_values), TensorType.Fp32, _buffer);
    }
}
