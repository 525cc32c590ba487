using Merlon.Serving.Model;
using Merlon.Storage.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Serving.Storage;

internal sealed class ServingDb(DbContextOptions<ServingDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<Endpoint> Endpoints => Set<Endpoint>();
    public DbSet<Revision> Revisions => Set<Revision>();

    protected override void Map(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Endpoint>(e =>
        {
            e.ToTable("serving_endpoints").HasKey(x => x.Id);
            e.Property(x => x.Revision).IsConcurrencyToken();
            e.Ignore(x => x.Scope);
            e.Ignore(x => x.Restrictions);
        });
        modelBuilder.Entity<Revision>(r =>
        {
            r.ToTable("serving_revisions").HasKey(x => x.Id);
            r.HasOne(x => x.Endpoint).WithMany().HasForeignKey(x => x.EndpointId);
        });
    }
}
