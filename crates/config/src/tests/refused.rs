//! Configurations that are bad, and what is said about them.

use std::path::Path;

use super::{Case, LEAST, variables};
use crate::{Errors, Flags, Source};

/// `line:column message | hint`, without what differs from run to run.
pub(super) fn told(errors: &Errors) -> Vec<String> {
    let place = |source: &Source| match source {
        Source::Line { line, column, .. } => format!("{line}:{column}"),
        Source::File(_) => "file".to_owned(),
        Source::Environment => "environment".to_owned(),
        Source::CommandLine => "command line".to_owned(),
    };
    let line = |p: &crate::Problem| format!("{} {} | {}", place(&p.source), p.message, p.hint);
    errors.problems().iter().map(line).collect()
}

/// Each file has one fault, and is told of that one only.
#[track_caller]
fn one_fault(text: &str, want: &str) {
    let errors = match Case::new(text).load() {
        Ok(config) => panic!("taken:\n{text}\n{config:?}"),
        Err(errors) => told(&errors),
    };
    let [error] = errors.as_slice() else { panic!("{text}\n{errors:#?}") };
    // `want` may leave out the end, where a hint lists much.
    assert!(error.starts_with(want), "{text}\n got {error}\nwant {want}");
}

#[test]
fn faults_at_the_top_are_told() {
    for (line, want) in [
        ("dta = \"x\"", "1:1 unknown key `dta` | did you mean `data`?"),
        ("memory = \"1GiB\"", "1:1 unknown key `memory` | `memory` belongs in [cache]"),
        ("colour = 1", "1:1 unknown key `colour` | known here: listen, data,"),
        ("sources = {}", "1:1 unknown key `sources` | did you mean `source`?"),
        ("data = 5", "1:8 `data`: must be text, not a number | put it in quotes"),
        ("data = \"\"", "1:8 `data`: \"\" is no path | "),
        ("data = \"~/x\"", "1:8 `data`: `~` is not expanded | "),
        ("cache = 5", "1:9 `cache` is a number, not a table | write [cache]"),
        ("cache.disc = \"1GiB\"", "1:7 unknown key `disc` in [cache] | did you mean `disk`?"),
        ("cache.queue = 1", "1:7 unknown key `queue` in [cache] | `queue` belongs in [limits]"),
        ("cache.disk = \"10G\"", "1:14 `disk`: unknown unit \"G\" in \"10G\" | did you mean \"10GiB\"?"),
        ("cache.disk = 10", "1:14 `disk`: must be text with a unit, not a number | write it in quotes"),
        ("cache.disk = \"1MiB\"", "1:14 `disk`: 1MiB is out of range | allowed: 16MiB to 1024TiB"),
        ("cache.edge_time = \"0s\"", "1:19 `edge_time`: 0s is out of range | allowed: 1s to 3650d"),
        (
            "cache.error_time = \"2 days\"",
            "1:20 `error_time`: unknown unit \"days\" in \"2 days\" | did you mean \"2d\"?",
        ),
        ("limits.queue = \"3\"", "1:16 `queue`: must be a whole number, not text | write 3 without quotes"),
        ("limits.queue = -3", "1:16 `queue`: must be a whole number, not -3 | "),
        ("limits.queue = 1.5", "1:16 `queue`: must be a whole number, not a number with a fraction | "),
        ("limits.queue = 0", "1:16 `queue`: 0 is out of range | allowed: 1 to 100000"),
        ("limits.frames = 99999999999999999999", "1:17 "),
        ("stats.minutes = \"1h\"", "1:17 `minutes`: 1h is out of range | allowed: 2h to 31d"),
        ("stats.addresses = \"on\"", "1:19 `addresses`: unknown value \"on\" | "),
        ("limits.output_side = 70000", "1:22 `output_side`: 70000 is out of range | allowed: 16 to 65535"),
        ("limits.input_pixels = \"1P\"", "1:23 `input_pixels`: unknown unit \"P\" in \"1P\" | "),
        ("limits.job_time = \"2h\"", "1:19 `job_time`: 2h is out of range | allowed: 100ms to 1h"),
        ("log.level = \"warning\"", "1:13 `level`: unknown value \"warning\" | "),
        ("render.decoders = \"outo\"", "1:19 `decoders`: unknown value \"outo\" | did you mean \"auto\"?"),
        ("log.level = \"inof\"", "1:13 `level`: unknown value \"inof\" | did you mean \"info\"?"),
        ("log.json = \"true\"", "1:12 `json`: must be true or false, not text | write it without quotes"),
        ("listen.delivery = \":8080\"", "1:19 `delivery`: \":8080\" is no address to listen on | for all"),
        (
            "listen.control = \"localhost:1\"",
            "1:18 `control`: \"localhost:1\" is no address to listen on | write \"127.0.0.1:1\"",
        ),
        (
            "listen.control = \"0.0.0.0:8080\"",
            "1:18 delivery (127.0.0.1:8080) and control (0.0.0.0:8080) cannot listen",
        ),
        ("purge.rate = 0", "1:14 `rate`: 0 is out of range | allowed: 1 to 1000000"),
        ("purge.stale_time = \"2h\"", "1:20 `stale_time`: 2h is out of range | allowed: 0s to 1h"),
        ("fonts = []", "1:9 `fonts` is a list, not a table | write [fonts]"),
        ("folders = []", "1:1 unknown key `folders` | `folders` belongs in [fonts]"),
        ("fonts.folders = \"x\"", "1:17 `folders`: must be a list of texts, not text | write folders = [\"x\"]"),
        ("fonts.folders = [\"~/x\"]", "1:18 `folders`: `~` is not expanded | "),
        ("fonts.folders = [\"/\", \"/nowhere\"]", "1:23 the folder /nowhere does not exist | "),
        ("fonts.folders = [\"/dev/null\"]", "1:18 the folder /dev/null is no folder | "),
        ("webhook = 1", "1:11 `webhook` is a number, but there may be several: [[webhook]] | "),
        ("webhook = [{ url = \"x\", secret_file = \"s\" }]", "1:20 `url`: \"x\" is no http or https URL | "),
        ("webhook = [{ url = \"https://x\" }]", "1:12 [[webhook]] has no `secret_file` | "),
        ("source.b = 1", "1:8 `source.b` is a number, not a table | every source has a name"),
        ("source.b.root = \"photos\"", "1:8 [source.b] has no `type` | write type = \"local\""),
        ("source.b = { type = \"s3\" }", "1:21 sources of type \"s3\" are not built yet | "),
        ("source.b = { type = \"ftp\" }", "1:21 unknown type \"ftp\" | "),
        (
            "source.b = { type = \"https\", base = \"https://x\" }",
            "1:21 unknown type \"https\" | write type = \"http\"",
        ),
        ("source.b = { type = \"local\" }", "1:8 [source.b] has no `root` | "),
        ("source.b = { type = \"http\" }", "1:8 [source.b] has no `base` | "),
        (
            "source.b = { type = \"local\", root = \"photos\", base = \"x\" }",
            "1:47 unknown key `base` in [source.b] | ",
        ),
        ("source.\"b c\" = { type = \"local\", root = \"photos\" }", "1:8 \"b c\" is no name for a source | "),
        ("a = = 1", "1:5 "),
    ] {
        one_fault(&format!("{line}\n{LEAST}"), want);
    }
}

