using System.Buffers.Text;
using System.Text;
using Merlon.Kernel;

namespace Merlon.Access.Contracts;

/// <summary>A part of a list, and the cursor of the next part; null at the end.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>The part after a cursor, of items in ascending ordinal order of their keys.</summary>
    public static Result<Page<T>> Of(IEnumerable<T> items, Func<T, string> key, string? cursor, int? limit)
    {
        if (!PageRequest.Of(cursor, limit).Try(out var page, out var refusal))
            return refusal;
        return page.Cut([.. items.Where(i => string.CompareOrdinal(key(i), page.After) > 0).OrderBy(key, StringComparer.Ordinal).Take(page.Rows)], key);
    }
}

/// <summary>Which part of a list is asked for, where the tables do the ordering and the cutting.</summary>
/// <param name="After">The key after which it begins; empty at the beginning.</param>
public sealed record PageRequest(string After, int Size)
{
    /// <summary>One more than the page has tells whether another follows.</summary>
    public int Rows => Size + 1;

    public static Result<PageRequest> Of(string? cursor, int? limit)
    {
        var size = limit ?? Limits.PageSize;
        if (size is < 1 or > Limits.PageSize)
            return new Refusal(RefusalKind.Invalid, "page.limit", $"A page has between 1 and {Limits.PageSize} items.");
        return TryRead(cursor, out var after) ? new PageRequest(after ?? "", size) : new Refusal(RefusalKind.Invalid, "page.cursor", "This is not a cursor of an earlier page.");
    }

    /// <summary>The page of what was read, at most <see cref="Rows"/> items in order of their keys.</summary>
    public Page<T> Cut<T>(IReadOnlyList<T> found, Func<T, string> key) => found.Count <= Size
        ? new Page<T>(found, null)
        : new Page<T>([.. found.Take(Size)], Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key(found[Size - 1]))));

    /// <summary>The two halves of a key whose first alone is not unique, written with a line end between them.</summary>
    public (string First, string Second) Halves => After.Split('\n', 2) is [var first, var second] ? (first, second) : (After, "");

    private static bool TryRead(string? cursor, out string? after)
    {
        after = null;
        if (cursor is null)
            return true;
        if (cursor.Length > 256 || !Base64Url.IsValid(cursor))
            return false;
        after = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return true;
    }
}
