using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Sandboxed;

/// <summary>The node's side of one scan: serves reads from the sealed artifact and takes the report.</summary>
internal sealed class ScanSession(Socket socket, ScanRequest request, IArtifactReader artifact) : IDisposable
{
    private readonly Dictionary<int, Stream> _open = [];
    private readonly byte[] _buffer = new byte[Limits.ReadBytes];
    private long _budget = 2 * request.Files.Sum(file => file.Size) + Limits.ExtraReadBytes;

    /// <exception cref="ScanViolationException">The worker broke the protocol or asked for more than a scan needs.</exception>
    /// <exception cref="EndOfStreamException">The worker has gone.</exception>
    public async Task<ScanReport> RunAsync(CancellationToken cancellationToken)
    {
        await ScanChannel.SendAsync(socket, ScanFrame.Request, JsonSerializer.SerializeToUtf8Bytes(request, ScanJson.Default.ScanRequest), cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var (kind, payload) = await ScanChannel.ReceiveAsync(socket, Bound, cancellationToken).ConfigureAwait(false);
            if (kind == ScanFrame.Report)
                return ParseReport(payload);
            await AnswerAsync(payload, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var stream in _open.Values)
            stream.Dispose();
    }

    private static int Bound(ScanFrame kind) => kind switch
    {
        ScanFrame.Read => ScanChannel.ReadPayload,
        ScanFrame.Report => Limits.ReportBytes,
        _ => -1,
    };

    private async Task AnswerAsync(byte[] question, CancellationToken cancellationToken)
    {
        if (question.Length != ScanChannel.ReadPayload)
            throw new ScanViolationException("A Read frame is too short.");
        var index = BinaryPrimitives.ReadUInt32LittleEndian(question);
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(question.AsSpan(4));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(question.AsSpan(12));
        if (index >= request.Files.Length || length is 0 or > Limits.ReadBytes || offset > (ulong)request.Files[(int)index].Size)
            throw new ScanViolationException("The worker asked for bytes that are not there.");
        if ((_budget -= length) < 0)
            throw new ScanViolationException("The worker asked for more bytes than a scan needs.");

        var stream = Open((int)index);
        stream.Position = (long)offset;
        var count = await stream.ReadAtLeastAsync(_buffer.AsMemory(0, (int)length), (int)length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        await ScanChannel.SendAsync(socket, ScanFrame.Data, _buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
    }

    private Stream Open(int index)
    {
        if (_open.TryGetValue(index, out var stream))
            return stream;
        stream = artifact.OpenFile(request.Files[index].Path);
        _open[index] = stream;
        return stream;
    }

    private static ScanReport ParseReport(byte[] json)
    {
        try
        {
            var report = JsonSerializer.Deserialize(json, ScanJson.Default.ScanReport);
            if (report is { Findings.IsDefault: false } && report.Findings.Length <= Limits.Findings
                && report.Findings.All(finding => finding is { Rule: not null, Message: not null } && Enum.IsDefined(finding.Severity)))
            {
                // The worker may have been taken over by what it parsed: its words are shown, so they are made printable again here.
                return report with { Findings = [.. report.Findings.Select(Printable)] };
            }
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new ScanViolationException("The worker's report is not well formed.");
    }

    private static Finding Printable(Finding finding) => finding with
    {
        Rule = Text.Printable(finding.Rule, 100),
        Message = Text.Printable(finding.Message, 600),
        Location = finding.Location is null ? null : Text.Printable(finding.Location, 400),
        Remedy = finding.Remedy is null ? null : Text.Printable(finding.Remedy, 400),
    };
}
