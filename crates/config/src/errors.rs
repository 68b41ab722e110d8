//! What is wrong with a configuration: everything at once, each with its place.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::tree::Place;

/// Everything that is wrong with a configuration. Never empty. `Display` shows each with the line it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errors {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the offending text stands.
    pub source: Source,
    /// The line of the file, or the variable or argument with its value. Secrets are blotted out. Empty where there is no
    /// text to show.
    pub excerpt: String,
    /// The offending part of the excerpt, in characters.
    pub marked: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it; empty where there is nothing to say.
    pub hint: String,
}

/// Where an offending text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the file.
    Line {
        /// The file, as it was named.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// The file as a whole.
    File(PathBuf),
    /// In an environment variable.
    Environment,
    /// In an argument of the command.
    CommandLine,
}

impl Errors {
    /// Each of them, in the order of their places.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl std::error::Error for Errors {}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let (place, number) = match &self.source {
            Source::Line { file, line, column } => (format!("{}:{line}:{column}", file.display()), line.to_string()),
            Source::File(file) => (file.display().to_string(), String::new()),
            Source::Environment => ("environment".to_owned(), String::new()),
            Source::CommandLine => ("command line".to_owned(), String::new()),
        };
        let margin = " ".repeat(number.len() + 1);
        writeln!(f, "{margin}--> {place}")?;
        if !self.excerpt.is_empty() {
            // A tab is kept in the line below it, so that the mark stands where the terminal puts the text.
            let before = self.excerpt.chars().take(self.marked.start).map(|c| if c == '\t' { c } else { ' ' });
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number:>w$} | {}", self.excerpt, w = margin.len())?;
            let mark = "^".repeat(self.marked.len().max(1));
            writeln!(f, "{margin} | {}{mark}", before.collect::<String>())?;
        }
        if !self.hint.is_empty() {
            writeln!(f, "{margin} = help: {}", self.hint)?;
        }
        Ok(())
    }
}

/// Collects what is wrong while a configuration is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<(Place, String, String)>,
    secrets: Vec<Range<usize>>,
}

impl Problems {
    pub(crate) fn add(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.found.push((place.clone(), message.into(), hint.into()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Keeps a value out of what is shown.
    pub(crate) fn hide(&mut self, place: &Place) {
        if let Place::Span(span) = place {
            self.secrets.push(span.clone());
        }
    }

    /// For those who read it. Meant to be called when there is something.
    pub(crate) fn into_errors(mut self, file: &Path, text: &str) -> Errors {
        // Places outside the file come first: they were set last, and are what the reader just typed.
        self.found.sort_by_key(|(place, ..)| match place {
            Place::Outside { .. } => 0,
            Place::Whole => 1,
            Place::Span(span) => 2 + span.start,
        });
        let problems = self
            .found
            .into_iter()
            .map(|(place, message, hint)| {
                let (source, excerpt, marked) = match place {
                    Place::Span(span) => locate(file, text, &span, &self.secrets),
                    Place::Whole => (Source::File(file.to_owned()), String::new(), 0..0),
                    Place::Outside { source, label, value } => {
                        let start = label.chars().count();
                        let shown = clean(&value);
                        let marked = start..start + shown.chars().count();
                        (source, label + &shown, marked)
                    }
                };
                Problem { source, excerpt, marked, message, hint }
            })
            .collect();
        Errors { problems }
    }
}

/// The line on which a span begins, with the part of the span that is on it.
fn locate(file: &Path, text: &str, span: &Range<usize>, secrets: &[Range<usize>]) -> (Source, String, Range<usize>) {
    let start = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let from = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let to = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let line = &text[from..to].trim_end_matches('\r');
    let column = text[from..start].chars().count();
    let width = line.char_indices().filter(|(at, _)| (start..span.end).contains(&(from + at))).count();
    let shown: String = line
        .char_indices()
        .map(|(at, c)| if secrets.iter().any(|secret| secret.contains(&(from + at))) { '*' } else { c })
        .collect();
    let number = text[..from].matches('\n').count() + 1;
    let source = Source::Line { file: file.to_owned(), line: number, column: column + 1 };
    (source, clean(&shown), column..column + width)
}

/// Without characters that a terminal would act on.
fn clean(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
