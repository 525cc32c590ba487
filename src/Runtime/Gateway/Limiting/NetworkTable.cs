using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Merlon.Gateway.Limiting;

/// <summary>The network of an address: IPv4 /24, IPv6 /48. One household or office, not one address of the 2^80 that it may have.</summary>
internal readonly record struct Network(ulong Value)
{
    public static Network Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address is null || !address.TryWriteBytes(bytes, out var length))
            return default;
        if (address.IsIPv4MappedToIPv6)
            return V4(bytes[12..]);
        return length == 4 ? V4(bytes) : new Network(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16 | 2UL << 62);
    }

    private static Network V4(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8 | 1UL << 62);
}

/// <summary>
/// Unauthenticated attempts per network, in a table of fixed size: when a set is full, the entry that has been quiet the longest makes room.
/// An attacker with many networks can push entries out, and gains only the burst of a network that was forgotten.
/// </summary>
internal sealed class NetworkTable
{
    public const int Sets = 1024;
    public const int Ways = 8;

    private readonly Entry[] _entries = new Entry[Sets * Ways];
    private readonly Lock[] _locks = new Lock[64];
    private readonly Rate _rate;
    private readonly ulong _salt;

    public NetworkTable(Rate rate)
    {
        _rate = rate;
        // Salted: nobody can choose networks that fall into one set.
        Span<byte> salt = stackalloc byte[8];
        System.Security.Cryptography.RandomNumberGenerator.Fill(salt);
        _salt = BinaryPrimitives.ReadUInt64LittleEndian(salt) | 1;
        for (var i = 0; i < _locks.Length; i++)
            _locks[i] = new Lock();
    }

    public bool TryTake(Network network, long now)
    {
        var set = (int)((System.Numerics.BitOperations.RotateLeft(network.Value * 0x9E3779B97F4A7C15, 29) ^ _salt) * _salt >> 54);
        var entries = _entries.AsSpan(set * Ways, Ways);
        lock (_locks[set % _locks.Length])
        {
            ref var entry = ref Find(entries, network);
            var next = Math.Max(entry.Arrival, now) + _rate.Interval;
            if (next - now > _rate.Window)
                return false;
            entry.Arrival = next;
            return true;
        }
    }

    private static ref Entry Find(Span<Entry> entries, Network network)
    {
        var oldest = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i].Network == network)
                return ref entries[i];
            if (entries[i].Arrival < entries[oldest].Arrival)
                oldest = i;
        }
        entries[oldest] = new Entry { Network = network };
        return ref entries[oldest];
    }

    private struct Entry
    {
        public Network Network;
        public long Arrival;
    }
}

/// <summary>Open connections per network. Holds only networks with an open connection, so Kestrel's own bound on connections bounds it.</summary>
internal sealed class ConnectionTable(int mostPerNetwork)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Network, int> _open = [];

    public bool TryEnter(Network network)
    {
        lock (_lock)
        {
            var open = _open.GetValueOrDefault(network);
            if (open >= mostPerNetwork)
                return false;
            _open[network] = open + 1;
            return true;
        }
    }

    public void Leave(Network network)
    {
        lock (_lock)
        {
            if (_open[network] == 1)
                _open.Remove(network);
            else
                _open[network]--;
        }
    }
}
