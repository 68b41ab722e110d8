use std::io::{self, Write};

use rusqlite::params;

use super::{AuditRow, COLUMNS, read_row};
use crate::error::Fault;
use crate::log::PurgeDb;

impl PurgeDb {
    /// Writes the whole chain, a JSON object a line, oldest first; answers how many. Hashes are in hex, times in
    /// milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store cannot be read, or what `out` says.
    pub fn audit_export(&self, out: &mut dyn Write) -> io::Result<u64> {
        let mut written = 0;
        let mut failed = None;
        let read = self.readers.with(|connection| {
            let mut select = connection.prepare(&format!("SELECT {COLUMNS} FROM audit ORDER BY seq"))?;
            let mut rows = select.query(params![])?;
            while let Some(row) = rows.next()? {
                if let Err(error) = out.write_all(line(&read_row(row)?).as_bytes()) {
                    failed = Some(error);
                    break;
                }
                written += 1;
            }
            Ok(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        read.map_err(|fault: Fault| io::Error::other(fault.to_string()))?;
        Ok(written)
    }
}

fn line(row: &AuditRow) -> String {
    let entry = &row.entry;
    let mut out = format!("{{\"seq\":{},\"at\":{}", row.seq, entry.at);
    let texts = [
        ("kind", entry.kind.name()),
        ("actor", &entry.actor),
        ("via", &entry.via),
        ("from", &entry.from),
        ("what", &entry.what),
    ];
    for (name, text) in texts {
        out.push_str(&format!(",\"{name}\":"));
        string(&mut out, text);
    }
    if let (Some(position), Some(record)) = (row.position, row.record) {
        out.push_str(&format!(",\"position\":{position},\"record\":\"{record}\""));
    }
    out.push_str(&format!(",\"prev\":\"{}\",\"hash\":\"{}\"}}\n", row.prev, row.hash));
    out
}

/// A JSON string (RFC 8259, section 7).
fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
