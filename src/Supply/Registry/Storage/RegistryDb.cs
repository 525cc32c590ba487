using Merlon.Registry.Model;
using Merlon.Storage.Contracts;
using Microsoft.EntityFrameworkCore;

namespace Merlon.Registry.Storage;

internal sealed class RegistryDb(DbContextOptions<RegistryDb> options, OutboxPump outbox) : ModuleDbContext(options, outbox)
{
    public DbSet<ModelEntry> Models => Set<ModelEntry>();
    public DbSet<ModelVersion> Versions => Set<ModelVersion>();
    public DbSet<VersionFile> VersionFiles => Set<VersionFile>();
    public DbSet<Blob> Blobs => Set<Blob>();
    public DbSet<Upload> Uploads => Set<Upload>();
    public DbSet<UploadFile> UploadFiles => Set<UploadFile>();

    protected override void Map(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ModelEntry>().ToTable("registry_models").HasKey(m => m.Id);
        modelBuilder.Entity<ModelVersion>(v =>
        {
            v.ToTable("registry_versions").HasKey(e => e.Id);
            v.HasOne(e => e.Model).WithMany().HasForeignKey(e => e.ModelId);
            v.HasMany(e => e.Files).WithOne().HasForeignKey(f => f.VersionId);
        });
        modelBuilder.Entity<VersionFile>(f =>
        {
            f.ToTable("registry_version_files").HasKey(e => new { e.VersionId, e.Path });
            f.HasOne(e => e.Blob).WithMany().HasForeignKey(e => e.BlobId);
        });
        modelBuilder.Entity<Blob>(b =>
        {
            b.ToTable("registry_blobs").HasKey(e => e.Id);
            b.Ignore(e => e.RelativePath);
        });
        modelBuilder.Entity<Upload>(u =>
        {
            u.ToTable("registry_uploads").HasKey(e => e.Id);
            u.HasMany(e => e.Files).WithOne().HasForeignKey(f => f.UploadId);
        });
        modelBuilder.Entity<UploadFile>(f =>
        {
            f.ToTable("registry_upload_files").HasKey(e => new { e.UploadId, e.Index });
            f.Property(e => e.Index).HasColumnName("FileIndex");
        });
    }
}
