CREATE TABLE admission_scans(
    VersionId TEXT NOT NULL PRIMARY KEY,
    Manifest BLOB NOT NULL,
    Rules BLOB NOT NULL,
    Verdict INTEGER NOT NULL,
    FindingsJson TEXT NOT NULL,
    ScannedAt INTEGER NOT NULL) STRICT;
