-- What a person signs in with. A person without a row has only tokens that others gave.
CREATE TABLE access_people(
    PrincipalId TEXT NOT NULL PRIMARY KEY REFERENCES access_principals(Id),
    PasswordHash TEXT NULL,
    PasswordChangedAt INTEGER NULL,
    TotpSealed BLOB NULL,
    TotpConfirmedAt INTEGER NULL,
    TotpLastStep INTEGER NOT NULL,
    RecoveryHashes TEXT NOT NULL,
    Revision INTEGER NOT NULL) STRICT;

CREATE TABLE access_passkeys(
    CredentialId TEXT NOT NULL PRIMARY KEY,
    PrincipalId TEXT NOT NULL REFERENCES access_principals(Id),
    Name TEXT NOT NULL,
    PublicKey BLOB NOT NULL,
    SignCount INTEGER NOT NULL,
    Transports TEXT NOT NULL,
    IsUserVerified INTEGER NOT NULL,
    IsBackupEligible INTEGER NOT NULL,
    IsBackedUp INTEGER NOT NULL,
    AttestationObject BLOB NOT NULL,
    ClientDataJson BLOB NOT NULL,
    CreatedAt INTEGER NOT NULL,
    LastUsedAt INTEGER NULL) STRICT;

-- A step of a sign-in that waits for the next one; used once.
CREATE TABLE access_challenges(
    Id TEXT NOT NULL PRIMARY KEY,
    SecretHash BLOB NOT NULL,
    Purpose TEXT NOT NULL,
    PrincipalId TEXT NULL,
    State TEXT NOT NULL,
    NotAfter INTEGER NOT NULL) STRICT;

-- Failed sign-ins by account, device or network. The key is a keyed hash: the table names nobody.
CREATE TABLE access_failures(
    Key BLOB NOT NULL PRIMARY KEY,
    Count INTEGER NOT NULL,
    LastAt INTEGER NOT NULL,
    LockedUntil INTEGER NOT NULL) STRICT;

-- A command line that waits for a browser (RFC 8628).
CREATE TABLE access_device_grants(
    Id TEXT NOT NULL PRIMARY KEY,
    SecretHash BLOB NOT NULL,
    UserCodeHash BLOB NOT NULL UNIQUE,
    Device TEXT NOT NULL,
    NotAfter INTEGER NOT NULL,
    PrincipalId TEXT NULL,
    MfaAt INTEGER NULL,
    Methods TEXT NOT NULL,
    IsDenied INTEGER NOT NULL) STRICT;

-- A token becomes a session with a strength, an age and a place.
ALTER TABLE access_tokens ADD COLUMN Kind TEXT NOT NULL DEFAULT 'token';
ALTER TABLE access_tokens ADD COLUMN MfaAt INTEGER NULL;
ALTER TABLE access_tokens ADD COLUMN Methods TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN Verbs TEXT NULL;
ALTER TABLE access_tokens ADD COLUMN IdleSeconds INTEGER NULL;
ALTER TABLE access_tokens ADD COLUMN LastSeenAt INTEGER NULL;
ALTER TABLE access_tokens ADD COLUMN Device TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN Network TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN PreviousHash BLOB NULL;
ALTER TABLE access_tokens ADD COLUMN RotatedAt INTEGER NULL;
CREATE INDEX access_tokens_principal ON access_tokens(PrincipalId);
