CREATE UNIQUE INDEX thing_items_name ON thing_items(Name);
