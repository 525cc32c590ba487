CREATE TABLE admission_policies(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Number INTEGER NOT NULL,
    Text TEXT NOT NULL,
    Digest BLOB NOT NULL,
    Author TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    UNIQUE(Organisation, Project, Number)) STRICT;

CREATE TABLE admission_approvals(
    Id TEXT NOT NULL PRIMARY KEY,
    VersionId TEXT NOT NULL,
    Manifest BLOB NOT NULL,
    Environment TEXT NOT NULL,
    Principal TEXT NOT NULL,
    Approved INTEGER NOT NULL,
    Reason TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL) STRICT;
CREATE INDEX admission_approvals_version ON admission_approvals(VersionId, Environment);

CREATE TABLE admission_signatures(
    Id TEXT NOT NULL PRIMARY KEY,
    VersionId TEXT NOT NULL,
    Bundle BLOB NOT NULL,
    Principal TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL) STRICT;
CREATE INDEX admission_signatures_version ON admission_signatures(VersionId);

CREATE TABLE admission_verdicts(
    Id TEXT NOT NULL PRIMARY KEY,
    VersionId TEXT NOT NULL,
    Manifest BLOB NOT NULL,
    Environment TEXT NOT NULL,
    PolicyDigest BLOB NOT NULL,
    Verdict INTEGER NOT NULL,
    GatesJson TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL) STRICT;
CREATE INDEX admission_verdicts_version ON admission_verdicts(VersionId, CreatedAt);
