CREATE TABLE access_roles(
    Organisation TEXT NOT NULL,
    Name TEXT NOT NULL,
    Verbs TEXT NOT NULL,
    Revision INTEGER NOT NULL,
    PRIMARY KEY(Organisation, Name)) STRICT;

CREATE TABLE access_groups(
    Organisation TEXT NOT NULL,
    Name TEXT NOT NULL,
    Members TEXT NOT NULL,
    Revision INTEGER NOT NULL,
    PRIMARY KEY(Organisation, Name)) STRICT;

CREATE TABLE access_bindings(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Role TEXT NOT NULL,
    Subject TEXT NOT NULL,
    Effect TEXT NOT NULL,
    Scope TEXT NOT NULL,
    Conditions TEXT NULL,
    CreatedAt INTEGER NOT NULL,
    Revision INTEGER NOT NULL) STRICT;

CREATE TABLE access_changes(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Change TEXT NOT NULL,
    Summary TEXT NOT NULL,
    RequestedBy TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    NotAfter INTEGER NOT NULL,
    DecidedBy TEXT NULL,
    DecidedAt INTEGER NULL,
    Approved INTEGER NULL) STRICT;

CREATE TABLE access_usage(
    PrincipalId TEXT NOT NULL,
    Verb TEXT NOT NULL,
    LastUsedAt INTEGER NOT NULL,
    PRIMARY KEY(PrincipalId, Verb)) STRICT;

CREATE TABLE access_idempotency(
    Actor TEXT NOT NULL,
    Key TEXT NOT NULL,
    RequestHash BLOB NOT NULL,
    Outcome TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    PRIMARY KEY(Actor, Key)) STRICT;

-- The one role of a principal becomes a binding: an owner's on the organisation, every other on its project.
INSERT INTO access_bindings
    SELECT upper(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21, 12)),
        Organisation, Project, Role, Id, 'allow', iif(Role = 'owner', 'organisation', 'project'), NULL, CreatedAt, 1
    FROM (SELECT hex(randomblob(16)) AS h, * FROM access_principals);
ALTER TABLE access_principals DROP COLUMN Role;
ALTER TABLE access_principals ADD COLUMN Kind TEXT NOT NULL DEFAULT 'person';
ALTER TABLE access_principals ADD COLUMN OwnerId TEXT NULL;

-- An API key's right to its endpoint becomes a binding too.
INSERT INTO access_bindings
    SELECT upper(substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-' || substr(h, 13, 4) || '-' || substr(h, 17, 4) || '-' || substr(h, 21, 12)),
        Organisation, Project, 'caller', Principal, 'allow', 'endpoint/' || EndpointName, NULL, CreatedAt, 1
    FROM (SELECT hex(randomblob(16)) AS h, * FROM access_api_keys WHERE RevokedAt IS NULL);

-- A rotated key keeps its name until it ends.
ALTER TABLE access_api_keys ADD COLUMN ReplacedBy TEXT NULL;
DROP INDEX access_api_keys_name;
CREATE UNIQUE INDEX access_api_keys_name ON access_api_keys(Organisation, Project, Name) WHERE RevokedAt IS NULL AND ReplacedBy IS NULL;
