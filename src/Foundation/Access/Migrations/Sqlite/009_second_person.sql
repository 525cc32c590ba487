-- Who made a principal, and who last gave it new factors: such a one is no second person for them until it has shown to be one.
ALTER TABLE access_principals ADD COLUMN CreatedBy TEXT NULL;
ALTER TABLE access_principals ADD COLUMN InvitedBy TEXT NULL;
ALTER TABLE access_principals ADD COLUMN InvitedAt INTEGER NULL;

-- When the person first signed in with a second factor of their own, and not with a code that someone gave them.
ALTER TABLE access_people ADD COLUMN ProvedAt INTEGER NULL;
