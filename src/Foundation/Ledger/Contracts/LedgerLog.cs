using Merlon.Keys;

namespace Merlon.Ledger;

/// <summary>
/// The append-only log of one deciding process: an RFC 6962 tree with C2SP tiles and signed checkpoints, and sealed event bodies beside it.
/// Safe for concurrent use. Open it once; a second writer is refused by a file lock.
/// </summary>
public sealed class LedgerLog : IEventSink, IAsyncDisposable
{
    private readonly LogPaths _paths;
    private readonly FileStream _lock;
    private readonly LogWriter _writer;
    private readonly CheckpointPublisher _publisher;
    private readonly SemaphoreSlim _publishing = new(1, 1);
    private readonly PersonalSealer _sealer = new();
    private readonly AppendPool _pool = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<CheckpointSink> _sinks;
    private readonly TimeProvider _time;
    private readonly LedgerOptions _options;
    private readonly byte[] _seed;
    private readonly Task _ticking;
    private int _disposed;

    private LedgerLog(LedgerOptions options, TimeProvider time, FileStream fileLock)
    {
        (_options, _time, _lock) = (options, time, fileLock);
        _paths = new LogPaths(options.Directory);
        _seed = options.SigningSeed.ToArray();
        Key = new NoteKey(options.Origin, Ed25519.PublicKey(_seed));
        var recovery = new LogRecovery(_paths, Key);
        Recovery = recovery.Run();
        _publisher = new CheckpointPublisher(_paths, Key, _seed, time) { Latest = recovery.Latest };
        foreach (var tile in recovery.Tree.TakeFinished())
            _publisher.Repair(tile);
        var segments = new SegmentSet(_paths, options.EventKeys, time);
        _writer = new LogWriter(new GroupCommit(segments, new WalLog(_paths), recovery.Tree, recovery.Recent), () => _publisher.UnwrittenCount > Limits.MaxUnwrittenTiles);
        _sinks = options.CheckpointSinks.Select(address => new CheckpointSink(address, time, options.Report)).ToList();
        _ticking = Task.Run(TickAsync);
    }

    /// <summary>What opening found and did.</summary>
    public RecoveryReport Recovery { get; }

    /// <summary>The key with which anyone checks this log's checkpoints; its text form is the vkey.</summary>
    public NoteKey Key { get; }

    /// <summary>Events recorded so far.</summary>
    public long Size => _writer.Size;

    /// <summary>The newest published checkpoint; null before the first.</summary>
    public Checkpoint? Latest => _publisher.Latest;

    /// <summary>Why the last checkpoint could not be published; null when it could.</summary>
    public string? CheckpointError { get; private set; }

    /// <summary>How the outside copies fare.</summary>
    public IReadOnlyList<CheckpointSinkState> Sinks => _sinks.ConvertAll(sink => sink.State);

    /// <summary>Opens or creates the log and repairs what a crash left.</summary>
    /// <exception cref="IOException">Another process has the log open.</exception>
    /// <exception cref="InvalidDataException">The files contradict a published checkpoint; the log is not opened, so that it cannot fork.</exception>
    public static async Task<LedgerLog> OpenAsync(LedgerOptions options, TimeProvider time)
    {
        Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var paths = new LogPaths(options.Directory);
        Directory.CreateDirectory(paths.Wal);
        Directory.CreateDirectory(paths.Bodies);
        FileStream fileLock;
        try
        {
            fileLock = new FileStream(paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new IOException($"The log in '{options.Directory}' is already open in another process.", exception);
        }
        try
        {
            // Recovery reads and hashes; it does not belong on the caller's thread.
            return await Task.Run(() => new LedgerLog(options, time, fileLock));
        }
        catch
        {
            await fileLock.DisposeAsync();
            throw;
        }
    }

    /// <summary>Records the event and completes when it is as durable as asked, with its index in the log.</summary>
    /// <exception cref="EvidenceUnavailableException">It could not be recorded (a full or failing disk): what it tells of must not happen.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before it was taken; after that it is recorded whatever the token says.</exception>
    [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<long> AppendAsync(SecurityEvent securityEvent, Durability durability, CancellationToken cancellationToken)
    {
        var operation = _pool.Rent();
        short version;
        try
        {
            operation.Prepare(securityEvent, durability, _sealer);
            version = operation.Version;
            await _writer.EnqueueAsync(operation, cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Release();
            if (exception is System.Threading.Channels.ChannelClosedException)
                throw new EvidenceUnavailableException("The ledger is closed.", exception);
            throw;
        }
        return await new ValueTask<long>(operation, version);
    }

    /// <summary>Publishes a checkpoint over everything recorded so far and returns it.</summary>
    /// <exception cref="EvidenceUnavailableException">The disk refused.</exception>
    public async Task<Checkpoint> CheckpointAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await PublishAsync(final: false, cancellationToken);
        }
        catch (Exception exception) when (exception is (IOException or UnauthorizedAccessException) and not EvidenceUnavailableException)
        {
            throw new EvidenceUnavailableException($"The checkpoint could not be published: {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Removes the bodies of an organisation's events from before <paramref name="before"/>, by whole segments. The removal is itself recorded, durably,
    /// before anything goes. Returns the number of segments removed.
    /// </summary>
    public async Task<int> PruneAsync(Guid organisation, DateTimeOffset before, CancellationToken cancellationToken = default)
    {
        var close = new CloseSegmentOperation(organisation);
        await _writer.EnqueueAsync(close, cancellationToken);
        await close.Completion.Task;
        await CheckpointAsync(cancellationToken);
        var retention = new Retention(_paths, _options, _time);
        using var reader = LedgerReader.Open(_options.Directory);
        var segments = retention.Candidates(organisation, before, reader);
        if (segments.Count == 0)
            return 0;
        var index = await AppendAsync(retention.Event(organisation, segments, before), Durability.Disk, cancellationToken);
        await CheckpointAsync(cancellationToken);
        foreach (var segment in segments)
            retention.Remove(segment with { Event = index });
        return segments.Count;
    }

    private async Task<Checkpoint> PublishAsync(bool final, CancellationToken cancellationToken)
    {
        await _publishing.WaitAsync(cancellationToken);
        try
        {
            var before = _publisher.Latest;
            var checkpoint = _publisher.Publish(await _writer.SnapshotAsync(CancellationToken.None), final);
            CheckpointError = null;
            if (before != checkpoint)
                _sinks.ForEach(sink => sink.Offer(checkpoint));
            return checkpoint;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            CheckpointError = exception.Message;
            throw;
        }
        finally
        {
            _publishing.Release();
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(_options.CheckpointInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (_writer.Size != (Latest?.Size ?? 0))
                    await TryPublishAsync(final: false);
            }
        }
        catch (OperationCanceledException)
        {
            // Closing.
        }
    }

    private async Task TryPublishAsync(bool final)
    {
        try
        {
            await PublishAsync(final, CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Shown in CheckpointError; the next tick tries again, and appends go on as long as they themselves can be written.
        }
    }

    /// <summary>Writes what waits, publishes a last checkpoint and closes the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _stop.CancelAsync();
        await _ticking;
        if (_writer.Size > 0)
            await TryPublishAsync(final: true);
        await _writer.DisposeAsync();
        foreach (var sink in _sinks)
            await sink.DisposeAsync();
        _sealer.Dispose();
        _stop.Dispose();
        _publishing.Dispose();
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(_seed);
        await _lock.DisposeAsync();
    }
}
