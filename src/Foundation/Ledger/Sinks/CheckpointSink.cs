using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;

namespace Merlon.Ledger;

/// <summary>
/// Copies each new checkpoint to one place outside. Keeps only the newest that is still to go, retries with backoff, never holds up an append, and
/// shows in <see cref="State"/> how it fares. A file is never replaced by a checkpoint that contradicts it (<see cref="CheckpointFile"/>).
/// </summary>
internal sealed class CheckpointSink : IAsyncDisposable
{
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lastRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    private readonly Channel<Checkpoint> _newest = Channel.CreateBounded<Checkpoint>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _address;
    private readonly TimeProvider _time;
    private readonly Task _loop;
    private readonly HttpClient? _client;
    private readonly Action<string>? _report;
    private CheckpointSinkState _state;

    internal CheckpointSink(Uri address, TimeProvider time, Action<string>? report)
    {
        if (!address.IsAbsoluteUri || address.Scheme is not ("file" or "http" or "https"))
            throw new ArgumentException($"A checkpoint sink is a file:, http: or https: address, not '{address}'.", nameof(address));
        (_address, _time, _report) = (address, time, report);
        _state = new CheckpointSinkState(address, -1, null, null, 0);
        if (!address.IsFile)
            _client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = s_timeout };
        _loop = Task.Run(RunAsync);
    }

    internal CheckpointSinkState State => Volatile.Read(ref _state);

    internal void Offer(Checkpoint checkpoint) => _newest.Writer.TryWrite(checkpoint);

    private async Task RunAsync()
    {
        try
        {
            await foreach (var checkpoint in _newest.Reader.ReadAllAsync(_stop.Token))
                await DeliverAsync(checkpoint);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task DeliverAsync(Checkpoint checkpoint)
    {
        var wait = s_firstRetry;
        while (true)
        {
            try
            {
                await SendAsync(checkpoint);
                _state = new CheckpointSinkState(_address, checkpoint.Size, _time.GetUtcNow(), null, 0);
                return;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or HttpRequestException
                || (exception is OperationCanceledException && !_stop.IsCancellationRequested))
            {
                Failed(exception);
            }
            catch (InvalidDataException exception)
            {
                // It contradicts what is kept: trying it again would not make it true.
                Failed(exception);
                return;
            }
            await Task.Delay(wait, _time, _stop.Token);
            wait = wait * 2 < s_lastRetry ? wait * 2 : s_lastRetry;
            // A newer checkpoint says all that the older one did.
            if (_newest.Reader.TryRead(out var newer))
                checkpoint = newer;
        }
    }

    private void Failed(Exception exception)
    {
        var state = State;
        _state = state with { LastError = exception.Message, Failures = state.Failures + 1 };
        if (!string.Equals(state.LastError, exception.Message, StringComparison.Ordinal))
            _report?.Invoke($"The checkpoint could not be copied to {_address}: {exception.Message}");
    }

    private async Task SendAsync(Checkpoint checkpoint)
    {
        if (_client is null)
        {
            new CheckpointFile(_address.LocalPath).Keep(checkpoint);
            return;
        }
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(checkpoint.Note));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain", "utf-8");
        using var response = await _client.PostAsync(_address, content, _stop.Token);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"The sink answered {(int)response.StatusCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        // A moment for the last checkpoint to leave; not longer, since the log must close.
        _newest.Writer.TryComplete();
        await Task.WhenAny(_loop, Task.Delay(TimeSpan.FromSeconds(2)));
        await _stop.CancelAsync();
        await _loop;
        _client?.Dispose();
        _stop.Dispose();
    }
}
