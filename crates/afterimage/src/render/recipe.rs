//! What `afterimage render` was asked to do.

use std::path::Path;

use dialect::{Settings, Target};
use engine::DialectKind;
use plan::{AcceptClass, Asset, Format, FormatRule, OutputSpec, Picture, Plan, Quality};

use super::files;
use crate::cli::RenderArgs;

/// The plan, with the bytes of its overlays.
pub(super) struct Recipe {
    pub(super) plan: Plan,
    pub(super) pictures: Vec<Option<Vec<u8>>>,
    pub(super) fonts: ::render::Fonts,
    /// Where decoders that are written in C run.
    pub(super) foreign: codec::Foreign,
    class: AcceptClass,
    /// Whether the format is the plan's own word, which no file name overrules.
    decided: bool,
}

impl Recipe {
    pub(super) fn new(args: &RenderArgs) -> Result<Recipe, String> {
        let mut plan = match (&args.plan, &args.url) {
            (Some(stages), _) => Plan::from_stages_text(stages).map_err(|error| format!("--plan: {error}"))?,
            (None, Some(target)) => of_url(args.dialect.into(), target)?,
            (None, None) => return Err("say what to do with --plan or --url".to_owned()),
        };
        if plan.output.original {
            return Err("--url asks for the picture's own bytes: nothing to render".to_owned());
        }
        if let Some(format) = args.format {
            plan.output.format = FormatRule::Always(format);
        }
        if let Some(quality) = args.quality {
            plan.output.quality = Quality::all(quality);
        }
        if let Some(depth) = args.depth {
            plan.output.depth = depth;
        }
        let own = args.input.parent().unwrap_or(Path::new(""));
        let folder = match &args.pictures {
            Some(folder) => folder.as_path(),
            None if args.input.is_dir() => args.input.as_path(),
            None => own,
        };
        let pictures = plan.overlays().iter().map(|overlay| picture(overlay, folder)).collect::<Result<_, _>>()?;
        let decided = args.url.is_some() || args.format.is_some();
        let fonts = ::render::Fonts::new(&args.fonts).map_err(|error| format!("--fonts: {error}"))?;
        let class = AcceptClass::from_header(&args.accept);
        Ok(Recipe { plan, pictures, fonts, foreign: codec::Foreign::HERE, class, decided })
    }

    /// How to write it to a file whose name asks for a format.
    pub(super) fn spec(&self, named: Option<Format>) -> OutputSpec {
        let mut output = self.plan.output.clone();
        if let (Some(format), false) = (named, self.decided) {
            output.format = FormatRule::Always(format);
        }
        output.resolve(self.class)
    }
}

fn of_url(dialect: DialectKind, target: &str) -> Result<Plan, String> {
    // A whole URL is as good as its path and query.
    let whole = target.strip_prefix("https://").or_else(|| target.strip_prefix("http://"));
    let rest = whole.map_or(target, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    let target = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let parsed = dialect
        .grammar()
        .parse(Target::new(&target), &Settings::default())
        .map_err(|error| format!("--url, read as {}: {error}", dialect.name()))?;
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    Ok(parsed.plan)
}

/// The bytes of an overlay; none for an optional one that is not there.
fn picture(overlay: &plan::Overlay, folder: &Path) -> Result<Option<Vec<u8>>, String> {
    let read = match &overlay.picture {
        Picture::Named { asset: Asset::Path(path), .. } => files::read(&folder.join(path.trim_start_matches('/'))),
        Picture::Named { asset: Asset::Url(url), .. } => {
            Err(format!("the overlay {url} would have to be fetched, which only the server does; name a file"))
        }
        _ => Err("an overlay that is no file".to_owned()),
    };
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if overlay.optional => {
            eprintln!("warning: left out: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
