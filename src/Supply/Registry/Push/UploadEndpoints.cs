using Merlon.Access.Contracts;
using Merlon.Kernel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Registry.Push;

/// <summary>A push: announce the files, send each one (from where it stopped, after an interruption), commit. Nothing is visible before the commit.</summary>
internal static class UploadEndpoints
{
    internal sealed record FileRequest(string Path, long Size);
    internal sealed record BeginRequest(string ResumeKey, IReadOnlyList<FileRequest> Files);
    internal sealed record FileState(int Index, string Path, long Received, bool Complete);
    internal sealed record UploadState(Guid Id, bool Resumed, IReadOnlyList<FileState> Files);
    internal sealed record Received(long Bytes, bool Complete);
    internal sealed record Committed(string Model, int Version, string Reference, Digest Manifest, long TotalBytes, long NewBytes, int Files);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/models/{name}/uploads", BeginAsync).RequirePermission(Permissions.ModelPush, "name").Produces<UploadState>();
        routes.MapPut("/models/{name}/uploads/{id:guid}/files/{index:int}", ReceiveAsync).RequirePermission(Permissions.ModelPush, "name").Produces<Received>().TakesBytes();
        routes.MapPost("/models/{name}/uploads/{id:guid}/commit", CommitAsync).RequirePermission(Permissions.ModelPush, "name").Produces<Committed>();
        routes.MapDelete("/models/{name}/uploads/{id:guid}", AbortAsync).RequirePermission(Permissions.ModelPush, "name").GivesNothing();
    }

    private static async Task<IResult> BeginAsync(string name, BeginRequest request, Caller caller, UploadService uploads, CancellationToken cancellationToken) =>
        (await uploads.BeginAsync(caller, name, request, cancellationToken)).ToHttp();

    private static async Task<IResult> ReceiveAsync(
        string name, Guid id, int index, long offset, Caller caller, UploadService uploads, HttpContext context, CancellationToken cancellationToken)
    {
        // The announced size bounds the body; Kestrel's general limit is far below a model's size.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        return (await uploads.ReceiveAsync(caller, name, id, index, offset, context.Request.BodyReader, cancellationToken)).ToHttp();
    }

    private static async Task<IResult> CommitAsync(string name, Guid id, Caller caller, CommitService commits, CancellationToken cancellationToken)
    {
        return (await commits.CommitAsync(caller, name, id, cancellationToken)).ToHttp();
    }

    private static async Task<IResult> AbortAsync(string name, Guid id, Caller caller, UploadService uploads, CancellationToken cancellationToken)
    {
        return (await uploads.AbortAsync(caller, name, id, cancellationToken)).ToHttp();
    }
}
