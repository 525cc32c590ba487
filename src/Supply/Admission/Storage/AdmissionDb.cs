using Merlon.Admission.Model;
using Merlon.Kernel;
using Merlon.Storage.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Admission.Storage;

internal sealed class AdmissionDb(DbContextOptions<AdmissionDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<PolicyVersion> Policies => Set<PolicyVersion>();
    public DbSet<Approval> Approvals => Set<Approval>();
    public DbSet<AttachedSignature> Signatures => Set<AttachedSignature>();
    public DbSet<AdmissionVerdict> Verdicts => Set<AdmissionVerdict>();
    public DbSet<VersionScan> Scans => Set<VersionScan>();

    protected override void Map(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PolicyVersion>().ToTable("admission_policies").HasKey(p => p.Id);
        modelBuilder.Entity<Approval>().ToTable("admission_approvals").HasKey(a => a.Id);
        modelBuilder.Entity<AttachedSignature>().ToTable("admission_signatures").HasKey(s => s.Id);
        modelBuilder.Entity<AdmissionVerdict>().ToTable("admission_verdicts").HasKey(v => v.Id);
        modelBuilder.Entity<VersionScan>().ToTable("admission_scans").HasKey(s => s.VersionId);
    }

    /// <summary>The policy in force in a project.</summary>
    public Task<PolicyVersion?> CurrentPolicyAsync(Scope scope, CancellationToken cancellationToken) => Policies.AsNoTracking()
        .Where(p => p.Organisation == scope.Organisation && p.Project == scope.Project)
        .OrderByDescending(p => p.Number).FirstOrDefaultAsync(cancellationToken);
}
