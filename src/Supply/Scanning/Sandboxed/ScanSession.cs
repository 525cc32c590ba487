using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Merlon.Kernel;
using Merlon.Scanning.Contracts;

namespace Merlon.Scanning.Sandboxed;

/// <summary>The node's side of one scan: serves reads from the sealed artifact and takes the report.</summary>
internal sealed class ScanSession(Socket socket, IReadOnlyList<ContentFile> files, IArtifactReader artifact) : IDisposable
{
    private readonly Dictionary<int, Stream> _open = [];
    private readonly byte[] _buffer = new byte[Limits.ReadBytes];
    private long _budget = Limits.Readings * files.Sum(file => file.Size) + Limits.ExtraReadBytes;

    /// <exception cref="ScanViolationException">The worker broke the protocol or asked for more than a scan needs.</exception>
    /// <exception cref="EndOfStreamException">The worker has gone.</exception>
    public async Task<ScanReport> RunAsync(ScanRequest request, CancellationToken cancellationToken)
    {
        var report = await AskAsync(ScanFrame.Request, JsonSerializer.SerializeToUtf8Bytes(request, ScanJson.Default.ScanRequest), ScanFrame.Report, ScanJson.Default.ScanReport,
            cancellationToken).ConfigureAwait(false);
        return report with { Findings = Check(report.Findings) };
    }

    /// <inheritdoc cref="RunAsync(ScanRequest, CancellationToken)"/>
    public async Task<ContentScanReport> RunAsync(ContentScanRequest request, CancellationToken cancellationToken)
    {
        var report = await AskAsync(ScanFrame.ContentRequest, JsonSerializer.SerializeToUtf8Bytes(request, ScanJson.Default.ContentScanRequest), ScanFrame.ContentReport,
            ScanJson.Default.ContentScanReport, cancellationToken).ConfigureAwait(false);
        return report with { Path = request.Target, Format = Text.Printable(report.Format ?? "unknown", 40), Findings = Check(report.Findings) };
    }

    private async Task<T> AskAsync<T>(ScanFrame ask, byte[] request, ScanFrame answer, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        await ScanChannel.SendAsync(socket, ask, request, cancellationToken).ConfigureAwait(false);
        while (true)
        {
            var (kind, payload) = await ScanChannel.ReceiveAsync(socket, kind => Bound(kind, answer), cancellationToken).ConfigureAwait(false);
            if (kind == answer)
                return Parse(payload, type);
            await AnswerAsync(payload, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        foreach (var stream in _open.Values)
            stream.Dispose();
    }

    private static int Bound(ScanFrame kind, ScanFrame answer) =>
        kind == ScanFrame.Read ? ScanChannel.ReadPayload : kind == answer ? Limits.ReportBytes : -1;

    private async Task AnswerAsync(byte[] question, CancellationToken cancellationToken)
    {
        if (question.Length != ScanChannel.ReadPayload)
            throw new ScanViolationException("A Read frame is too short.");
        var index = BinaryPrimitives.ReadUInt32LittleEndian(question);
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(question.AsSpan(4));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(question.AsSpan(12));
        if (index >= files.Count || length is 0 or > Limits.ReadBytes || offset > (ulong)files[(int)index].Size)
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
        stream = artifact.OpenFile(files[index].Path);
        _open[index] = stream;
        return stream;
    }

    private static T Parse<T>(byte[] json, JsonTypeInfo<T> type)
    {
        try
        {
            if (JsonSerializer.Deserialize(json, type) is { } report)
                return report;
        }
        catch (JsonException)
        {
            // Said below.
        }
        throw new ScanViolationException("The worker's report is not well formed.");
    }

    /// <summary>The worker may have been taken over by what it parsed: its words are shown, so they are made printable again here.</summary>
    private static ImmutableArray<Finding> Check(ImmutableArray<Finding> findings) =>
        !findings.IsDefault && findings.Length <= Limits.Findings && findings.All(finding => finding is { Rule: not null, Message: not null } && Enum.IsDefined(finding.Severity))
            ? [.. findings.Select(Printable)]
            : throw new ScanViolationException("The worker's report is not well formed.");

    private static Finding Printable(Finding finding) => finding with
    {
        // Excuses are made out here.
        Suppressed = null,
        Rule = Text.Printable(finding.Rule, 100),
        Message = Text.Printable(finding.Message, 600),
        Location = finding.Location is null ? null : Text.Printable(finding.Location, 400),
        Remedy = finding.Remedy is null ? null : Text.Printable(finding.Remedy, 400),
    };
}
