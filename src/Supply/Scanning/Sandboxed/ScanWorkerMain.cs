using System.Net.Sockets;
using System.Text.Json;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Sandboxed;

/// <summary>The worker's side of one scan, from the request to the report.</summary>
internal static class ScanWorkerMain
{
    public static async Task RunAsync(Socket socket)
    {
        var (kind, json) = await ScanChannel.ReceiveAsync(
            socket, static kind => kind is ScanFrame.Request or ScanFrame.ContentRequest ? Limits.ReportBytes : -1, CancellationToken.None).ConfigureAwait(false);
        var (answer, report) = kind == ScanFrame.Request
            ? (ScanFrame.Report, JsonSerializer.SerializeToUtf8Bytes(Gate(socket, json), ScanJson.Default.ScanReport))
            : (ScanFrame.ContentReport, JsonSerializer.SerializeToUtf8Bytes(Content(socket, json), ScanJson.Default.ContentScanReport));
        await ScanChannel.SendAsync(socket, answer, report, CancellationToken.None).ConfigureAwait(false);
    }

    private static ScanReport Gate(Socket socket, byte[] json)
    {
        var request = JsonSerializer.Deserialize(json, ScanJson.Default.ScanRequest) ?? throw new ScanViolationException("The request is empty.");
        return FormatScanner.Scan(request, new RemoteArtifact(socket, [.. request.Files.Select(file => new ContentFile(file.Path, file.Size))]));
    }

    private static ContentScanReport Content(Socket socket, byte[] json)
    {
        var request = JsonSerializer.Deserialize(json, ScanJson.Default.ContentScanRequest) ?? throw new ScanViolationException("The request is empty.");
        return ContentFileScanner.Scan(request, new RemoteArtifact(socket, request.Files));
    }
}
