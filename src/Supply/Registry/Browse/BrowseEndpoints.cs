using Merlon.Access.Contracts;
using Merlon.Kernel;
using Merlon.Registry.Contracts;
using Merlon.Registry.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Browse;

/// <summary>What is in the registry.</summary>
internal static class BrowseEndpoints
{
    private const int PageSize = 200;

    internal sealed record ModelSummary(string Name, int Versions, int Latest, Digest Manifest, long TotalBytes, DateTimeOffset PushedAt);
    internal sealed record VersionView(
        string Model, int Version, string Reference, Digest Manifest, string Author, DateTimeOffset CreatedAt, long TotalBytes, IReadOnlyList<ArtifactFile> Files);
    internal sealed record FileChange(string Path, string Change, long? OldSize, long? NewSize, Digest? OldSha256, Digest? NewSha256);
    internal sealed record Diff(string From, string To, bool Identical, IReadOnlyList<FileChange> Changes);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/models", ListAsync).RequirePermission(Permissions.ModelRead).Produces<Page<ModelSummary>>();
        routes.MapGet("/models/{name}", ShowModelAsync).RequirePermission(Permissions.ModelRead, "name").Produces<IReadOnlyList<VersionView>>();
        routes.MapGet("/models/{name}/versions/{version:int}", ShowVersionAsync).RequirePermission(Permissions.ModelRead, "name").Produces<VersionView>();
        routes.MapGet("/models/{name}/diff", DiffAsync).RequirePermission(Permissions.ModelRead, "name").Produces<Diff>();
    }

    /// <summary>A page of the models that the caller may see: what a deny covers is not named.</summary>
    private static async Task<IResult> ListAsync(string? after, int? limit, Caller caller, RegistryDb db, CancellationToken cancellationToken)
    {
        if (!PageRequest.Of(after, limit).Try(out var asked, out var refusal))
            return refusal.ToProblem();
        var start = asked.After;
        var seen = new List<ModelSummary>();
        // Until one more than the page is seen: a page that hidden ones would leave short is filled from what follows.
        while (seen.Count < asked.Rows)
        {
            var page = await PageAsync(start, caller.Scope, db, cancellationToken);
            seen.AddRange(page.Where(m => caller.May(Permissions.ModelRead, m.Name)));
            if (page.Count < PageSize)
                break;
            start = page[^1].Name;
        }
        return TypedResults.Ok(asked.Cut(seen, m => m.Name));
    }

    private static Task<List<ModelSummary>> PageAsync(string start, Scope scope, RegistryDb db, CancellationToken cancellationToken) => (
        from model in db.Models
        where model.Organisation == scope.Organisation && model.Project == scope.Project && string.Compare(model.Name, start) > 0
        orderby model.Name
        let latest = db.Versions.Where(v => v.ModelId == model.Id).OrderByDescending(v => v.Number).First()
        select new ModelSummary(model.Name, db.Versions.Count(v => v.ModelId == model.Id), latest.Number, latest.Manifest, latest.TotalBytes, latest.CreatedAt))
        .AsNoTracking().Take(PageSize).ToListAsync(cancellationToken);

    private static async Task<IResult> ShowModelAsync(string name, Caller caller, RegistryDb db, CancellationToken cancellationToken)
    {
        var versions = await db.Versions.AsNoTracking().Include(v => v.Files).ThenInclude(f => f.Blob)
            .Where(v => v.Model!.Organisation == caller.Scope.Organisation && v.Model.Project == caller.Scope.Project && v.Model.Name == name)
            .OrderByDescending(v => v.Number).Take(PageSize).ToListAsync(cancellationToken);
        return versions.Count == 0
            ? RegistryReader.UnknownModel(name).ToProblem()
            : TypedResults.Ok(versions.ConvertAll(v => View(name, v.Number, v.Manifest, v.Author, v.CreatedAt, RegistryReader.FilesOf(v))));
    }

    private static async Task<IResult> ShowVersionAsync(string name, int version, Caller caller, IRegistry registry, CancellationToken cancellationToken) =>
        (await registry.FindAsync(caller.Scope, new ModelReference(name, version), cancellationToken)).Try(out var found, out var refusal)
            ? TypedResults.Ok(View(found.Model, found.Number, found.Manifest, found.Author, found.CreatedAt, found.Files))
            : refusal.ToProblem();

    private static async Task<IResult> DiffAsync(string name, int from, int to, Caller caller, IRegistry registry, CancellationToken cancellationToken)
    {
        if (!(await registry.FindAsync(caller.Scope, new ModelReference(name, from), cancellationToken)).Try(out var older, out var refusal)
            || !(await registry.FindAsync(caller.Scope, new ModelReference(name, to), cancellationToken)).Try(out var newer, out refusal))
            return refusal.ToProblem();
        var before = older.Files.ToDictionary(f => f.Path, StringComparer.Ordinal);
        var after = newer.Files.ToDictionary(f => f.Path, StringComparer.Ordinal);
        var changes = before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(path => Compare(path, before.GetValueOrDefault(path), after.GetValueOrDefault(path)))
            .OfType<FileChange>().ToList();
        return TypedResults.Ok(new Diff(older.Reference.ToString(), newer.Reference.ToString(), changes.Count == 0, changes));
    }

    private static FileChange? Compare(string path, ArtifactFile? before, ArtifactFile? after) => (before, after) switch
    {
        (null, _) => new FileChange(path, "added", null, after!.Size, null, after.Sha256),
        (_, null) => new FileChange(path, "removed", before.Size, null, before.Sha256, null),
        _ when before.Sha256 != after.Sha256 => new FileChange(path, "changed", before.Size, after.Size, before.Sha256, after.Sha256),
        _ => null,
    };

    private static VersionView View(
        string model, int number, Digest manifest, string author, DateTimeOffset createdAt, IReadOnlyList<ArtifactFile> files) =>
        new(model, number, $"{model}@{number}", manifest, author, createdAt, files.Sum(f => f.Size), files);
}
