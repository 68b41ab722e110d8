//! An AVIF that was written while somebody waited, written again with more work.
//!
//! At one quality number a slower encoder gives a better picture rather than a smaller file: at libaom's speed 3 three
//! photographs had 78 to 107 % of the bytes of the speed for requests, and up to 3.3 points of SSIMULACRA2 more. So the quality
//! is brought down until the new file is worth as much as the old one.

use codec::metadata::Blocks;
use codec::{CodecError, Effort, Encode};
use plan::Format;

use crate::write::{self, Written};
use crate::{Job, Made};

/// Points that one step of quality brings at most: mostly 0.4 to 0.8 on photographs.
const POINTS_A_STEP: f64 = 0.9;
/// Steps of quality that are tried at most, down and up.
const MOST_DOWN: f64 = 10.0;
const UP: u8 = 2;

/// A file that is smaller than `old` and worth no fewer points, or `old`.
pub(crate) fn write(made: &Made, old: &[u8], profile: Option<Vec<u8>>, job: &Job<'_>) -> Result<Written, CodecError> {
    let blocks = write::blocks(profile, job);
    let found = smaller(made, old, blocks, job)?.filter(|file| file.len() < old.len());
    Ok(Written { bytes: found.unwrap_or_else(|| old.to_vec()), format: Format::Avif })
}

fn smaller(made: &Made, old: &[u8], blocks: Blocks, job: &Job<'_>) -> Result<Option<Vec<u8>>, CodecError> {
    let how = Encode { effort: Effort::Unhurried, blocks, ..write::encoding(job.spec, Format::Avif) };
    let Some(want) = write::reference(made, job)? else { return Ok(None) };
    let least = write::likeness(&want, old, job)?;
    let at = |quality: u8| -> Result<(Vec<u8>, f64), CodecError> {
        job.cancel.check()?;
        let file = write::encode(made, &Encode { quality, ..how.clone() }, job)?;
        let points = write::likeness(&want, &file, job)?;
        Ok((file, points))
    };
    let (same, points) = at(how.quality)?;
    if points < least {
        let (better, points) = at(how.quality.saturating_add(UP).min(100))?;
        return Ok((points >= least).then_some(better));
    }
    let mut down = steps(points - least, POINTS_A_STEP);
    while down > 0 {
        let (lower, fewer) = at(how.quality.saturating_sub(down).max(1))?;
        if fewer < least {
            down /= 2;
            continue;
        }
        // What a step brings here is known now.
        let more = steps(fewer - least, (points - fewer) / f64::from(down));
        if more > 0 {
            let (lowest, fewest) = at(how.quality.saturating_sub(down + more).max(1))?;
            return Ok(Some(if fewest >= least { lowest } else { lower }));
        }
        return Ok(Some(lower));
    }
    Ok(Some(same))
}

/// How many steps of quality so many points are.
fn steps(points: f64, each: f64) -> u8 {
    (points / each.max(POINTS_A_STEP / 4.0)).min(MOST_DOWN) as u8
}
