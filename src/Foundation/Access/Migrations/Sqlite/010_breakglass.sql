-- The sealed way in of an organisation, for the day when nobody can sign in. Good once, then it has to be sealed anew.
CREATE TABLE access_break_glass(
    Organisation TEXT NOT NULL PRIMARY KEY,
    PrincipalId TEXT NOT NULL REFERENCES access_principals(Id),
    CredentialId TEXT NOT NULL UNIQUE,
    SecretHash BLOB NOT NULL,
    SealedBy TEXT NOT NULL,
    SealedAt INTEGER NOT NULL,
    LifeSeconds INTEGER NOT NULL,
    OpenedAt INTEGER NULL,
    OpenUntil INTEGER NULL,
    Revision INTEGER NOT NULL) STRICT;