#[test]
fn faults_of_a_web_source_are_told() {
    let site = "site = [{ name = \"s\", dialect = \"imgix\", sources = [\"shop\"] }]\n";
    let shop = "[source.shop]\ntype = \"local\"\nroot = \"photos\"\n";
    for (lines, want) in [
        ("base = \"shop.example\"", "4:8 `base`: is no URL | write an address such as"),
        ("base = \"ftp://shop.example/\"", "4:8 `base`: the base must begin with http:// or https:// | "),
        ("base = \"https://u:p@shop.example/\"", "4:8 `base`: user and password do not belong in the base | "),
        ("base = \"https://shop.example/?a=1\"", "4:8 `base`: the base has a query or a fragment | "),
        ("allow_private = 1\nbase = \"http://x/\"", "4:17 `allow_private`: must be true or false, not a number | "),
        ("max_redirects = 99\nbase = \"http://x/\"", "4:17 `max_redirects`: 99 is out of range | allowed: 0 to 20"),
        ("max_bytes = \"1GiB\"\nbase = \"http://x/\"", "4:13 `max_bytes` is more than limits.input_bytes (100MiB)"),
        ("timeout = \"1s\"\nbase = \"http://x/\"", "4:1 unknown key `timeout` in [source.web] | "),
        ("user_agent = \"a\\nb\"\nbase = \"http://x/\"", "4:14 `user_agent`: is no value for a header | "),
        ("headers = { Host = \"x\" }\nbase = \"http://x/\"", "4:13 the header Host is set by Afterimage itself | "),
        ("headers = { a = \"x\", A = \"y\" }\nbase = \"http://x/\"", "4:22 the header A is set twice | "),
        ("headers = { \"a b\" = \"x\" }\nbase = \"http://x/\"", "4:13 \"a b\" is no name of a header | "),
        ("headers = { a = 1 }\nbase = \"http://x/\"", "4:17 the value of a must be text, not a number | "),
    ] {
        one_fault(&format!("{site}[source.web]\ntype = \"http\"\n{lines}\n{shop}"), want);
    }
}

