CREATE TABLE storage_keys(
    Id TEXT NOT NULL PRIMARY KEY,
    Kind INTEGER NOT NULL,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    ParentId TEXT NOT NULL,
    Version INTEGER NOT NULL,
    Wrapped BLOB NOT NULL,
    PublicKey BLOB NOT NULL,
    CreatedAt INTEGER NOT NULL,
    ShreddedAt INTEGER NULL) STRICT;
CREATE INDEX storage_keys_parent ON storage_keys(ParentId);
