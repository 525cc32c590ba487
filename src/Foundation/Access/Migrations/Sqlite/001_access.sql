CREATE TABLE access_principals(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    Role TEXT NOT NULL,
    SubjectPublicKey BLOB NOT NULL,
    CreatedAt INTEGER NOT NULL,
    DisabledAt INTEGER NULL,
    UNIQUE(Organisation, Project, Name)) STRICT;

CREATE TABLE access_tokens(
    Id TEXT NOT NULL PRIMARY KEY,
    PrincipalId TEXT NOT NULL REFERENCES access_principals(Id),
    SecretHash BLOB NOT NULL,
    CreatedAt INTEGER NOT NULL,
    NotAfter INTEGER NOT NULL,
    RevokedAt INTEGER NULL) STRICT;

CREATE TABLE access_api_keys(
    KeyId TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    EndpointId TEXT NOT NULL,
    EndpointName TEXT NOT NULL,
    SecretHash BLOB NOT NULL,
    Principal TEXT NOT NULL,
    SubjectPublicKey BLOB NOT NULL,
    RatePerSecond REAL NULL,
    CreatedBy TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    NotAfter INTEGER NOT NULL,
    RevokedAt INTEGER NULL) STRICT;

-- A name is free again once its key is revoked.
CREATE UNIQUE INDEX access_api_keys_name ON access_api_keys(Organisation, Project, Name) WHERE RevokedAt IS NULL;

CREATE TABLE access_bootstrap_codes(
    CodeHash BLOB NOT NULL PRIMARY KEY,
    NotAfter INTEGER NOT NULL,
    RedeemedAt INTEGER NULL,
    Revision INTEGER NOT NULL) STRICT;
