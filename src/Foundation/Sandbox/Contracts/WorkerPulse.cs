namespace Merlon.Sandbox.Contracts;

/// <summary>A worker's answer to a ping.</summary>
/// <param name="Calls">Calls running or waiting.</param>
/// <param name="OldestCall">How long ago the oldest of them arrived.</param>
public readonly record struct WorkerPulse(int Calls, TimeSpan OldestCall);
