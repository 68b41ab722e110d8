//! The tables of `catalogue.db`.

use crate::sqlite::Schema;

pub(super) const SCHEMA: Schema = Schema {
    application: 0x4149_6374,
    // A log's id is stored once and numbered. Dependencies and tags bear the length of their entry, so that counting reads
    // nothing else.
    steps: &[
        // Format 1 lacked tags, recipe, last use and key. Its rows cannot be completed, and a lost row is a miss, so its
        // tables go.
        "",
        "
        DROP TABLE IF EXISTS dependency;
        DROP TABLE IF EXISTS entry;
        DROP TABLE IF EXISTS log;
        DROP TABLE IF EXISTS total;
        CREATE TABLE log (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
        CREATE TABLE entry (
            number INTEGER PRIMARY KEY,
            tier INTEGER NOT NULL,
            key BLOB NOT NULL,
            body BLOB NOT NULL,
            segment INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            length INTEGER NOT NULL,
            log INTEGER NOT NULL,
            position INTEGER NOT NULL,
            exact BLOB,
            size INTEGER NOT NULL,
            stored_at INTEGER NOT NULL,
            last_used INTEGER NOT NULL,
            recipe INTEGER NOT NULL,
            data_key BLOB,
            content_type TEXT NOT NULL,
            dependencies TEXT NOT NULL,
            tags TEXT NOT NULL,
            url TEXT NOT NULL,
            UNIQUE (tier, key)
        ) STRICT;
        CREATE INDEX entry_segment ON entry (tier, segment);
        CREATE INDEX entry_stamp ON entry (log, position);
        CREATE TABLE dependency (
            tier INTEGER NOT NULL,
            master INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, master, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tag (
            tier INTEGER NOT NULL,
            tag INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, tag, entry)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE total (tier INTEGER PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
        INSERT INTO total VALUES (0, 0, 0), (1, 0, 0);
    ",
        // Format 2 knew neither the part that a master took nor where a tag came from.
        "
        DELETE FROM dependency;
        DELETE FROM tag;
        DELETE FROM entry;
        DELETE FROM log;
        UPDATE total SET entries = 0, bytes = 0;
    ",
        // Format 3 found dependencies and tags by the number of their entry. By key, a page of what a name means is read in
        // order, however many there are.
        "
        CREATE TABLE bears (
            tier INTEGER NOT NULL,
            name INTEGER NOT NULL,
            key BLOB NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, name, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE uses (
            tier INTEGER NOT NULL,
            name INTEGER NOT NULL,
            key BLOB NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (tier, name, key)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO uses SELECT d.tier, d.master, e.key, d.length FROM dependency d JOIN entry e ON e.number = d.entry;
        INSERT INTO bears SELECT t.tier, t.tag, e.key, t.length FROM tag t JOIN entry e ON e.number = t.entry;
        DROP TABLE dependency;
        DROP TABLE tag;
        ALTER TABLE uses RENAME TO dependency;
        ALTER TABLE bears RENAME TO tag;
        CREATE INDEX entry_exact ON entry (tier, exact, key) WHERE exact IS NOT NULL;
    ",
    ],
    // A row that loss of power takes is a miss.
    synchronous: "NORMAL",
    // More is of no use, measured: keys are random, so storing rows is bound by the pages that are written.
    writer_cache: 16 << 10,
    // A row names pictures and holds keys: what is erased leaves no trace in free pages.
    secure_delete: true,
};
