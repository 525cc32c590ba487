using Merlon.Access.Model;
using Merlon.Storage.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Storage;

internal sealed class AccessDb(DbContextOptions<AccessDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<Principal> Principals => Set<Principal>();
    public DbSet<AccessToken> Tokens => Set<AccessToken>();
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();
    public DbSet<BootstrapCode> BootstrapCodes => Set<BootstrapCode>();

    protected override void Map(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Principal>(p =>
        {
            p.ToTable("access_principals").HasKey(e => e.Id);
            p.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<AccessToken>().ToTable("access_tokens").HasKey(t => t.Id);
        modelBuilder.Entity<ApiKey>(k =>
        {
            k.ToTable("access_api_keys").HasKey(e => e.KeyId);
            k.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<BootstrapCode>(b =>
        {
            b.ToTable("access_bootstrap_codes").HasKey(e => e.CodeHash);
            b.Property(e => e.Revision).IsConcurrencyToken();
        });
    }
}
