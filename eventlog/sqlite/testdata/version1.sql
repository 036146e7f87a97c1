-- The tables of a log file, version 1. A change of them raises fileVersion in file.go.

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- The end of each partition.
CREATE TABLE partitions (
  partition INTEGER PRIMARY KEY,
  epoch     INTEGER NOT NULL DEFAULT 0,
  seq       INTEGER NOT NULL DEFAULT 0,
  hash      TEXT    NOT NULL DEFAULT '',
  clock     TEXT    NOT NULL DEFAULT ''
);

-- place is partition << 47 | seq: one integer key, and a partition's events lie side by side.
CREATE TABLE events (
  place   INTEGER PRIMARY KEY,
  epoch   INTEGER NOT NULL,
  version INTEGER NOT NULL,
  back    INTEGER NOT NULL, -- seq of the same entity's event before, 0 for its first
  at      TEXT    NOT NULL,
  prev    TEXT    NOT NULL,
  hash    TEXT    NOT NULL,
  meta    TEXT    NOT NULL,
  changes TEXT    NOT NULL,
  input   TEXT    NOT NULL
);

CREATE TABLE heads (
  entity  TEXT    NOT NULL,
  id      TEXT    NOT NULL,
  version INTEGER NOT NULL,
  state   TEXT    NOT NULL,
  deleted INTEGER NOT NULL,
  epoch   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  at      TEXT    NOT NULL,
  created TEXT    NOT NULL, -- time of the first event
  fields  TEXT    NOT NULL, -- a JSON object of the raw values
  PRIMARY KEY (entity, id)
) WITHOUT ROWID;

-- In the order of n, so that the oldest are found without an index on time.
CREATE TABLE receipts (
  n          INTEGER PRIMARY KEY AUTOINCREMENT,
  command_id TEXT NOT NULL UNIQUE,
  input_hash TEXT NOT NULL,
  kept_from  INTEGER NOT NULL, -- wall clock, Unix seconds
  events     TEXT NOT NULL
);

CREATE TABLE claims (
  field  TEXT NOT NULL,
  value  TEXT NOT NULL,
  entity TEXT NOT NULL,
  id     TEXT NOT NULL,
  PRIMARY KEY (field, value)
) WITHOUT ROWID;
