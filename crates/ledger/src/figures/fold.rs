//! From minutes to hours to days, and what goes when its time is up.

use std::sync::Arc;

use rusqlite::{Connection, Transaction, params};
use stats::{Bucket, Row, Step, Tops};

use super::{StatsLimits, put, read_rows, rows_of, span};
use crate::error::{Fault, from_sql, to_sql};

/// How long after its end a span is folded: what was counted in it has come by then.
const SLACK: u64 = 60_000;

/// The lists of an hour as far as its minutes have them.
pub(super) fn tops_of_minutes(connection: &Connection, hour: u64, site: &str) -> Result<Tops, Fault> {
    let mut tops = Tops::default();
    for row in read_rows(connection, Step::Minute, hour, hour + Step::Hour.millis())? {
        if row.site == site {
            tops.add(&row.bucket.tops);
        }
    }
    Ok(tops)
}

/// An hour of a site.
pub(super) type Hour = (u64, Arc<str>);

/// Makes a row for each hour that is past, out of its minutes, and for each day out of its hours. `longer_lists` are those of
/// an hour and a site, where they are known better than from its minutes.
pub(super) fn fold<'t>(
    tx: &Transaction<'_>,
    longer_lists: &dyn Fn(&Hour) -> Option<&'t Tops>,
    now: u64,
) -> Result<(), Fault> {
    for (shorter, longer) in [(Step::Minute, Step::Hour), (Step::Hour, Step::Day)] {
        let past = longer.start(now.saturating_sub(SLACK));
        for (at, site) in to_fold(tx, shorter, longer, past)? {
            let mut sum = Bucket::default();
            let rows = read_rows(tx, shorter, at, at + longer.millis())?;
            rows.iter().filter(|row| row.site == site).for_each(|row| sum.add(&row.bucket));
            let known = longer_lists(&(at, Arc::from(site.as_str())));
            if let Some(tops) = known.filter(|_| longer == Step::Hour) {
                sum.tops = tops.clone();
            }
            put(tx, longer, at, &site, &mut sum)?;
        }
    }
    Ok(())
}

/// Spans before `past` that have rows of the shorter kind and none of their own.
fn to_fold(tx: &Transaction<'_>, shorter: Step, longer: Step, past: u64) -> Result<Vec<(u64, String)>, Fault> {
    let sql = "SELECT DISTINCT at - at % ?1, site FROM figures AS one WHERE span = ?2 AND at < ?3 AND NOT EXISTS \
               (SELECT 1 FROM figures WHERE span = ?4 AND at = one.at - one.at % ?1 AND site = one.site)";
    let mut select = tx.prepare_cached(sql)?;
    let mut rows = select.query(params![to_sql(longer.millis())?, span(shorter), to_sql(past)?, span(longer)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((from_sql(row.get(0)?)?, row.get(1)?));
    }
    Ok(found)
}

/// Rows of a kind from one time to another that no row of the next longer kind, up to `step`, covers.
pub(super) fn unfolded(
    connection: &Connection,
    shorter: Step,
    step: Step,
    from: u64,
    to: u64,
) -> Result<Vec<Row>, Fault> {
    let next = if shorter == Step::Minute { Step::Hour } else { Step::Day };
    debug_assert!(next <= step);
    let sql = "SELECT at, site, data FROM figures AS one WHERE span = ?1 AND at >= ?2 AND at < ?3 AND NOT EXISTS \
               (SELECT 1 FROM figures WHERE span = ?4 AND at = one.at - one.at % ?5 AND site = one.site) ORDER BY at, site";
    let mut select = connection.prepare_cached(sql)?;
    let bound = |ms| i64::try_from(ms).unwrap_or(i64::MAX);
    rows_of(select.query(params![span(shorter), bound(from), bound(to), span(next), to_sql(next.millis())?])?)
}

/// Drops what is too old, then the oldest of what is too much. What was not folded yet stays.
pub(super) fn drop_old(tx: &Transaction<'_>, limits: &StatsLimits, now: u64) -> Result<(), Fault> {
    let lives = [(Step::Minute, limits.minutes), (Step::Hour, limits.hours), (Step::Day, limits.days)];
    for (step, life) in lives {
        let life = u64::try_from(life.as_millis()).unwrap_or(u64::MAX);
        let before = folded_before(step, now).min(now.saturating_sub(life));
        delete(tx, step, before)?;
    }
    let mut excess = total(tx)?.saturating_sub(limits.bytes);
    for (step, _) in lives {
        if excess == 0 {
            break;
        }
        let (before, freed) = oldest(tx, step, excess, folded_before(step, now))?;
        delete(tx, step, before)?;
        excess = excess.saturating_sub(freed);
    }
    Ok(())
}

/// Until when rows of a kind are part of longer ones, so that they can go.
fn folded_before(step: Step, now: u64) -> u64 {
    let past = now.saturating_sub(SLACK);
    match step {
        Step::Minute => Step::Hour.start(past),
        Step::Hour => Step::Day.start(past),
        Step::Day => past,
    }
}

fn delete(tx: &Transaction<'_>, step: Step, before: u64) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM figures WHERE span = ?1 AND at < ?2")?
        .execute(params![span(step), i64::try_from(before).unwrap_or(i64::MAX)])?;
    Ok(())
}

fn total(tx: &Transaction<'_>) -> Result<u64, Fault> {
    let sql = "SELECT coalesce(sum(length(data) + length(site) + 64), 0) FROM figures";
    from_sql(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Up to which time (exclusive) the oldest rows of a kind must go for so many bytes, and how many they are.
fn oldest(tx: &Transaction<'_>, step: Step, excess: u64, most: u64) -> Result<(u64, u64), Fault> {
    let sql = "SELECT at, length(data) + length(site) + 64 FROM figures WHERE span = ?1 AND at < ?2 ORDER BY at";
    let mut select = tx.prepare_cached(sql)?;
    let mut rows = select.query(params![span(step), i64::try_from(most).unwrap_or(i64::MAX)])?;
    let (mut before, mut freed) = (0, 0);
    while let Some(row) = rows.next()? {
        let at = from_sql(row.get(0)?)?;
        // All of one time go together.
        if freed >= excess && at >= before {
            break;
        }
        freed += from_sql(row.get(1)?)?;
        before = at + 1;
    }
    Ok((before, freed))
}
