using Merlon.Access.Model;
using Merlon.Storage.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Access.Storage;

internal sealed class AccessDb(DbContextOptions<AccessDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<Principal> Principals => Set<Principal>();
    public DbSet<AccessToken> Tokens => Set<AccessToken>();
    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();
    public DbSet<Workload> Workloads => Set<Workload>();
    public DbSet<WorkloadCertificate> WorkloadCertificates => Set<WorkloadCertificate>();
    public DbSet<RoleRow> Roles => Set<RoleRow>();
    public DbSet<GroupRow> Groups => Set<GroupRow>();
    public DbSet<BindingRow> Bindings => Set<BindingRow>();
    public DbSet<ChangeRow> Changes => Set<ChangeRow>();
    public DbSet<UsageRow> Usage => Set<UsageRow>();
    public DbSet<IdempotencyRow> Idempotency => Set<IdempotencyRow>();
    public DbSet<BootstrapCode> BootstrapCodes => Set<BootstrapCode>();
    public DbSet<Organisation> Organisations => Set<Organisation>();
    public DbSet<Project> Projects => Set<Project>();
    public DbSet<BreakGlassRow> BreakGlass => Set<BreakGlassRow>();
    public DbSet<Person> People => Set<Person>();
    public DbSet<Passkey> Passkeys => Set<Passkey>();
    public DbSet<Challenge> Challenges => Set<Challenge>();
    public DbSet<FailureRow> Failures => Set<FailureRow>();
    public DbSet<DeviceGrant> DeviceGrants => Set<DeviceGrant>();
    public DbSet<ProviderRow> Providers => Set<ProviderRow>();
    public DbSet<IdentityRow> Identities => Set<IdentityRow>();
    public DbSet<FederationRow> Federations => Set<FederationRow>();
    public DbSet<UsedToken> UsedTokens => Set<UsedToken>();

    protected override void Map(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Principal>(p =>
        {
            p.ToTable("access_principals").HasKey(e => e.Id);
            p.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<AccessToken>().ToTable("access_tokens").HasKey(t => t.Id);
        modelBuilder.Entity<Organisation>().ToTable("access_organisations").HasKey(o => o.Id);
        modelBuilder.Entity<Project>(p =>
        {
            p.ToTable("access_projects").HasKey(e => e.Id);
            p.Property(e => e.Revision).IsConcurrencyToken();
            // Tells the order of inserts: the organisation before its first project.
            p.HasOne<Organisation>().WithMany().HasForeignKey(e => e.Organisation);
        });
        modelBuilder.Entity<BreakGlassRow>(b =>
        {
            b.ToTable("access_break_glass").HasKey(e => e.Organisation);
            b.Property(e => e.Revision).IsConcurrencyToken();
            // The principal before its row.
            b.HasOne<Principal>().WithMany().HasForeignKey(e => e.PrincipalId);
        });
        modelBuilder.Entity<ApiKey>(k =>
        {
            k.ToTable("access_api_keys").HasKey(e => e.KeyId);
            k.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<Workload>(w =>
        {
            w.ToTable("access_workloads").HasKey(e => e.Principal);
            w.Property(e => e.Revision).IsConcurrencyToken();
            w.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<WorkloadCertificate>(c =>
        {
            c.ToTable("access_workload_certificates").HasKey(e => e.Digest);
            // Tells the order of inserts: the workload before its first certificate.
            c.HasOne<Workload>().WithMany().HasForeignKey(e => e.Principal);
        });
        modelBuilder.Entity<RoleRow>().ToTable("access_roles").HasKey(r => new { r.Organisation, r.Name });
        modelBuilder.Entity<GroupRow>().ToTable("access_groups").HasKey(g => new { g.Organisation, g.Name });
        modelBuilder.Entity<BindingRow>().ToTable("access_bindings").HasKey(b => b.Id);
        modelBuilder.Entity<ChangeRow>().ToTable("access_changes").HasKey(c => c.Id);
        modelBuilder.Entity<UsageRow>().ToTable("access_usage").HasKey(u => new { u.PrincipalId, u.Verb });
        modelBuilder.Entity<IdempotencyRow>().ToTable("access_idempotency").HasKey(i => new { i.Actor, i.Key });
        modelBuilder.Entity<Person>(p =>
        {
            p.ToTable("access_people").HasKey(e => e.PrincipalId);
            p.Property(e => e.Revision).IsConcurrencyToken();
            p.Ignore(e => e.HasTotp);
            p.Ignore(e => e.RecoveryCodesLeft);
        });
        modelBuilder.Entity<Passkey>().ToTable("access_passkeys").HasKey(p => p.CredentialId);
        modelBuilder.Entity<Challenge>().ToTable("access_challenges").HasKey(c => c.Id);
        modelBuilder.Entity<FailureRow>().ToTable("access_failures").HasKey(f => f.Key);
        modelBuilder.Entity<DeviceGrant>().ToTable("access_device_grants").HasKey(g => g.Id);
        modelBuilder.Entity<ProviderRow>(p =>
        {
            p.ToTable("access_identity_providers").HasKey(e => e.Name);
            p.Property(e => e.Revision).IsConcurrencyToken();
            p.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<IdentityRow>(i =>
        {
            i.ToTable("access_identities").HasKey(e => new { e.Provider, e.Subject });
            // Tells the order of inserts: the person before their identity.
            i.HasOne<Principal>().WithMany().HasForeignKey(e => e.PrincipalId);
        });
        modelBuilder.Entity<FederationRow>(f =>
        {
            f.ToTable("access_federations").HasKey(e => e.Id);
            f.Property(e => e.Revision).IsConcurrencyToken();
            f.Ignore(e => e.Scope);
        });
        modelBuilder.Entity<UsedToken>().ToTable("access_used_tokens").HasKey(t => t.Id);
        modelBuilder.Entity<BootstrapCode>(b =>
        {
            b.ToTable("access_bootstrap_codes").HasKey(e => e.CodeHash);
            b.Property(e => e.Revision).IsConcurrencyToken();
        });
    }
}
