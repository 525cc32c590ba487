using Merlon.Sandbox.Contracts;

namespace Merlon.Serving.Node;

/// <summary>Notices a worker that is gone or hangs.</summary>
internal static class WorkerPulseWatch
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(1_000);

    // The worker terminates a call after ten seconds by itself; one that is older shows that it cannot.
    private static readonly TimeSpan s_oldestCall = TimeSpan.FromSeconds(11);

    /// <summary>Returns when the worker has ended, broken its connection, or does not answer a ping in time.</summary>
    public static async Task UntilSilentAsync(WorkerClient client, SandboxHandle sandbox, CancellationToken cancellationToken)
    {
        while (!sandbox.Exited.IsCompleted)
        {
            await Task.WhenAny(Task.Delay(s_interval, cancellationToken), sandbox.Exited);
            cancellationToken.ThrowIfCancellationRequested();
            if (sandbox.Exited.IsCompleted || !await AnswersAsync(client, cancellationToken))
                return;
        }
    }

    private static async Task<bool> AnswersAsync(WorkerClient client, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            var pulse = await client.PingAsync(patience.Token);
            return pulse.Calls == 0 || pulse.OldestCall < s_oldestCall;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e) when (e is WorkerUnavailableException or WorkerProtocolException)
        {
            return false;
        }
        catch (WorkerErrorException)
        {
            // Overloaded is an answer.
            return true;
        }
    }
}
