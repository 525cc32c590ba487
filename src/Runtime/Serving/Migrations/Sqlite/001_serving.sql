CREATE TABLE serving_endpoints(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    Environment TEXT NOT NULL,
    CurrentRevisionId TEXT NULL,
    CreatedAt INTEGER NOT NULL,
    Revision INTEGER NOT NULL,
    UNIQUE(Organisation, Project, Name)) STRICT;

CREATE TABLE serving_revisions(
    Id TEXT NOT NULL PRIMARY KEY,
    EndpointId TEXT NOT NULL REFERENCES serving_endpoints(Id),
    Number INTEGER NOT NULL,
    VersionId TEXT NOT NULL,
    Model TEXT NOT NULL,
    ModelVersion INTEGER NOT NULL,
    Manifest BLOB NOT NULL,
    ContractDigest BLOB NOT NULL,
    ContractJson TEXT NOT NULL,
    PolicyDigest BLOB NOT NULL,
    VerdictId TEXT NOT NULL,
    MainFile TEXT NOT NULL,
    RequiresFullIsolation INTEGER NOT NULL,
    ResourcesJson TEXT NOT NULL,
    Author TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    State INTEGER NOT NULL,
    ActivatedAt INTEGER NULL,
    DrainingSince INTEGER NULL,
    Problem TEXT NULL,
    UNIQUE(EndpointId, Number)) STRICT;

-- What was admitted is what runs: the content of a revision never changes.
CREATE TRIGGER serving_revisions_immutable BEFORE UPDATE OF
    EndpointId, Number, VersionId, Model, ModelVersion, Manifest, ContractDigest, ContractJson, PolicyDigest, VerdictId, MainFile, RequiresFullIsolation,
    ResourcesJson, Author, CreatedAt ON serving_revisions
BEGIN SELECT RAISE(ABORT, 'a revision is immutable'); END;