#[test]
fn faults_of_a_proxy_are_told() {
    let shop = LEAST.replace("[source.shop]\ntype = \"local\"\nroot = \"photos\"", "");
    for (line, want) in [
        ("", "1:9 [source.shop] has no `hosts` | write hosts = [\"shop.example\"]"),
        ("hosts = []", "3:9 `hosts` is empty, so nothing would be found"),
        ("hosts = [\"https://a.b\"]\n", "3:10 \"https://a.b\" is no host name"),
        ("hosts = [\"a.b\"]\nbase = \"https://a.b/\"", "4:1 unknown key `base` in [source.shop]"),
    ] {
        let text = format!("[source.shop]\ntype = \"proxy\"\n{line}\n{shop}");
        let errors = told(&Case::new(&text).load().unwrap_err());
        assert!(errors.iter().any(|error| error.starts_with(want)), "{text}\n{errors:#?}\nwant {want}");
    }
    for good in ["hosts = [\"*\"]", "hosts = [\"shop.example\"]\nhttps_only = true\nmax_bytes = \"5MB\""] {
        let text = format!("[source.shop]\ntype = \"proxy\"\n{good}\n{shop}");
        assert!(Case::new(&text).load().is_ok(), "{good}");
    }
}

#[test]
fn faults_of_a_site_are_told() {
    for (line, want) in [
        ("prefix = \"x\"", "10:10 `prefix`: \"x\" does not begin with a slash | write \"/x\""),
        ("prefix = \"/a b\"", "10:10 `prefix`: ' ' cannot stand in the path of a URL | write it percent-encoded"),
        ("prefix = \"/a?b\"", "10:10 `prefix`: '?' cannot stand in the path of a URL | a prefix ends before the query"),
        ("prefix = \"/a//b\"", "10:10 `prefix`: empty segments"),
        (
            "hosts = \"img.example\"",
            "10:9 `hosts`: must be a list of texts, not text | write hosts = [\"img.example\"]",
        ),
        (
            "hosts = [\"https://img.example/\"]",
            "10:10 \"https://img.example/\" is no host name | write it without scheme: \"img.example\"",
        ),
        (
            "hosts = [\"img.example:80\"]",
            "10:10 \"img.example:80\" is no host name | write it without port: \"img.example\"",
        ),
        ("hosts = [\"*.example\"]", "10:10 \"*.example\" is no host name | name each host"),
        ("hosts = [\"::1\"]", "10:10 \"::1\" is no host name | an IPv6 address stands in brackets"),
        ("hosts = [\"bücher.example\"]", "10:10 \"bücher.example\" is no host name | write it in its ASCII form"),
        ("hosts = [\"a.b\", \"A.b\"]", "10:17 the host \"a.b\" is named twice | remove one"),
        ("max_side = 9000", "10:12 `max_side` is more than limits.output_side (8192)"),
        ("endpoint = \"demo\"", "10:12 `endpoint` has a meaning in imagekit sites only | "),
        ("auto_format = true", "10:15 `auto_format` has no effect with imgix"),
        ("save_data = true", "10:13 `save_data` has an effect with imagekit only"),
        ("error_time = \"1s\"", "10:1 unknown key `error_time` in [[site]] \"shop\" | "),
        (
            "vendor_header = true",
            "10:1 unknown key `vendor_header` in [[site]] \"shop\" | did you mean `vendor_headers`?",
        ),
        ("signing = \"on\"", "10:11 `signing`: unknown value \"on\" | allowed: \"off\", \"optional\", \"required\""),
        ("signing = \"required\"", "10:11 `signing` without `signing_secret_files` would refuse every signed URL"),
        ("signing_secret_files = [\"a.toml\"]\nsigning = \"required\"", "10:25 the secret in "),
        ("signing_secret_files = [\"x\"]\nsigning = \"optional\"", "10:25 the secret in "),
        ("signing_sealed = true", "10:18 `signing_sealed` has no meaning here: only cloudimage seals URLs"),
        ("lenient = true", "10:11 `lenient` has no meaning here: "),
        ("aliases = { _a_ = \"b.c\" }", "10:11 `aliases` has no meaning here: only cloudimage has aliases"),
        ("rules = []", "10:9 `rules` has no meaning here: only cloudimage has rules"),
        ("presets_only = true", "10:16 `presets_only` without `presets` leaves nothing to be asked for"),
        ("presets = { \"a b\" = \"w=1\" }", "10:21 \"a b\" is no name for a preset"),
        ("presets = { a = 1 }", "10:17 a preset is text, not a number"),
        ("presets = { a = \"w=x\" }", "10:11 the preset \"a\" (w=x) is not understood by imgix: invalid: w=x"),
        ("presets = { a = { text = \"w=1\", txt = 1 } }", "10:33 unknown key `txt` in a preset | did you mean `text`?"),
        ("missing_picture = \"../x.png\"", "10:19 `missing_picture`: \"../x.png\" names no picture"),
        ("missing_status = 200", "10:18 `missing_status` has a meaning beside `missing_picture` only"),
        ("missing_picture = \"x.png\"\nmissing_status = 302", "11:18 302 is not a status for that | 200 or 404"),
    ] {
        one_fault(&format!("{LEAST}{line}\n"), want);
    }
    for (from, to, want) in [
        ("name = \"shop\"\n", "", "6:1 [[site]] has no `name` | "),
        ("name = \"shop\"", "name = \"my shop\"", "7:8 \"my shop\" is no name for a site | "),
        ("dialect = \"imgix\"\n", "", "6:1 [[site]] \"shop\" has no `dialect` | allowed: \"imgix\","),
        ("\"imgix\"", "\"imgx\"", "8:11 `dialect`: unknown value \"imgx\" | did you mean \"imgix\"?"),
        ("sources = [\"shop\"]", "", "6:1 [[site]] \"shop\" has no `sources` | write sources = [\"shop\"]"),
        ("sources = [\"shop\"]", "sources = []", "9:11 `sources` is empty, so nothing would be found | "),
        ("[\"shop\"]", "[\"shp\"]", "9:12 there is no source \"shp\" | did you mean \"shop\"?"),
        ("[\"shop\"]", "[\"other\"]", "9:12 there is no source \"other\" | there are \"shop\""),
        ("[\"shop\"]", "[\"shop\", \"shop\"]", "9:20 the source \"shop\" is named twice | remove one"),
        ("[\"shop\"]", "[1]", "9:12 must be text, not a number | put it in quotes"),
        ("[[site]]", "[site]", "6:1 `site` is a table, but there may be several: [[site]], not [site] | "),
        ("\"photos\"", "\"fotos\"", "4:8 the folder "),
        ("\"photos\"", "\"a.toml\"", "4:8 the folder "),
    ] {
        assert!(LEAST.contains(from));
        one_fault(&LEAST.replacen(from, to, 1), want);
    }
}

