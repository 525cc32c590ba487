using System.Buffers;
using System.Security.Cryptography;
using System.Threading.Tasks.Sources;

namespace Merlon.Ledger;

/// <summary>Something the single writer does in order.</summary>
internal abstract class LogOperation;

/// <summary>Something to do between two group commits.</summary>
internal abstract class ControlOperation : LogOperation
{
    internal abstract void Run(GroupCommit commit);
    internal abstract void Fail(Exception exception);
}

/// <summary>Asks for the state that the next checkpoint will cover.</summary>
internal sealed class SnapshotOperation : ControlOperation
{
    internal TaskCompletionSource<LogSnapshot> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal override void Run(GroupCommit commit) => Completion.SetResult(commit.Snapshot());
    internal override void Fail(Exception exception) => Completion.SetException(exception);
}

/// <summary>Closes the open segment of an organisation, so that it may be pruned.</summary>
internal sealed class CloseSegmentOperation(Guid organisation) : ControlOperation
{
    internal TaskCompletionSource Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal override void Run(GroupCommit commit)
    {
        commit.CloseSegment(organisation);
        Completion.SetResult();
    }

    internal override void Fail(Exception exception) => Completion.SetException(exception);
}

/// <summary>
/// One append on its way: holds the encoded body (salt ‖ JSON) and completes the appender's ValueTask. Pooled, so that an append in the steady
/// state allocates next to nothing.
/// </summary>
internal sealed class AppendOperation : LogOperation, IValueTaskSource<long>, IBufferWriter<byte>
{
    internal const int SaltSize = 32;
    private const int KeepBytes = 16 * 1024;

    private ManualResetValueTaskSourceCore<long> _core = new() { RunContinuationsAsynchronously = true };
    private byte[] _buffer = new byte[2048];
    private int _length;
    private readonly AppendPool _pool;

    internal AppendOperation(AppendPool pool) => _pool = pool;

    internal Guid Id { get; private set; }
    internal Guid Organisation { get; private set; }
    internal Durability Durability { get; private set; }
    internal Digest BodyHash { get; private set; }
    internal byte Activity { get; private set; }
    internal ushort Class { get; private set; }
    internal long Time { get; private set; }

    /// <summary>Set by the writer: where the event stands in the log.</summary>
    internal long Index { get; set; }

    /// <summary>Salt (32 bytes) and JSON, as they are sealed and hashed.</summary>
    internal ReadOnlySpan<byte> Payload => _buffer.AsSpan(0, _length);

    internal short Version => _core.Version;

    /// <summary>Encodes on the caller's thread, so that the writer only seals and writes.</summary>
    internal void Prepare(SecurityEvent e, Durability durability, PersonalSealer sealer)
    {
        if (e.Activity is < 0 or > 255)
            throw new ArgumentOutOfRangeException(nameof(e), e.Activity, "An OCSF activity_id lies between 0 and 255.");
        Id = e.Id;
        Organisation = e.Scope.Organisation;
        Durability = durability;
        Activity = (byte)e.Activity;
        Class = (ushort)e.Class;
        Time = e.Time.ToUnixTimeMilliseconds();
        _length = SaltSize;
        SaltSource.Fill(_buffer.AsSpan(0, SaltSize));
        EventJson.Write(e, e.Personal is { } personal ? sealer.Seal(personal, e.Id) : [], this);
        if (_length - SaltSize > Limits.MaxBody)
            throw new ArgumentException($"An event body has at most {Limits.MaxBody} bytes; this one has {_length - SaltSize}.", nameof(e));
        Span<byte> hash = stackalloc byte[Digest.Size];
        SHA256.HashData(Payload, hash);
        BodyHash = new Digest(hash);
    }

    internal void Succeed() => _core.SetResult(Index);
    internal void Fail(Exception exception) => _core.SetException(exception);

    /// <summary>Gives an operation back that was never handed to the writer.</summary>
    internal void Release()
    {
        _core.Reset();
        CryptographicOperations.ZeroMemory(_buffer.AsSpan(0, _length));
        if (_buffer.Length > KeepBytes)
            _buffer = new byte[2048];
        _length = 0;
        _pool.Return(this);
    }

    long IValueTaskSource<long>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<long>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<long>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IBufferWriter<byte>.Advance(int count) => _length += count;
    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => Reserve(sizeHint).AsMemory(_length);
    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => Reserve(sizeHint).AsSpan(_length);

    private byte[] Reserve(int sizeHint)
    {
        var needed = _length + Math.Max(sizeHint, 256);
        if (needed > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(needed, 2 * _buffer.Length));
        return _buffer;
    }
}

/// <summary>Operations to use again.</summary>
internal sealed class AppendPool
{
    private const int MaxKept = 1024;
    private readonly System.Collections.Concurrent.ConcurrentQueue<AppendOperation> _free = new();

    internal AppendOperation Rent() => _free.TryDequeue(out var operation) ? operation : new AppendOperation(this);

    internal void Return(AppendOperation operation)
    {
        if (_free.Count < MaxKept)
            _free.Enqueue(operation);
    }
}

/// <summary>Random salts, fetched from the system's generator in blocks: one call for 128 salts.</summary>
internal static class SaltSource
{
    private const int BlockSize = 128 * AppendOperation.SaltSize;

    [ThreadStatic]
    private static byte[]? s_block;

    [ThreadStatic]
    private static int s_used;

    internal static void Fill(Span<byte> salt)
    {
        var block = s_block;
        if (block is null || s_used == BlockSize)
        {
            block = s_block ??= new byte[BlockSize];
            RandomNumberGenerator.Fill(block);
            s_used = 0;
        }
        var source = block.AsSpan(s_used, salt.Length);
        source.CopyTo(salt);
        // A salt is used once and leaves no copy here.
        source.Clear();
        s_used += salt.Length;
    }
}
