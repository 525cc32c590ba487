using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Merlon.Bench.Whole;

/// <summary>What a run of load measured.</summary>
/// <param name="CpuMicroseconds">User and system time of the measured process, per request.</param>
internal sealed record LoadResult(double RequestsPerSecond, double P50, double P99, double CpuMicroseconds, double ResidentMebibytes, int Failures);

/// <summary>
/// Closed-loop HTTP/1.1 over TLS with kept-alive connections: each connection sends the same bytes again as soon as the answer is there. Parses no more
/// than the status and the length, so that it takes little of the cores it shares with what it measures.
/// </summary>
internal static class LoadGenerator
{
    public static async Task<LoadResult> RunAsync(int port, byte[] request, int connections, TimeSpan warmUp, TimeSpan time, int measuredProcess)
    {
        var latencies = new List<double>[connections];
        var failures = 0;
        var measuring = 0;
        var stop = new CancellationTokenSource();
        var loops = Enumerable.Range(0, connections).Select(i => Task.Run(async () =>
        {
            var own = latencies[i] = new List<double>(1 << 16);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync("127.0.0.1", port);
            await using var tls = new SslStream(new NetworkStream(socket), false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("localhost");
            var buffer = new byte[16 << 10];
            while (!stop.IsCancellationRequested)
            {
                var begun = Stopwatch.GetTimestamp();
                await tls.WriteAsync(request);
                if (!await ReadAnswerAsync(tls, buffer))
                    Interlocked.Increment(ref failures);
                if (Volatile.Read(ref measuring) == 1)
                    own.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
            }
        })).ToArray();
        await Task.Delay(warmUp);
        var cpu = ProcessCost.CpuMicroseconds(measuredProcess);
        var begun = Stopwatch.GetTimestamp();
        Volatile.Write(ref measuring, 1);
        await Task.Delay(time);
        Volatile.Write(ref measuring, 0);
        var elapsed = Stopwatch.GetElapsedTime(begun);
        var used = ProcessCost.CpuMicroseconds(measuredProcess) - cpu;
        var resident = ProcessCost.ResidentMebibytes(measuredProcess);
        await stop.CancelAsync();
        await Task.WhenAll(loops);
        var all = latencies.SelectMany(l => l).Order().ToArray();
        return new LoadResult(all.Length / elapsed.TotalSeconds, all[all.Length / 2], all[(int)(all.Length * 0.99)], used / all.Length, resident, failures);
    }

    public static byte[] Request(string path, string? key, string body) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{(key is null ? "" : $"Authorization: Bearer {key}\r\n")}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    private static async ValueTask<bool> ReadAnswerAsync(SslStream tls, byte[] buffer)
    {
        var filled = 0;
        while (true)
        {
            var read = await tls.ReadAsync(buffer.AsMemory(filled));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            filled += read;
            var head = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (head < 0)
                continue;
            if (IsComplete(buffer.AsSpan(0, filled), head))
                return buffer.AsSpan(9, 3).SequenceEqual("200"u8);
        }
    }

    private static bool IsComplete(ReadOnlySpan<byte> answer, int head)
    {
        var headers = answer[..head];
        var at = headers.IndexOf("Content-Length: "u8);
        if (at < 0)
            // Chunked: the last chunk is empty.
            return answer.EndsWith("0\r\n\r\n"u8);
        System.Buffers.Text.Utf8Parser.TryParse(headers[(at + 16)..], out int length, out _);
        return answer.Length >= head + 4 + length;
    }
}