#[test]
fn an_imageboss_source_is_not_called_like_an_operation() {
    let text = LEAST.replace("[source.shop]", "[source.cover]").replace("[\"shop\"]", "[\"cover\"]");
    assert!(Case::new(&text).load().is_ok());
    let want = "9:12 in an imageboss site, \"cover\" is an operation and cannot be a source | ";
    one_fault(&text.replace("imgix", "imageboss"), want);
}

#[test]
fn faults_of_a_cloudimage_site_are_told() {
    let text = LEAST.replace("imgix", "cloudimage");
    for (line, want) in [
        ("aliases = { shop = \"a.b\" }", "10:20 \"shop\" is no name for an alias | names stand between underscores"),
        ("aliases = { _shop_ = \"\" }", "10:22 \"\" is no host with a path"),
        ("rules = [{ contains = \"x\" }]", "10:10 a rule has no `query` | "),
        (
            "rules = [{ contains = \"/x\", query = \"w=1\" }]",
            "10:23 a rule is held against what stands behind the first",
        ),
        ("rules = [1]", "10:10 a rule is a table, not a number"),
        ("presets = [1]", "10:11 `presets` is a list, not a table"),
    ] {
        one_fault(&format!("{text}{line}\n"), want);
    }
}

#[test]
fn sites_must_differ() {
    let second = |name: &str, rest: &str| {
        format!("{LEAST}[[site]]\nname = \"{name}\"\ndialect = \"imagekit\"\nsources = [\"shop\"]\n{rest}")
    };
    one_fault(&second("shop", "prefix = \"/x\""), "11:8 there is another site \"shop\" | ");
    one_fault(
        &second("b", ""),
        "10:1 site \"shop\" answers to any host and prefix \"/\" already, so \"b\" would never",
    );
    for good in ["prefix = \"/x\"", "hosts = [\"img.example\"]"] {
        assert!(Case::new(&second("b", good)).load().is_ok(), "{good}");
    }
    let hosts = second("b", "hosts = [\"a.b\"]\nprefix = \"/x/\"\n[[site]]\nname = \"c\"\ndialect = \"imgix\"\n")
        + "sources = [\"shop\"]\nprefix = \"/x\"\nhosts = [\"c.d\", \"A.B\"]";
    one_fault(&hosts, "20:10 site \"b\" answers to host \"a.b\" and prefix \"/x\" already, so \"c\" would never");
}

