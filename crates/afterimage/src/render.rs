//! `afterimage render`: pictures in files, by the server's own renderer.
#![allow(clippy::print_stdout)]

mod files;
mod recipe;

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ::render::{Job, Rendered};
use codec::{Budget, Cancel};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::RenderArgs;
use crate::decoders;
use recipe::Recipe;

/// Runs the command: 0 all done, 1 something failed, 2 not understood.
pub fn run(args: &RenderArgs) -> ExitCode {
    let mut recipe = match Recipe::new(args) {
        Ok(recipe) => recipe,
        Err(error) => {
            eprintln!("afterimage: {error}");
            return ExitCode::from(2);
        }
    };
    // Started when the first picture needs one.
    let workers = decoders::pool(jobs(args), &Budget::default());
    recipe.foreign = workers.foreign();
    let done = if args.input.is_dir() { folder(args, &recipe) } else { single(args, &recipe).map(|()| 0) };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("afterimage: {error}");
            ExitCode::FAILURE
        }
    }
}

fn single(args: &RenderArgs, recipe: &Recipe) -> Result<(), String> {
    let stdin = args.input == Path::new("-");
    let master = if stdin {
        let mut bytes = Vec::new();
        let most = Budget::default().input_bytes;
        std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes).map_err(|e| format!("standard input: {e}"))?;
        bytes
    } else {
        files::read(&args.input)?
    };
    let stdout = args.output == Path::new("-");
    let output = if args.output.is_dir() {
        return Err(format!("{} is a folder; name the file to write", args.output.display()));
    } else {
        args.output.as_path()
    };
    let start = Instant::now();
    let rendered = render(&master, recipe, output).map_err(|error| format!("{}: {error}", args.input.display()))?;
    if stdout {
        let mut out = std::io::stdout().lock();
        out.write_all(&rendered.bytes).and_then(|()| out.flush()).map_err(|e| format!("standard output: {e}"))?;
    } else {
        files::write(output, &rendered.bytes)?;
    }
    if !args.quiet {
        rendered.warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        eprintln!("{} -> {}: {}", args.input.display(), output.display(), told(&rendered, start));
        if !stdout && files::format_of(output).is_some_and(|named| named != rendered.format) {
            eprintln!("note: {} holds {}, not what its name says", output.display(), rendered.format);
        }
    }
    Ok(())
}

/// Pictures to render at once.
fn jobs(args: &RenderArgs) -> usize {
    args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from)
}

fn told(rendered: &Rendered, start: Instant) -> String {
    let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1000.0;
    let timing = rendered.timing;
    let frames = if rendered.frames > 1 { format!(", {} frames", rendered.frames) } else { String::new() };
    format!(
        "{} {}x{}{frames}, {} bytes in {:.0} ms (decode {:.0}, stages {:.0}, encode {:.0})",
        rendered.format,
        rendered.width,
        rendered.height,
        rendered.bytes.len(),
        ms(start.elapsed()),
        ms(timing.decode),
        ms(timing.stages),
        ms(timing.encode),
    )
}

fn render(master: &[u8], recipe: &Recipe, output: &Path) -> Result<Rendered, String> {
    let spec = recipe.spec(files::format_of(output));
    let pictures: Vec<Option<&[u8]>> = recipe.pictures.iter().map(|bytes| bytes.as_deref()).collect();
    let (budget, cancel) = (Budget { foreign: recipe.foreign.clone(), ..Budget::default() }, Cancel::never());
    let job = Job {
        master,
        pictures: &pictures,
        fonts: &recipe.fonts,
        plan: &recipe.plan,
        spec: &spec,
        budget: &budget,
        cancel: &cancel,
    };
    let rendered = ::render::render(&job).map_err(|error| error.to_string())?;
    Ok(rendered)
}

/// Answers how many could not be done.
fn folder(args: &RenderArgs, recipe: &Recipe) -> Result<usize, String> {
    if args.output == Path::new("-") {
        return Err("a folder cannot go to standard output".to_owned());
    }
    let found = files::pictures_below(&args.input, &args.output)?;
    if found.is_empty() {
        return Err(format!("no pictures in {}", args.input.display()));
    }
    let bar = progress(found.len(), args.quiet);
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs(args).min(found.len()) {
            scope.spawn(|| {
                while let Some(relative) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = one_of_folder(args, recipe, relative) {
                        failed.fetch_add(1, Ordering::Relaxed);
                        bar.suspend(|| eprintln!("afterimage: {}: {error}", relative.display()));
                    }
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let failed = failed.into_inner();
    if !args.quiet {
        eprintln!("{} of {} pictures written to {}", found.len() - failed, found.len(), args.output.display());
    }
    Ok(failed)
}

fn one_of_folder(args: &RenderArgs, recipe: &Recipe, relative: &Path) -> Result<(), String> {
    let master = files::read(&args.input.join(relative))?;
    // A folder's files are named by what they become, so that the old name says nothing.
    let rendered = render(&master, recipe, Path::new(""))?;
    let path = args.output.join(files::renamed(relative, rendered.format));
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
    }
    files::write(&path, &rendered.bytes)
}

fn progress(count: usize, quiet: bool) -> ProgressBar {
    let seen = !quiet && std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {per_sec}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
