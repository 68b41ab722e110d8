use std::io::{self, Write};

use purge::LogError;

use super::{AuditRow, COLUMNS, read_row};
use crate::error::to_sql;
use crate::log::PurgeDb;

impl PurgeDb {
    /// Writes the whole chain, a JSON object a line, oldest first; answers how many. Hashes are in hex, times in
    /// milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// When the store cannot be read, or what `out` says.
    pub fn audit_export(&self, out: &mut dyn Write) -> io::Result<u64> {
        let (mut written, mut after) = (0, 0);
        loop {
            let page = self.audit_lines(after).map_err(|error| io::Error::other(error.to_string()))?;
            let Some(last) = page.last else { return Ok(written) };
            out.write_all(&page.lines)?;
            (written, after) = (written + page.count, last);
        }
    }

    /// Some of the lines of an export: those that follow an entry's number. Nothing is held open in between.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_lines(&self, after: u64) -> Result<AuditLines, LogError> {
        let after = to_sql(after)?;
        Ok(self.readers.with(|connection| {
            let mut select = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE seq > ?1 ORDER BY seq LIMIT {PAGE}"))?;
            let mut rows = select.query([after])?;
            let mut page = AuditLines::default();
            while let Some(row) = rows.next()? {
                let row = read_row(row)?;
                page.lines.extend_from_slice(line(&row).as_bytes());
                (page.count, page.last) = (page.count + 1, Some(row.seq));
            }
            Ok(page)
        })?)
    }
}

/// Entries of one page of an export.
const PAGE: usize = 500;

/// Consecutive entries of the audit log, a JSON object a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditLines {
    /// The lines.
    pub lines: Vec<u8>,
    /// How many.
    pub count: u64,
    /// The number of the last; `None` when there are none.
    pub last: Option<u64>,
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