/// What a faulty site answers to is not known, so it is not held against others.
#[test]
fn a_faulty_site_raises_no_further_faults() {
    let faulty = "[[site]]\nname = \"b\"\ndialect = \"imgix\"\nsources = [\"shop\"]\nprefix = \"x\"\n";
    one_fault(&format!("{LEAST}{faulty}"), "14:10 `prefix`: \"x\" does not begin with a slash | ");
}

#[test]
fn a_variable_that_could_mean_two_sources_is_refused() {
    let text = format!("source.a-b = {{ type = \"local\", root = \"photos\" }}\n{LEAST}").replace("shop]", "a_b]");
    let case = Case::new(&text.replace("[\"shop\"]", "[\"a_b\"]"));
    assert!(case.load().is_ok());
    let errors = case.load_with(&[("AFTERIMAGE__SOURCE__A_B__ROOT", "photos")], &Flags::default()).unwrap_err();
    let want = "environment AFTERIMAGE__SOURCE__A_B__ROOT could mean several sources";
    assert!(told(&errors).len() == 1 && told(&errors)[0].starts_with(want), "{errors}");
}

/// Rule D5.
#[test]
fn pictures_and_data_do_not_lie_in_each_other() {
    for (data, want) in [
        ("photos", "is the data folder"),
        ("photos/data", "contains the data folder"),
        ("link/data", "contains the data folder"),
        (".", "lies in the data folder"),
        ("photos/../photos/new/deep", "contains the data folder"),
    ] {
        let case = Case::new(&format!("data = \"{data}\"\n{LEAST}"));
        std::os::unix::fs::symlink(case.path().join("photos"), case.path().join("link")).unwrap();
        let errors = told(&case.load().unwrap_err());
        assert!(errors.len() == 1 && errors[0].starts_with("5:8 ") && errors[0].contains(want), "{data}: {errors:#?}");
    }
    let case = Case::new(LEAST);
    let flags = Flags { data: Some(case.path().join("photos/x")), ..Flags::default() };
    assert!(told(&case.load_with(&[], &flags).unwrap_err())[0].contains("contains the data folder"));
    for near in ["photos2", "photo"] {
        assert!(Case::new(&format!("data = \"{near}\"\n{LEAST}")).load().is_ok(), "{near}");
    }
    one_fault(&format!("data = \"a.toml\"\n{LEAST}"), "1:8 the data folder ");
}

