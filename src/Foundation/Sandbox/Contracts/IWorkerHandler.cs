namespace Merlon.Sandbox.Contracts;

/// <summary>The model behind a <see cref="WorkerServer"/>. Called from several threads at once.</summary>
public interface IWorkerHandler
{
    /// <summary>
    /// True when a call of this size is so short that handing it to another thread would cost more than running it. Such a call is not reached
    /// by Cancel, so the handler bounds its time itself.
    /// </summary>
    bool RunsInline(int payloadBytes);

    /// <summary>Runs one call: reads <c>tensors · outputs</c> from <paramref name="payload"/>, writes <c>tensors</c> to <paramref name="answer"/>.</summary>
    /// <exception cref="WorkerErrorException">Answered to the client as it is.</exception>
    /// <exception cref="WorkerProtocolException">The payload is not well formed; answered as a bad request.</exception>
    /// <exception cref="OperationCanceledException">Answered as cancelled.</exception>
    void Infer(ReadOnlySpan<byte> payload, TensorWriter answer, CancellationToken cancellationToken);
}
