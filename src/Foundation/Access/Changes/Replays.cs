using System.Text.Json;
using Merlon.Access.Contracts;
using Merlon.Access.Storage;
using Merlon.Kernel;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Changes;

/// <summary>Answers to creates that carry a secret: sent again, they are answered again without it.</summary>
internal static class Replays
{
    /// <summary>How long an answer is kept for a create that is sent again.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromHours(24);

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>The earlier answer; null when there is none. A key that was used for something else is refused.</summary>
    public static async Task<Result<T?>> FindAsync<T>(AccessDb db, Caller caller, CreateRequest? request, DateTimeOffset now, CancellationToken cancellationToken)
        where T : class
    {
        if (request is null)
            return (T?)null;
        var row = await db.Idempotency.AsNoTracking().SingleOrDefaultAsync(i => i.Actor == caller.Id && i.Key == request.Key, cancellationToken);
        if (row is null)
            return (T?)null;
        if (row.CreatedAt <= now - Life)
        {
            // Over, and not swept yet: the key is free again.
            await db.Idempotency.Where(i => i.Actor == caller.Id && i.Key == request.Key).ExecuteDeleteAsync(cancellationToken);
            return (T?)null;
        }
        return row.RequestHash == request.Hash
            ? JsonSerializer.Deserialize<T>(row.Outcome, s_json)
            : new Refusal(RefusalKind.Blocked, "idempotency.reused", "This Idempotency-Key was used for another request.") { Remedy = "Take a new key." };
    }

    /// <param name="db">The context whose commit makes the thing.</param>
    /// <param name="caller">Who asked.</param>
    /// <param name="request">The key; null when none was sent.</param>
    /// <param name="answer">The answer without its secret.</param>
    /// <param name="now">The time of the answer.</param>
    public static void Remember<T>(AccessDb db, Caller caller, CreateRequest? request, T answer, DateTimeOffset now)
    {
        if (request is not null)
            db.Idempotency.Add(new IdempotencyRow
            {
                Actor = caller.Id, Key = request.Key, RequestHash = request.Hash, Outcome = JsonSerializer.Serialize(answer, s_json), CreatedAt = now,
            });
    }
}
