using System.Net.Sockets;
using System.Text.Json;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Sandboxed;

/// <summary>The worker's side of one scan, from the request to the report.</summary>
internal static class ScanWorkerMain
{
    public static async Task RunAsync(Socket socket)
    {
        var (_, json) = await ScanChannel.ReceiveAsync(
            socket, static kind => kind == ScanFrame.Request ? Limits.ReportBytes : -1, CancellationToken.None).ConfigureAwait(false);
        var request = JsonSerializer.Deserialize(json, ScanJson.Default.ScanRequest) ?? throw new ScanViolationException("The request is empty.");
        var report = FormatScanner.Scan(request, new RemoteArtifact(socket, request));
        await ScanChannel.SendAsync(socket, ScanFrame.Report, JsonSerializer.SerializeToUtf8Bytes(report, ScanJson.Default.ScanReport), CancellationToken.None).ConfigureAwait(false);
    }
}
