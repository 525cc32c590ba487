using System.Text.Json.Nodes;
using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.App.Roles.Control;

/// <summary>The ledger, read through the API: events, proofs, checkpoints and public keys.</summary>
internal static class AuditEndpoints
{
    private const int MaxPage = 1000;

    internal sealed record EventView(
        long Index, DateTimeOffset Time, string State, string Personal, Digest LeafHash, JsonNode? Event, string? Salt, IReadOnlyDictionary<string, string> PersonalFields);
    internal sealed record LogView(string Log, string Key, long Size, string? Checkpoint, string Directory);
    internal sealed record ProofView(
        string Log, string Key, long Index, long TreeSize, Digest LeafHash, IReadOnlyList<Digest> Path, string Checkpoint, bool Verified, ConsistencyView? Consistency);
    internal sealed record ConsistencyView(long OldSize, long NewSize, IReadOnlyList<Digest> Path, bool Verified);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/audit/logs", ListAsync).RequirePermission(Permissions.LedgerRead).Produces<IReadOnlyList<LogView>>();
        routes.MapGet("/audit/{log}/events", EventsAsync).RequirePermission(Permissions.LedgerRead).Produces<IReadOnlyList<EventView>>();
        routes.MapGet("/audit/{log}/proofs/{index:long}", ProveAsync).RequirePermission(Permissions.LedgerRead).Produces<ProofView>();
    }

    private static async Task<IResult> ListAsync(AuditLogs logs, RoleStart start)
    {
        var views = new List<LogView>();
        foreach (var role in AuditLogs.Roles)
        {
            var reader = (await logs.OpenAsync(role)).Value;
            views.Add(new LogView(role, (await logs.KeyAsync(role)).ToString(), reader.Size, reader.Checkpoint?.Note, start.Ledger(role)));
        }
        return TypedResults.Ok(views);
    }

    private static async Task<IResult> EventsAsync(string log, long? from, int? count, AuditLogs logs)
    {
        if (!(await logs.OpenAsync(log)).Try(out var reader, out var refusal))
            return refusal.ToProblem();
        if (from is < 0 || count is < 0 or > MaxPage)
            return new Refusal(RefusalKind.Invalid, "audit.range", $"A page begins at 0 or later and has at most {MaxPage} events.").ToProblem();
        var entries = from is { } start ? reader.Read(start, count ?? 100) : reader.Tail(count ?? 100);
        return TypedResults.Ok(entries.Select(View));
    }

    /// <summary>Inclusion under the newest checkpoint and, for a given earlier size, consistency with it.</summary>
    private static async Task<IResult> ProveAsync(string log, long index, long? oldSize, AuditLogs logs)
    {
        if (!(await logs.OpenAsync(log)).Try(out var reader, out var refusal))
            return refusal.ToProblem();
        if (reader.Prove(index, oldSize) is not { } proved)
            return new Refusal(RefusalKind.NotFound, "audit.index", $"The log '{log}' has a checkpoint over {reader.Size} events; index {index} is not among them.").ToProblem();
        var (checkpoint, proof) = (proved.Checkpoint, proved.Inclusion);
        var consistency = proved is { Consistency: { } appends, OldRoot: { } oldRoot }
            ? new ConsistencyView(appends.OldSize, appends.NewSize, appends.Path, appends.Verify(oldRoot, checkpoint.Root))
            : null;
        return TypedResults.Ok(new ProofView(
            log, (await logs.KeyAsync(log)).ToString(), index, proof.TreeSize, proof.LeafHash, proof.Path, checkpoint.Note, proof.Verify(checkpoint.Root), consistency));
    }

    private static EventView View(LedgerEntry entry) => new(
        entry.Index, entry.Time, entry.State.ToString().ToLowerInvariant(), entry.Personal.ToString().ToLowerInvariant(), entry.LeafHash,
        entry.Body.IsEmpty ? null : JsonNode.Parse(entry.Body.Span), entry.Salt.IsEmpty ? null : Convert.ToHexStringLower(entry.Salt.Span), entry.PersonalFields);
}
