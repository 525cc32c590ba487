namespace Merlon.Kernel;

/// <summary>Why an expected refusal happened; each maps to one HTTP status and one exit code, in one place each.</summary>
public enum RefusalKind
{
    /// <summary>The input is malformed or breaks a stated rule (400).</summary>
    Invalid,

    /// <summary>No credential, or one that is not accepted (401).</summary>
    Unauthenticated,

    /// <summary>Known, but not allowed (403).</summary>
    Forbidden,

    /// <summary>Does not exist, or may not be seen (404).</summary>
    NotFound,

    /// <summary>Contradicts what is there (409).</summary>
    Conflict,

    /// <summary>Over a size bound (413).</summary>
    TooLarge,

    /// <summary>A gate or a policy says no (422).</summary>
    Blocked,

    /// <summary>Over a limit for now (429).</summary>
    TooMany,

    /// <summary>Not possible at the moment (503).</summary>
    Unavailable,

    /// <summary>A media type or content coding that is not taken (415).</summary>
    Unsupported,

    /// <summary>The caller sends too slowly (408).</summary>
    TooSlow,

    /// <summary>A part behind us answered wrongly; nothing it said is passed on (502).</summary>
    BadAnswer,

    /// <summary>A part behind us did not answer in time (504).</summary>
    TimedOut,
}

/// <summary>
/// An expected refusal: a stable machine-readable code, one clear sentence (what was wrong, where) and what to do about it. Never holds a secret.
/// </summary>
public sealed record Refusal(RefusalKind Kind, string Code, string Detail)
{
    /// <summary>What the caller can do about it, as one sentence or command.</summary>
    public string? Remedy { get; init; }

    /// <summary>When to try again; sent as Retry-After.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public override string ToString() => Remedy is null ? Detail : $"{Detail} {Remedy}";
}
