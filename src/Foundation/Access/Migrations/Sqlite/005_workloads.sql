-- A machine that proves itself with a certificate of this installation. Its private key is its own.
CREATE TABLE access_workloads(
    Principal TEXT NOT NULL PRIMARY KEY,
    Organisation TEXT NOT NULL,
    Project TEXT NOT NULL,
    Name TEXT NOT NULL,
    SpiffeId TEXT NOT NULL UNIQUE,
    SubjectPublicKey BLOB NOT NULL,
    LifeSeconds INTEGER NOT NULL,
    CreatedBy TEXT NOT NULL,
    CreatedAt INTEGER NOT NULL,
    RevokedAt INTEGER NULL,
    Revision INTEGER NOT NULL) STRICT;

-- A name is free again once its workload is revoked; the identity in the certificate is never given twice.
CREATE UNIQUE INDEX access_workloads_name ON access_workloads(Organisation, Project, Name) WHERE RevokedAt IS NULL;

CREATE TABLE access_workload_certificates(
    Digest BLOB NOT NULL PRIMARY KEY,
    Principal TEXT NOT NULL REFERENCES access_workloads(Principal),
    PublicKeyHash BLOB NOT NULL,
    Pem TEXT NOT NULL,
    IssuedAt INTEGER NOT NULL,
    NotAfter INTEGER NOT NULL) STRICT;
CREATE INDEX access_workload_certificates_principal ON access_workload_certificates(Principal);
