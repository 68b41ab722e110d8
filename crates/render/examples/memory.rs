//! The most memory that one job takes beside its file: reading it whole, or rendering it to 800 px of WebP; and what the
//! budget's checks reckon with. `bench/memory.py` makes files, and a table of what this says of each.
//!
//! `cargo run -p afterimage-render --example memory -- decode|render FILE`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use codec::{Budget, Cancel, CodecError, Decode};
use plan::{AcceptClass, Format, FormatRule, OutputRule, Plan};

/// Kilobytes of a field of `/proc/self/status` (Linux).
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn work(how: &str, file: &[u8], fonts: &render::Fonts, budget: &Budget) -> Result<(), CodecError> {
    if how == "decode" {
        return codec::decode(file, &Decode::default(), budget, &Cancel::never()).map(drop);
    }
    let format = FormatRule::Always(Format::Webp);
    let plan = Plan {
        output: OutputRule { format, ..OutputRule::default() },
        ..Plan::from_stages_text("resize:800x-,inside").unwrap()
    };
    let (spec, cancel) = (plan.output.resolve(AcceptClass::Avif), Cancel::never());
    let (master, plan, spec, cancel) = (file, &plan, &spec, &cancel);
    render::render(&render::Job { master, pictures: &[], fonts, plan, spec, budget, cancel }).map(drop)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (how, path) = (arguments.next().unwrap(), arguments.next().unwrap());
    let file = std::fs::read(path).unwrap();
    let info = codec::probe(&file, &Budget::default()).unwrap();
    let fonts = render::Fonts::embedded();
    // Tables that are made once, and the code itself, are no job's.
    let tiny = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";
    work("render", tiny, &fonts, &Budget::default()).unwrap();
    let pixels = u64::from(info.width) * u64::from(info.height);
    // The least memory that the checks let pass: each says what it would need. A drawing has the natural size that memory
    // allows: 16 bytes a pixel.
    let drawing = matches!(info.kind, codec::Kind::Svg | codec::Kind::Pdf);
    let mut budget = Budget { memory: if drawing { 16 * pixels } else { 1 }, ..Budget::default() };
    loop {
        let before = status("VmRSS:");
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        match work(&how, &file, &fonts, &budget) {
            Err(CodecError::OverBudget { what: "memory", found, .. }) => {
                budget.memory = found.max(budget.memory + 4096)
            }
            Ok(()) => return println!("{pixels} {} {}", 1024 * (status("VmHWM:") - before), budget.memory),
            Err(error) => panic!("{error}"),
        }
    }
}
