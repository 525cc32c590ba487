CREATE TABLE registry_models(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    UNIQUE(Organisation, Project, Name)) STRICT;

CREATE TABLE registry_versions(
    Id TEXT NOT NULL PRIMARY KEY,
    ModelId TEXT NOT NULL REFERENCES registry_models(Id),
    Number INTEGER NOT NULL,
    Manifest BLOB NOT NULL,
    Author TEXT NOT NULL,
    TotalBytes INTEGER NOT NULL,
    CreatedAt INTEGER NOT NULL,
    UNIQUE(ModelId, Number)) STRICT;

CREATE TABLE registry_blobs(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Sha256 BLOB NOT NULL,
    Size INTEGER NOT NULL,
    MessageId BLOB NOT NULL,
    FrameRoot BLOB NOT NULL,
    ObjectKeyId TEXT NOT NULL,
    WrappedDataKey BLOB NOT NULL,
    CreatedAt INTEGER NOT NULL) STRICT;

-- Not unique: when stored content is found damaged, a new push of it is stored beside it.
CREATE INDEX registry_blobs_content ON registry_blobs(Organisation, Project, Sha256);

CREATE TABLE registry_version_files(
    VersionId TEXT NOT NULL REFERENCES registry_versions(Id),
    Path TEXT NOT NULL,
    BlobId TEXT NOT NULL REFERENCES registry_blobs(Id),
    PRIMARY KEY(VersionId, Path)) STRICT;

CREATE TABLE registry_uploads(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    ModelName TEXT NOT NULL,
    Author TEXT NOT NULL,
    ResumeKey TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    TouchedAt INTEGER NOT NULL,
    UNIQUE(Organisation, Project, ModelName, Author, ResumeKey)) STRICT;

CREATE TABLE registry_upload_files(
    UploadId TEXT NOT NULL REFERENCES registry_uploads(Id) ON DELETE CASCADE,
    FileIndex INTEGER NOT NULL,
    Path TEXT NOT NULL,
    Size INTEGER NOT NULL,
    BlobId TEXT NOT NULL,
    ObjectKeyId TEXT NOT NULL,
    WrappedDataKey BLOB NOT NULL,
    Sha256 BLOB NULL,
    MessageId BLOB NULL,
    FrameRoot BLOB NULL,
    PRIMARY KEY(UploadId, FileIndex)) STRICT;

-- A version is immutable: what is written stays as it was written.
CREATE TRIGGER registry_versions_immutable BEFORE UPDATE ON registry_versions BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER registry_version_files_immutable BEFORE UPDATE ON registry_version_files BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
