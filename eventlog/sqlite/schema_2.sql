-- What version 2 of a log file has beside the tables of version 1. Both make a new file; this alone brings an old one up to date.

CREATE TABLE timers (
  kind      TEXT    NOT NULL,
  entity    TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  partition INTEGER NOT NULL,
  due       INTEGER NOT NULL, -- Unix milliseconds
  token     TEXT    NOT NULL,
  data      TEXT    NOT NULL,
  PRIMARY KEY (kind, entity, id, name)
);

CREATE INDEX timers_due ON timers (partition, kind, due, entity, id, name);

CREATE TABLE cursors (
  name      TEXT    NOT NULL,
  partition INTEGER NOT NULL,
  epoch     INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  hash      TEXT    NOT NULL,
  PRIMARY KEY (name, partition)
) WITHOUT ROWID;

-- In the order of n: a note that is replaced gets a new one.
CREATE TABLE notes (
  n    INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT    NOT NULL,
  id   TEXT    NOT NULL,
  at   INTEGER NOT NULL, -- wall clock, Unix milliseconds
  data TEXT    NOT NULL,
  UNIQUE (kind, id)
);

CREATE INDEX notes_order ON notes (kind, n);

-- How many notes there are, so that adding one doesn't count them.
CREATE TABLE note_counts (
  kind  TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) WITHOUT ROWID;