#[test]
fn faults_of_the_environment_and_of_arguments_are_told() {
    for (name, value, want) in [
        ("CACHE__DISC", "1GiB", "unknown variable AFTERIMAGE__CACHE__DISC | did you mean AFTERIMAGE__CACHE__DISK?"),
        ("cache__disk", "1GiB", "unknown variable AFTERIMAGE__cache__disk | did you mean AFTERIMAGE__CACHE__DISK?"),
        (
            "SOURCE__SHOPP__ROOT",
            "x",
            "unknown variable AFTERIMAGE__SOURCE__SHOPP__ROOT | did you mean AFTERIMAGE__SOURCE__SHOP__ROOT?",
        ),
        ("SITE__SHOP__PREFIX", "/", "unknown variable AFTERIMAGE__SITE__SHOP__PREFIX | sites are set in the file only"),
        ("FOO", "x", "unknown variable AFTERIMAGE__FOO | single settings outside [[site]] can be set so"),
        ("CACHE__DISK", "1G", "`disk`: unknown unit \"G\" in \"1G\" | did you mean \"1GiB\"?"),
        ("CACHE__DISK", "", "`disk`: cannot read \"\" | "),
        ("LIMITS__QUEUE", "many", "`queue`: must be a whole number, not \"many\" | "),
        ("LOG__ACCESS", "yes", "`access`: must be true or false, not \"yes\" | "),
        ("SOURCE__SHOP__BASE", "x", "unknown key `base` in [source.shop] | "),
    ] {
        let env = [(format!("AFTERIMAGE__{name}"), value.to_owned())];
        let case = Case::new(LEAST);
        let errors = told(&crate::load(&case.path().join("a.toml"), &env, &Flags::default()).unwrap_err());
        let found = errors.len() == 1 && errors[0].starts_with(&format!("environment {want}"));
        assert!(found, "{name}={value}: {errors:#?}");
    }
    let flags = Flags { listen: Some("8080".to_owned()), ..Flags::default() };
    let errors = Case::new(LEAST).load_with(&[], &flags).unwrap_err();
    let want = "command line `delivery`: \"8080\" is no address to listen on | write an IP address and a port";
    assert!(told(&errors)[0].starts_with(want), "{errors}");
    assert_eq!(errors.problems()[0].excerpt, "--listen 8080");

    let errors = crate::zero(Path::new("no-such-folder"), &[], &Flags::default()).unwrap_err();
    assert!(told(&errors).len() == 1 && told(&errors)[0].ends_with("no-such-folder does not exist | "), "{errors}");
    assert_eq!(errors.problems()[0].excerpt, "no-such-folder");
}

