-- Organisations and their projects. The pair of the first start has been in every table from the beginning; here it gets its names.
CREATE TABLE access_organisations(
    Id TEXT NOT NULL PRIMARY KEY,
    Name TEXT NOT NULL UNIQUE,
    CreatedBy TEXT NULL,
    CreatedAt INTEGER NOT NULL) STRICT;

CREATE TABLE access_projects(
    Id TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL REFERENCES access_organisations(Id),
    Name TEXT NOT NULL,
    CreatedBy TEXT NULL,
    CreatedAt INTEGER NOT NULL,
    ArchivedAt INTEGER NULL,
    Revision INTEGER NOT NULL,
    UNIQUE(Organisation, Name)) STRICT;

INSERT INTO access_organisations VALUES ('00000000-0000-7000-8000-000000000001', 'default', NULL, 0);
INSERT INTO access_projects VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'default', NULL, 0, NULL, 1);

-- Answers to creates are kept for a day; this finds those that are older.
CREATE INDEX access_idempotency_created ON access_idempotency(CreatedAt);
