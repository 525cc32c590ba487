using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Registry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Merlon.Registry.Verify;

/// <summary>Reads a version again from its sealed form and compares every byte with what was pushed; and hands its files out.</summary>
internal static class VerifyEndpoints
{
    internal sealed record FileResult(string Path, bool Intact, string? Problem);
    internal sealed record Verification(string Reference, bool Intact, Digest Manifest, IReadOnlyList<FileResult> Files);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/models/{name}/versions/{version:int}/verify", VerifyAsync).RequirePermission(Permissions.ModelRead, "name").Produces<Verification>();
        routes.MapGet("/models/{name}/versions/{version:int}/files/{**path}", PullAsync).RequirePermission(Permissions.ModelPull, "name").GivesBytes();
    }

    private static async Task<IResult> VerifyAsync(
        string name, int version, Caller caller, IRegistry registry, RegistryDb db, ControlEvents events, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        var artifact = await registry.OpenAsync(found.Id, cancellationToken);
        var results = new List<FileResult>();
        foreach (var file in found.Files)
            results.Add(await IntegrityCheck.FileAsync(artifact, file, cancellationToken));
        var manifest = ManifestDigest.Compute(found.Files);
        var intact = results.TrueForAll(r => r.Intact) && manifest == found.Manifest;
        await db.CommitAsync(
            events.By(caller, OcsfClass.DatastoreActivity, ControlEvents.Read, "model.verify", new EventResource("model-version", found.Reference.ToString(), found.Manifest),
                intact ? "Every byte is as it was pushed." : $"Damaged: {string.Join(", ", results.Where(r => !r.Intact).Select(r => r.Path))}.") with
            {
                Status = intact ? EventStatus.Success : EventStatus.Failure,
                Severity = intact ? EventSeverity.Informational : EventSeverity.Critical,
                StatusCode = intact ? null : "integrity.damaged",
            },
            cancellationToken);
        return TypedResults.Ok(new Verification(found.Reference.ToString(), intact, manifest, results));
    }

    private static async Task<IResult> PullAsync(
        string name, int version, string path, Caller caller, IRegistry registry, RegistryDb db, ControlEvents events, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal))
            return refusal.ToProblem();
        var file = found.Files.FirstOrDefault(f => string.Equals(f.Path, path, StringComparison.Ordinal));
        if (file is null)
            return new Refusal(RefusalKind.NotFound, "file.unknown", $"{found.Reference} has no file '{Text.Printable(path, 120)}'.").ToProblem();
        await db.CommitAsync(
            events.By(caller, OcsfClass.DatastoreActivity, ControlEvents.Read, "model.pull", new EventResource("model-version", found.Reference.ToString(), found.Manifest)) with
            {
                Attributes = [("file", file.Path), ("bytes", file.Size)],
            },
            cancellationToken);
        var artifact = await registry.OpenAsync(found.Id, cancellationToken);
        return TypedResults.Stream(artifact.OpenFile(file.Path), "application/octet-stream");
    }
}