#[test]
fn everything_is_told_at_once_in_order_with_its_line() {
    let case = Case::new("\tlimits.queue = \"3\"\r\nlisen = {}\n[[site]]\nname = \"é\"\ndialect = 'imgx'\n");
    let env = variables(&[("AFTERIMAGE__CACHE__DISK", "3G")]);
    let file = case.path().join("a.toml");
    let errors = crate::load(&file, &env, &Flags::default()).unwrap_err();
    let want = "\
error: `disk`: unknown unit \"G\" in \"3G\"
 --> environment
  |
  | AFTERIMAGE__CACHE__DISK=3G
  |                         ^^
  = help: did you mean \"3GiB\"?

error: `queue`: must be a whole number, not text
  --> FILE:1:17
   |
 1 | \tlimits.queue = \"3\"
   | \t               ^^^
   = help: write 3 without quotes

error: unknown key `lisen`
  --> FILE:2:1
   |
 2 | lisen = {}
   | ^^^^^
   = help: did you mean `listen`?

error: [[site]] \"é\" has no `sources`
  --> FILE:3:1
   |
 3 | [[site]]
   | ^^^^^^^^
   = help: there is no [source.NAME] yet

error: \"é\" is no name for a site
  --> FILE:4:8
   |
 4 | name = \"é\"
   |        ^^^
   = help: letters, digits, _ and -, beginning with a letter or digit; 64 at most

error: `dialect`: unknown value \"imgx\"
  --> FILE:5:11
   |
 5 | dialect = 'imgx'
   |           ^^^^^^
   = help: did you mean \"imgix\"?
";
    let shown = errors.to_string().replace(&file.display().to_string(), "FILE");
    assert_eq!(shown, want, "\n{shown}");
}

#[test]
fn secrets_are_not_shown() {
    let text = r#"
[source.web]
type = "http"
base = "https://me:hunter2@shop.example/"
headers = { Authorization = "hunter2é", Host = "hunter2" }
[source.shop]
type = "local"
root = "photos"
[[site]]
name = "s"
dialect = "imgix"
sources = ["web"]
"#;
    let env = [
        ("AFTERIMAGE__SOURCE__WEB__HEADERS__COOKIE", "hunter2\n"),
        ("AFTERIMAGE__SOURCE__SHOP__HEADERS__COOKIE", "hunter2"),
        ("AFTERIMAGE__SOURCE__WEBB__HEADERS__COOKIE", "hunter2"),
        ("AFTERIMAGE__API_KEY", "hunter2"),
    ];
    let errors = Case::new(text).load_with(&env, &Flags::default()).unwrap_err();
    assert_eq!(errors.problems().len(), 7, "{errors}");
    assert!(!format!("{errors} {errors:?}").contains("hunter2"), "{errors}");
    let broken = text.replace("\"hunter2\" }", "\"hunter2\" } }");
    let errors = Case::new(&broken).load().unwrap_err();
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let case = Case::new("");
    let errors = crate::load(&case.path().join("none.toml"), &[], &Flags::default()).unwrap_err();
    assert!(told(&errors)[0].starts_with("file cannot read the configuration: No such file"), "{errors}");
    std::fs::write(case.path().join("a.toml"), b"data = \"x\"\n# \xff\n").unwrap();
    assert_eq!(told(&case.load().unwrap_err()), ["file line 2 is not UTF-8 | save the file as UTF-8"]);
    one_fault("", "file there is no [[site]], so nothing would be served | ");
    // One error for each place, not for each line that the first one swallowed.
    let errors = Case::new("a = [1,\nb = 2\nc = 3\n").load().unwrap_err();
    assert_eq!(errors.problems().len(), 1, "{errors}");
    let errors = Case::new("a = 1 1\n\n\nb = 2 2\n").load().unwrap_err();
    assert_eq!(errors.problems().len(), 2, "{errors}");
}

proptest::proptest! {
    /// Whatever stands in a file, reading it ends, and what is wrong can be shown.
    #[test]
    fn no_text_breaks_the_reader(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "[", "]", "[[site]]", "[source.a]", "=", "\"", "'", "\n", "\r", "\t", "é", "{", "}", ",", "name", "cache",
            "disk", "1", "true", "type", "\"http\"", "\"local\"", "base", "headers", "#", ".", "\\", "\u{feff}", "\0",
        ]), 0..40)
    ) {
        let case = Case::new(&parts.concat());
        if let Err(errors) = case.load() {
            assert!(!errors.problems().is_empty() && !errors.to_string().is_empty());
        }
    }
}
