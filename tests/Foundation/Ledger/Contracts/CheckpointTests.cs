using System.Net;
using System.Text.Json.Nodes;
using Merlon.Keys;

namespace Merlon.Ledger.Tests;

public sealed class CheckpointTests : IDisposable
{
    private readonly TestLog _log = new();

    // The example of C2SP tlog-checkpoint, with the verifier key of golang.org/x/mod/sumdb style notes absent: only its form is checked.
    private const string Example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    [Fact]
    public void ReadUnverified_PublishedExample_IsUnderstood()
    {
        var checkpoint = Checkpoint.ReadUnverified(Example).Value;
        Assert.Equal(("example.com/behind-the-sofa", 20852163L), (checkpoint.Origin, checkpoint.Size));
        Assert.True(Checkpoint.Verify(Example, new NoteKey("example.com/behind-the-sofa", Ed25519.PublicKey(Ed25519.GenerateSeed()))).IsRefused);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\n1\n")]
    [InlineData("a\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 a AAAAAAA=\n")]
    [InlineData("a\n-1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 a AAAAAAA=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jx\n\n\u2014 a AAAAAAA=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n- a AAAAAAA=\n")]
    [InlineData("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u2014 a !!!!\n")]
    public void ReadUnverified_Malformed_IsRefused(string note) => Assert.True(Checkpoint.ReadUnverified(note).IsRefused);

    [Fact]
    public void ReadUnverified_SignaturesAtAndOverTheBound_AreTakenAndRefused()
    {
        var note = Checkpoint.Sign(_log.Key, _log.Seed, 7, Digest.Of([1])).Note;
        var line = NoteText.SignatureLine("other", 1, new byte[64]);
        var full = note + string.Concat(Enumerable.Repeat(line, Limits.MaxNoteSignatures - 1));
        Assert.False(Checkpoint.Verify(full, _log.Key).IsRefused);
        Assert.True(Checkpoint.Verify(full + line, _log.Key).IsRefused);
        Assert.True(Checkpoint.Verify(note + NoteText.SignatureLine(new string('n', Limits.MaxNoteCharacters), 1, new byte[64]), _log.Key).IsRefused);
    }

    [Fact]
    public async Task Bounds_OfReadingAndWitnessing_AreKept()
    {
        var checkpoint = await _log.FillAsync(3);
        using var reader = LedgerReader.Open(_log.Directory);
        Assert.Equal(3, reader.Read(0, Limits.MaxReadCount).Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read(0, Limits.MaxReadCount + 1));
        using var witness = new CheckpointWitness(Path.Combine(_log.Root, "witness"), "witness.example/w1", Ed25519.GenerateSeed(), TimeProvider.System);
        var proof = new ConsistencyProof(0, 3, Enumerable.Repeat(Digest.Of([]), Limits.MaxProofHashes + 1).ToList());
        Assert.Equal("witness.proof", witness.Cosign(_log.Key, checkpoint.Note, proof).Refusal.Code);
    }

    [Fact]
    public void Verify_AnyCharacterChanged_IsRefused()
    {
        var checkpoint = Checkpoint.Sign(_log.Key, _log.Seed, 7, Digest.Of([1]));
        Assert.Equal(checkpoint, Checkpoint.Verify(checkpoint.Note, _log.Key).Value);
        Assert.Equal(_log.Key, NoteKey.Parse(_log.Key.ToString()).Value);
        for (var i = 0; i < checkpoint.Note.Length; i++)
        {
            var changed = checkpoint.Note.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            // The last base64 digits before '=' hold unused bits; the decoder refuses or ignores them, but the signature bytes stay the same only then.
            if (Checkpoint.Verify(new string(changed), _log.Key).Try(out var accepted, out _))
                Assert.Equal((checkpoint.Size, checkpoint.Root), (accepted.Size, accepted.Root));
        }
    }

    [Fact]
    public async Task Cosign_ConsistentCheckpoints_AreCosigned_AndARewriteIsRefused()
    {
        using var witness = new CheckpointWitness(Path.Combine(_log.Root, "witness"), "witness.example/w1", Ed25519.GenerateSeed(), TimeProvider.System);
        var first = await _log.FillAsync(10);
        var cosigned = witness.Cosign(_log.Key, first.Note, new ConsistencyProof(0, 10, [])).Value;
        Assert.NotNull(cosigned.CosignedBy(witness.Key));
        Assert.False(Checkpoint.Verify(cosigned.Note, _log.Key).IsRefused);
        var second = await _log.FillAsync(10, from: 10);
        using (var reader = LedgerReader.Open(_log.Directory))
        {
            Assert.Equal("witness.size", witness.Cosign(_log.Key, second.Note, new ConsistencyProof(0, 20, [])).Refusal.Code);
            Assert.False(witness.Cosign(_log.Key, second.Note, reader.ProveConsistency(witness.SeenSize(_log.Key), 20)).IsRefused);
        }
        Directory.Delete(_log.Directory, recursive: true);
        var forged = await _log.FillAsync(30, from: 1000);
        using var other = LedgerReader.Open(_log.Directory);
        Assert.Equal("witness.inconsistent", witness.Cosign(_log.Key, forged.Note, other.ProveConsistency(20, 30)).Refusal.Code);
    }

    [Fact]
    public async Task Sinks_NewCheckpoint_ArrivesInTheFile_AndAFailureShows()
    {
        var file = Path.Combine(_log.Root, "outside.checkpoint");
        var options = _log.Options with { CheckpointSinks = [new Uri(file), new Uri(Path.Combine(_log.Root, "missing/x"))] };
        await using (var log = await LedgerLog.OpenAsync(options, TimeProvider.System))
        {
            await log.AppendAsync(TestLog.Event(1), Durability.Disk, default);
            await log.CheckpointAsync();
            for (var i = 0; i < 200 && (log.Sinks[0].Size != 1 || log.Sinks[1].Failures == 0); i++)
                await Task.Delay(20);
            Assert.Equal(1, log.Sinks[0].Size);
            Assert.NotNull(log.Sinks[1].LastError);
        }
        Assert.True(_log.Verify(File.ReadAllText(file)).IsValid);
    }

    [Fact]
    public async Task Prove_WhileOthersRefresh_ProofsFitTheirCheckpoint()
    {
        await _log.FillAsync(10);
        using var reader = LedgerReader.Open(_log.Directory);
        await using var log = await _log.OpenAsync();
        using var stop = new CancellationTokenSource();
        var refreshing = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                reader.Refresh();
        });
        for (var i = 0; i < 100; i++)
        {
            await log.AppendAsync(TestLog.Event(i), Durability.PageCache, default);
            await log.CheckpointAsync();
            var proof = reader.Prove(3, 7)!;
            Assert.Equal((proof.Checkpoint.Size, proof.Checkpoint.Size), (proof.Inclusion.TreeSize, proof.Consistency!.NewSize));
            Assert.True(proof.Inclusion.Verify(proof.Checkpoint.Root));
            Assert.True(proof.Consistency.Verify(proof.OldRoot!.Value, proof.Checkpoint.Root));
        }
        await stop.CancelAsync();
        await refreshing;
        Assert.Null(reader.Prove(reader.Size, null));
        Assert.Null(reader.Prove(0, reader.Size + 1));
    }

    [Fact]
    public async Task FileSink_EveryCheckpoint_IsKeptInTheHistory_WhichVerifies()
    {
        var file = new CheckpointFile(Path.Combine(_log.Root, "outside"));
        file.Keep(await _log.FillAsync(10));
        file.Keep(await _log.FillAsync(5, from: 10));
        var last = await _log.FillAsync(5, from: 15);
        // As after a crash in the middle of an addition.
        File.AppendAllText(file.History, last.Note[..^3]);
        file.Keep(last);
        var history = File.ReadAllText(file.History);
        Assert.Equal([10L, 15L, 20L], CheckpointHistory.Split(history, out var whole).Select(n => Checkpoint.ReadUnverified(n).Value.Size));
        Assert.Equal(history.Length, whole);
        var verification = _log.Verify(history);
        Assert.True(verification.IsValid, verification.Summary);
    }

    [Theory]
    [InlineData(9, "rolled back")]
    [InlineData(10, "rewritten")]
    public void FileSink_ContradictingCheckpoint_LeavesTheFilesAsTheyWere(long size, string says)
    {
        var file = new CheckpointFile(Path.Combine(_log.Root, "outside"));
        var good = Checkpoint.Sign(_log.Key, _log.Seed, 10, Digest.Of([1]));
        file.Keep(good);
        file.Keep(good);
        var refused = Assert.Throws<InvalidDataException>(() => file.Keep(Checkpoint.Sign(_log.Key, _log.Seed, size, Digest.Of([2]))));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        var other = new NoteKey("merlon.local/test/other", Ed25519.PublicKey(_log.Seed));
        Assert.Throws<InvalidDataException>(() => file.Keep(Checkpoint.Sign(other, _log.Seed, 11, Digest.Of([2]))));
        Assert.Equal(good.Note, File.ReadAllText(Path.Combine(_log.Root, "outside")));
        Assert.Equal(good.Note, File.ReadAllText(file.History));
    }

    [Fact]
    public async Task FileSink_LogRebuiltWithTheSameKey_KeepsTheGoodCheckpointAndReports()
    {
        var file = Path.Combine(_log.Root, "outside");
        var reports = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var options = _log.Options with { CheckpointSinks = [new Uri(file)], Report = reports.Enqueue, CheckpointInterval = TimeSpan.FromHours(1) };
        async Task<string?> WriteAsync(int count, int from)
        {
            await using var log = await LedgerLog.OpenAsync(options, TimeProvider.System);
            for (var i = from; i < from + count; i++)
                await log.AppendAsync(TestLog.Event(i), Durability.PageCache, default);
            await log.CheckpointAsync();
            for (var i = 0; i < 500 && log.Sinks[0] is { DeliveredAt: null, LastError: null }; i++)
                await Task.Delay(20);
            return log.Sinks[0].LastError;
        }

        Assert.Null(await WriteAsync(20, from: 0));
        var good = File.ReadAllText(file);
        Directory.Delete(_log.Directory, recursive: true);
        Assert.Contains("rolled back", await WriteAsync(10, from: 500), StringComparison.Ordinal);
        Assert.Equal(good, File.ReadAllText(file));
        Assert.Contains("rolled back", Assert.Single(reports), StringComparison.Ordinal);
        // A longer forgery becomes the newest, but the history still holds the checkpoint that exposes it.
        Assert.Null(await WriteAsync(30, from: 1000));
        Assert.Contains(_log.Verify(File.ReadAllText(file + ".history")).Failures, f => f.Fault == LedgerFault.OutsideCheckpoint);
    }

    [Fact]
    public async Task RefusalAggregator_Flood_BecomesFewEvents()
    {
        await using var log = await _log.OpenAsync();
        await using (var aggregator = new RefusalAggregator(log, TimeProvider.System, new RefusalAggregatorOptions { Service = "gateway" }))
        {
            for (var i = 0; i < 50_000; i++)
                aggregator.Record(new IPAddress([198, 51, (byte)(i % 4), (byte)i]), "unauthenticated");
            for (var i = 0; i < 5000; i++)
                aggregator.Record(new IPAddress([10, (byte)(i >> 8), (byte)i, 1]), "unauthenticated");
            Assert.Equal(55_000, aggregator.Pending);
            await aggregator.FlushAsync();
            Assert.Equal(0, aggregator.Pending);
        }
        Assert.InRange(log.Size, 5, 1025);
        Assert.Equal("192.0.2.0/24", RefusalAggregator.Network(IPAddress.Parse("::ffff:192.0.2.7")));
        Assert.Equal("2001:db8:1::/48", RefusalAggregator.Network(IPAddress.Parse("2001:db8:1:2::3")));
    }

    [Fact]
    public async Task RefusalAggregator_KnownCaller_IsNamedAndNotCalledAnonymous()
    {
        await using (var log = await _log.OpenAsync())
        {
            await using (var aggregator = new RefusalAggregator(log, TimeProvider.System, new RefusalAggregatorOptions { Service = "gateway" }))
            {
                for (var i = 0; i < 3; i++)
                    aggregator.Record(IPAddress.Loopback, "rate.exceeded", "principal-7");
                aggregator.Record(IPAddress.Loopback, "rate.exceeded", "principal-8");
                aggregator.Record(IPAddress.Loopback, "rate.exceeded");
            }
            await log.CheckpointAsync();
        }
        using var reader = LedgerReader.Open(_log.Directory, _log.Keys);
        var seen = reader.Tail(10).Select(e => JsonNode.Parse(e.Body.Span)!).ToDictionary(
            e => e["actor"]!["user"]!["uid"]!.GetValue<string>(),
            e => (e["message"]!.GetValue<string>(), e["unmapped"]!["attributes"]!["count"]!.GetValue<long>()),
            StringComparer.Ordinal);
        Assert.Equal(3, seen.Count);
        Assert.Equal(("Calls of a known caller were refused and counted.", 3L), seen["principal-7"]);
        Assert.Equal(("Calls of a known caller were refused and counted.", 1L), seen["principal-8"]);
        Assert.Equal(("Requests of callers who did not authenticate were refused.", 1L), seen["anonymous"]);
    }

    public void Dispose() => _log.Dispose();
}
