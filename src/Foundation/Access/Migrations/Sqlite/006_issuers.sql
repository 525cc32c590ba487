-- Outside providers of identities (OpenID Connect), the people who come from them, and the groups that they were in when they last came.
CREATE TABLE access_identity_providers(
    Name TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Issuer TEXT NOT NULL,
    CaPem TEXT NULL,
    ClientId TEXT NOT NULL,
    ClientSecretSealed BLOB NULL,
    Settings TEXT NOT NULL,
    CreatedBy TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    Revision INTEGER NOT NULL) STRICT;

CREATE TABLE access_identities(
    Provider TEXT NOT NULL REFERENCES access_identity_providers(Name),
    Subject TEXT NOT NULL,
    PrincipalId TEXT NOT NULL REFERENCES access_principals(Id),
    "Groups" TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    LastAt INTEGER NULL,
    PRIMARY KEY (Provider, Subject)) STRICT;

-- A person has one provider at most: two could disagree about who has left.
CREATE UNIQUE INDEX access_identities_principal ON access_identities(PrincipalId);

-- The session at the provider that a session here rests on.
ALTER TABLE access_tokens ADD COLUMN Provider TEXT NULL;
ALTER TABLE access_tokens ADD COLUMN ProviderSession TEXT NULL;
ALTER TABLE access_device_grants ADD COLUMN Provider TEXT NULL;
ALTER TABLE access_device_grants ADD COLUMN ProviderSession TEXT NULL;

-- Tokens that are good once, until they would have ended anyway.
CREATE TABLE access_used_tokens(
    Id BLOB NOT NULL PRIMARY KEY,
    NotAfter INTEGER NOT NULL) STRICT;

-- Outside issuers whose tokens may be exchanged for short-lived tokens of a service.
CREATE TABLE access_federations(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    Issuer TEXT NOT NULL,
    CaPem TEXT NULL,
    Audience TEXT NOT NULL,
    Claims TEXT NOT NULL,
    ServiceId TEXT NOT NULL REFERENCES access_principals(Id),
    Verbs TEXT NOT NULL,
    LifeSeconds INTEGER NOT NULL,
    CreatedBy TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    Revision INTEGER NOT NULL,
    UNIQUE (Organisation, Project, Name)) STRICT;
