using System.Text;
using Merlon.Access.Contracts;
using Merlon.Admission.Contracts;
using Merlon.Kernel;
using Merlon.Serving.Contracts;
using Merlon.Serving.Storage;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Deploy;

/// <summary>Endpoints by name, and those that are served.</summary>
internal sealed class RouteDirectory(ServingDb db, ServingOptions options) : IRouteDirectory, IEndpointDirectory, IDeployedVersions
{
    public async Task<EndpointReference?> FindAsync(Scope scope, string name, CancellationToken cancellationToken) => await db.Endpoints.AsNoTracking()
        .Where(e => e.Organisation == scope.Organisation && e.Project == scope.Project && e.Name == name)
        .Select(e => new EndpointReference(e.Id, e.Name, e.Environment)).SingleOrDefaultAsync(cancellationToken);

    public async Task<IReadOnlyList<Guid>> ListAsync(CancellationToken cancellationToken) => await (
        from endpoint in db.Endpoints.AsNoTracking()
        join revision in db.Revisions.AsNoTracking() on endpoint.CurrentRevisionId equals revision.Id
        orderby revision.ActivatedAt descending
        select revision.VersionId).ToListAsync(cancellationToken);

    public async Task<IReadOnlyList<ServedEndpoint>> ListServedAsync(CancellationToken cancellationToken)
    {
        var rows = await (
            from endpoint in db.Endpoints.AsNoTracking()
            join revision in db.Revisions.AsNoTracking() on endpoint.CurrentRevisionId equals revision.Id
            select new { Endpoint = endpoint, Revision = revision }).ToListAsync(cancellationToken);
        var served = new List<ServedEndpoint>();
        foreach (var row in rows)
        {
            served.Add(new ServedEndpoint(
                row.Endpoint.Scope, row.Endpoint.Id, row.Endpoint.Name, row.Endpoint.Environment, row.Revision.Id, row.Revision.Model, row.Revision.ModelVersion,
                row.Revision.Manifest, row.Revision.ContractDigest, row.Revision.PolicyDigest,
                ContractDigest.Deserialize(Encoding.UTF8.GetBytes(row.Revision.ContractJson)),
                ServingOptions.SocketPath(options.SocketDirectory, row.Revision.Id), row.Endpoint.Restrictions));
        }
        return served;
    }
}
