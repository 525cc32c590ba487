using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Merlon.App.Roles.Control;

/// <summary>The last resort: whatever no endpoint expected becomes one sentence without internals.</summary>
internal sealed partial class ErrorBoundary(RequestDelegate next, ILogger<ErrorBoundary> log)
{
    private const int SqliteConstraint = 19;
    private const int SqliteFull = 13;

    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers["X-Content-Type-Options"] = "nosniff";
        context.Response.Headers["Cache-Control"] = "no-store";
        context.Response.Headers["Strict-Transport-Security"] = "max-age=31536000";
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } bare)
                await Problems.WriteAsync(context, Bare(bare.StatusCode), bare.StatusCode);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to tell.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var refusal = Map(e);
            if (refusal.Code == "server.error")
                Log.Unexpected(log, e, context.Request.Path);
            context.Response.Clear();
            await Problems.WriteAsync(context, refusal, e is BadHttpRequestException { StatusCode: >= 400 and < 500 } bad ? bad.StatusCode : null);
        }
    }

    /// <summary>The words for a status that routing or the server set without any.</summary>
    private static Refusal Bare(int status) => status switch
    {
        StatusCodes.Status404NotFound => new Refusal(RefusalKind.NotFound, "route.unknown", "There is nothing at this address."),
        StatusCodes.Status405MethodNotAllowed => new Refusal(RefusalKind.Invalid, "route.method", "This address does not take this method."),
        StatusCodes.Status415UnsupportedMediaType => new Refusal(RefusalKind.Invalid, "request.media-type", "The body must be application/json in UTF-8."),
        _ => new Refusal(RefusalKind.Invalid, "request.malformed", "The request is not well-formed."),
    };

    private static Refusal Map(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: 413 } => new Refusal(RefusalKind.TooLarge, "request.too-large", "The request body is too large."),
        BadHttpRequestException { StatusCode: 415 } => Bare(StatusCodes.Status415UnsupportedMediaType),
        BadHttpRequestException or System.Text.Json.JsonException => new Refusal(RefusalKind.Invalid, "request.malformed", "The request is not well-formed."),
        EvidenceUnavailableException => Full("The change is stored, but its record waits for the disk; it counts as not acknowledged."),
        DbUpdateException { InnerException: SqliteException { SqliteErrorCode: SqliteConstraint } } =>
            new Refusal(RefusalKind.Conflict, "request.conflict", "Someone else changed the same thing at the same moment.") { Remedy = "Try again." },
        DbUpdateConcurrencyException => new Refusal(RefusalKind.Conflict, "request.conflict", "Someone else changed the same thing at the same moment.") { Remedy = "Try again." },
        DbUpdateException { InnerException: SqliteException { SqliteErrorCode: SqliteFull } } or SqliteException { SqliteErrorCode: SqliteFull } => Full("The disk is full."),
        // ENOSPC: the platform's message is the only sign that .NET gives besides the code.
        IOException { HResult: 28 or unchecked((int)0x80070070) } => Full("The disk is full."),
        _ => new Refusal(RefusalKind.Unavailable, "server.error", "Something went wrong here; it is in the server's log."),
    };

    private static Refusal Full(string detail) =>
        new(RefusalKind.Unavailable, "evidence.unavailable", detail) { Remedy = "Free some space in the data folder and try again.", RetryAfter = TimeSpan.FromSeconds(5) };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Unexpected failure at {Path}")]
        public static partial void Unexpected(ILogger logger, Exception exception, string path);
    }
}
