//! What the tests of every room share. For tests only: nothing here is built into the product.
//!
//! - [`pictures`]: masters that carry their version in their pixels, and reading it back out of a derivative
//! - [`origin`]: an HTTP origin that serves them, with delays, gates and failures on demand
//! - [`http`]: a plain HTTP/1.1 client that sends any target as it is
//! - [`authority`]: certificates by an authority of the test's own
//! - [`server`]: starting a server process and waiting until it listens
//! - [`distance`]: how far two pictures are apart
//! - [`cases`], [`costly_cases`]: how many random cases a property is tried with

pub mod authority;
pub mod distance;
pub mod http;
pub mod origin;
pub mod pictures;
pub mod server;

/// Cases that proptest tries where nobody says how many.
const USUAL: u32 = 256;

/// How many cases a property is tried with that shows little in fewer than `least`: more where `PROPTEST_CASES` asks for more,
/// which proptest itself heeds only for properties that name no number.
pub fn cases(least: u32) -> u32 {
    least.max(asked())
}

/// As [`cases`], for a property each of whose cases takes long (it writes to disk, say): as many times `least` as is asked of a
/// property that names no number.
pub fn costly_cases(least: u32) -> u32 {
    scaled(least, asked())
}

fn asked() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn scaled(least: u32, asked: u32) -> u32 {
    let times = u64::from(least) * u64::from(asked) / u64::from(USUAL);
    least.max(u32::try_from(times).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costly_cases_grow_with_what_is_asked_and_never_shrink() {
        for (least, asked, want) in
            [(24, 0, 24), (24, 256, 24), (24, 10, 24), (24, 10_000, 937), (u32::MAX, 512, u32::MAX)]
        {
            assert_eq!(scaled(least, asked), want, "{least} {asked}");
        }
    }
}
