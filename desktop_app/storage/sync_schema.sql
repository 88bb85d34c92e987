-- Changes for other computers: see sync/README.md. The triggers (synced_tables.py) note them while
-- `sync_device` has a row, except those that come from another computer, while `is_applying` is 1.
-- `clock` is a hybrid clock: microseconds since 1970, or one more than the last change.
CREATE TABLE sync_device (
    id TEXT PRIMARY KEY,
    clock INTEGER NOT NULL DEFAULT 0,
    is_applying INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL
) STRICT;

-- The time and the device of the last change of each field; 'gone' for a deletion. `number`
-- counts the changes that have not been sent; it is NULL once they have.
CREATE TABLE sync_changes (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    field TEXT NOT NULL,
    at INTEGER NOT NULL,
    device TEXT NOT NULL,
    number INTEGER,
    PRIMARY KEY (kind, id, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_changes_to_send ON sync_changes (number) WHERE number IS NOT NULL;

-- Entries of other computers that refer to something that has not arrived.
CREATE TABLE sync_waiting (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    entry TEXT NOT NULL
) STRICT;

-- The other computers, and the last segment of each that was applied.
CREATE TABLE sync_peers (
    device TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    facts TEXT NOT NULL
) STRICT;

-- A sealed segment between its commit and the storage's answer.
CREATE TABLE sync_outbox (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- Attachments that the storage has.
CREATE TABLE sync_files (sha256 TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

ALTER TABLE ledger ADD COLUMN origin TEXT;
CREATE UNIQUE INDEX ledger_by_origin ON ledger (origin) WHERE origin IS NOT NULL;
