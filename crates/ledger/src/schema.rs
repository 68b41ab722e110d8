//! The tables of `purge.db`.

use crate::sqlite::Schema;

pub(crate) const SCHEMA: Schema = Schema {
    application: 0x4149_6c67,
    steps: &[
        "
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            log BLOB NOT NULL CHECK (length(log) = 16),
            secret BLOB NOT NULL CHECK (length(secret) = 32),
            since INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE record (
            position INTEGER PRIMARY KEY CHECK (position > 0),
            id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
            mode TEXT NOT NULL,
            targets TEXT NOT NULL,
            actor TEXT NOT NULL,
            via TEXT NOT NULL,
            sender TEXT NOT NULL,
            accepted_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE run (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            started_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE idempotency (
            key TEXT PRIMARY KEY,
            body BLOB NOT NULL CHECK (length(body) = 32),
            id BLOB NOT NULL CHECK (length(id) = 16),
            at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX idempotency_at ON idempotency (at);
    ",
        // The terms of a takedown: status, end (0 = none) and reason, a line each.
        "ALTER TABLE record ADD COLUMN terms TEXT;",
        // How far each purge has come, takedowns, the floor, and the audit chain. What is unerased has a table of its own, so
        // that finding it costs no more than its number.
        "
        CREATE TABLE progress (
            position INTEGER PRIMARY KEY,
            effective_at INTEGER NOT NULL,
            refreshed_at INTEGER,
            erased_at INTEGER,
            derivatives INTEGER NOT NULL,
            derivative_bytes INTEGER NOT NULL,
            masters INTEGER NOT NULL,
            master_bytes INTEGER NOT NULL,
            memory INTEGER NOT NULL,
            memory_bytes INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE unerased (position INTEGER PRIMARY KEY) STRICT;
        INSERT INTO unerased SELECT position FROM record;
        CREATE TABLE takedown (
            position INTEGER PRIMARY KEY,
            lifted_at INTEGER,
            lifted_by TEXT,
            lifted_from TEXT
        ) STRICT;
        INSERT INTO takedown (position) SELECT position FROM record WHERE mode = 'takedown';
        CREATE TABLE floor (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
        INSERT INTO floor VALUES (1, 0);
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY CHECK (seq > 0),
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            via TEXT NOT NULL,
            sender TEXT NOT NULL,
            what TEXT NOT NULL,
            position INTEGER,
            record BLOB CHECK (length(record) = 32),
            prev BLOB NOT NULL CHECK (length(prev) = 32),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TABLE chain (one INTEGER PRIMARY KEY CHECK (one = 1), begun INTEGER NOT NULL) STRICT;
        INSERT INTO chain VALUES (1, 0);
    ",
    ],
    // A purge that was answered must not be lost; NORMAL may lose the last commits.
    synchronous: "FULL",
    writer_cache: 4096,
    secure_delete: false,
};
