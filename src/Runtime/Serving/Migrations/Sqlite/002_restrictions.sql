-- From where, how and when an endpoint may be called; null for no restriction.
ALTER TABLE serving_endpoints ADD COLUMN RestrictionsJson TEXT NULL;
