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
        var size = limit ?? Limits.PageSize;
        if (size is < 1 or > Limits.PageSize)
            return new Refusal(RefusalKind.Invalid, "page.limit", $"A page has between 1 and {Limits.PageSize} items.");
        if (!TryRead(cursor, out var after))
            return new Refusal(RefusalKind.Invalid, "page.cursor", "This is not a cursor of an earlier page.");
        var found = items.Where(i => after is null || string.CompareOrdinal(key(i), after) > 0).OrderBy(key, StringComparer.Ordinal).Take(size + 1).ToList();
        return found.Count <= size
            ? new Page<T>(found, null)
            : new Page<T>(found[..size], Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key(found[size - 1]))));
    }

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
