//! `afterimage url`: what a URL means, and how the other dialects say it.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

use dialect::{ParamDoc, Target};
use engine::DialectKind;

use crate::cli::UrlArgs;

/// Runs the command: 0 done, 1 not expressible or not understood.
pub fn run(args: &UrlArgs) -> ExitCode {
    let from = DialectKind::from(args.dialect);
    if args.list {
        from.grammar().params().iter().for_each(print_param);
        return ExitCode::SUCCESS;
    }
    let target = args.target.as_deref().unwrap_or_default();
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    let settings = dialect::Settings { default_source: args.source.clone(), ..dialect::Settings::default() };
    let parsed = match from.grammar().parse(Target::new(&target), &settings) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("afterimage: {error}");
            return ExitCode::FAILURE;
        }
    };
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    let source = parsed.source.as_deref().unwrap_or(&args.source);
    let spell = |to: DialectKind| to.grammar().write(source, &parsed.asset, &parsed.plan, &settings);
    if let Some(to) = args.to {
        return match spell(to.into()) {
            Ok(url) => {
                println!("{url}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("afterimage: {error}");
                ExitCode::FAILURE
            }
        };
    }
    println!("plan        {}", parsed.plan);
    for to in DialectKind::ALL {
        match spell(to) {
            Ok(url) => println!("{:<11} {url}", to.name()),
            Err(error) => println!("{:<11} ({error})", to.name()),
        }
    }
    ExitCode::SUCCESS
}

fn print_param(param: &ParamDoc) {
    let aliases = if param.aliases.is_empty() { String::new() } else { format!(" ({})", param.aliases.join(", ")) };
    println!("{}{aliases}", param.name);
    println!("    {}", param.doc);
    println!("    allowed: {}", param.kind.allowed());
    if !param.default.is_empty() {
        println!("    default: {}", param.default);
    }
}
