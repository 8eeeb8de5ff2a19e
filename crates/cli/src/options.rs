//! How to answer: flags over environment over the user's settings file over the defaults.

use crate::args::{Format, Global, Hints, Ids, Layout, MathStyle, When};
use bfv_driver::{Code, Problem};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

/// What a rendering may depend on. The width of the terminal is not among it.
#[derive(Clone, Debug)]
pub struct Options {
    pub format: Format,
    pub layout: Layout,
    pub color: bool,
    pub quiet: bool,
    pub hints: bool,
    pub ids: Ids,
    pub math: MathStyle,
    pub reports: Vec<(Format, String)>,
}

/// The names of settings, with the values each may have.
pub fn settings() -> [(&'static str, Vec<String>); 6] {
    [
        ("color", values::<When>()),
        ("format", values::<Format>()),
        ("hints", values::<Hints>()),
        ("ids", values::<Ids>()),
        ("layout", values::<Layout>()),
        ("math", values::<MathStyle>()),
    ]
}

fn values<T: ValueEnum>() -> Vec<String> {
    let all = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    all.map(|v| v.get_name().to_owned()).collect()
}

/// Where the user's settings lie; `None` when the environment names no home.
pub fn settings_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    folder("BFV_CONFIG").or_else(|| {
        let base = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|h| h.join(".config")));
        base.map(|b| b.join("bfv").join("settings.toml"))
    })
}

/// The user's settings; empty when there is no file.
pub fn read_settings() -> Result<BTreeMap<String, String>, Problem> {
    let Some(path) = settings_path() else { return Ok(BTreeMap::new()) };
    let shown = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(Problem::not_read(&shown, &e)),
    };
    let bad = |what: String| Problem::new(Code::BadSettings, what, "mend the file, or delete it.");
    let read: BTreeMap<String, String> = toml::from_str(&text)
        .map_err(|_| bad(format!("The settings file {shown} is not a list of names and texts.")))?;
    for (key, value) in &read {
        match settings().iter().find(|(k, _)| k == key) {
            None => {
                return Err(bad(format!("The settings file {shown} has the unknown setting {}.", key.escape_debug())));
            }
            Some((_, values)) if !values.contains(value) => {
                let value = value.escape_debug();
                return Err(bad(format!("The settings file {shown} gives {key} the unknown value {value}.")));
            }
            Some(_) => {}
        }
    }
    Ok(read)
}

/// A variable of the environment; empty counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty())
}

impl Options {
    /// The options of one run.
    pub fn resolve(global: &Global) -> Result<Self, Problem> {
        Self::weigh(global, &read_settings()?, &variable, std::io::stdout().is_terminal())
    }

    /// Weighs flags, environment and settings against each other.
    fn weigh(
        global: &Global,
        file: &BTreeMap<String, String>,
        variable: &dyn Fn(&str) -> Option<String>,
        terminal: bool,
    ) -> Result<Self, Problem> {
        let on = |name: &&str| variable(name).is_some_and(|v| v != "0");
        let accessible = ["BFV_ACCESSIBLE", "ACCESSIBLE", "NO_GRAPHICS"].iter().any(on);
        let colourless = accessible || variable("NO_COLOR").is_some() || variable("TERM").is_some_and(|t| t == "dumb");
        let format = pick(global.format, file, "format", Format::Text);
        let layout =
            global.layout.unwrap_or(if accessible { Layout::Plain } else { pick(None, file, "layout", Layout::Plain) });
        let when = global.color.unwrap_or(if colourless { When::Never } else { pick(None, file, "color", When::Auto) });
        let mut reports = Vec::new();
        for r in &global.report {
            let parts = r.split_once('=').and_then(|(kind, path)| Some((Format::from_str(kind, false).ok()?, path)));
            match parts {
                Some((kind, path)) if !path.is_empty() => reports.push((kind, path.to_owned())),
                _ => {
                    let what = format!("The report {} is not of the form KIND=PATH.", r.escape_debug());
                    return Err(Problem::new(Code::Usage, what, "write for example --report json=result.json."));
                }
            }
        }
        Ok(Options {
            format,
            layout,
            color: match when {
                When::Always => true,
                When::Never => false,
                When::Auto => terminal,
            },
            quiet: global.quiet,
            hints: pick(global.hints, file, "hints", Hints::Once) == Hints::Once,
            ids: pick(global.ids, file, "ids", Ids::Hex),
            math: pick(global.math, file, "math", MathStyle::Words),
            reports,
        })
    }

    /// How formulas are written.
    pub fn math(&self) -> bfv_driver::Math {
        match self.math {
            MathStyle::Words => bfv_driver::Math::Words,
            MathStyle::Symbols => bfv_driver::Math::Symbols,
        }
    }

    /// The first format asked for that only commands that judge have, by a flag or by the settings.
    pub fn for_judging(&self) -> Option<Format> {
        std::iter::once(self.format).chain(self.reports.iter().map(|(kind, _)| *kind)).find(|f| f.is_for_judging())
    }

    /// The same for a file: no colour, no pictures.
    pub fn plain(&self) -> Self {
        Options { color: false, layout: Layout::Plain, ..self.clone() }
    }
}

/// The word of a format on the command line.
pub fn word(format: Format) -> String {
    format.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

fn pick<T: ValueEnum>(flag: Option<T>, file: &BTreeMap<String, String>, key: &str, default: T) -> T {
    flag.or_else(|| file.get(key).and_then(|v| T::from_str(v, false).ok())).unwrap_or(default)
}

/// The eight hex digits by which a hash is called, and in words when asked for.
pub fn id(hash: &str, ids: Ids) -> String {
    let short: String = hash.chars().take(8).collect();
    match ids {
        Ids::Hex => short,
        Ids::Phonetic => {
            let words: Vec<&str> = short.chars().map(phonetic).collect();
            format!("{short}, {}", words.join(" "))
        }
    }
}

/// The spoken word of a hex digit.
fn phonetic(c: char) -> &'static str {
    match c {
        '0' => "zero",
        '1' => "one",
        '2' => "two",
        '3' => "three",
        '4' => "four",
        '5' => "five",
        '6' => "six",
        '7' => "seven",
        '8' => "eight",
        '9' => "nine",
        'a' => "alfa",
        'b' => "bravo",
        'c' => "charlie",
        'd' => "delta",
        'e' => "echo",
        'f' => "foxtrot",
        _ => "unknown",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::args::Args;
    use clap::Parser;
    use proptest::prelude::*;

    fn options(flags: &[&str], variables: &[(&str, &str)], settings: &[(&str, &str)], terminal: bool) -> Options {
        let args = Args::try_parse_from(["bfv", "doctor"].iter().chain(flags)).unwrap();
        let file = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Options::weigh(&args.global, &file, &variable, terminal).unwrap()
    }

    #[test]
    fn item_20_variables_win_over_settings_and_flags_over_both() {
        let visual = [("layout", "visual"), ("color", "always")];
        let seen = |o: &Options| (o.layout, o.color);
        assert_eq!(seen(&options(&[], &[], &[], false)), (Layout::Plain, false));
        assert_eq!(seen(&options(&[], &[], &visual, false)), (Layout::Visual, true));
        for name in ["BFV_ACCESSIBLE", "ACCESSIBLE", "NO_GRAPHICS"] {
            assert_eq!(seen(&options(&[], &[(name, "1")], &visual, true)), (Layout::Plain, false), "{name}");
            assert_eq!(seen(&options(&[], &[(name, "0")], &visual, true)), (Layout::Visual, true), "{name}");
            let flags = ["--layout", "visual", "--color", "always"];
            assert_eq!(seen(&options(&flags, &[(name, "1")], &[], false)), (Layout::Visual, true), "{name}");
        }
    }

    #[test]
    fn item_02_colour_is_for_terminals_that_want_it() {
        assert!(options(&[], &[], &[], true).color);
        assert!(!options(&[], &[], &[], false).color);
        assert!(!options(&[], &[("NO_COLOR", "1")], &[], true).color);
        assert!(!options(&[], &[("TERM", "dumb")], &[], true).color);
        assert!(options(&[], &[("TERM", "xterm")], &[], true).color);
        assert!(!options(&["--color", "never"], &[], &[("color", "always")], true).color);
    }

    #[test]
    fn a_report_to_a_file_has_no_colour_and_no_picture() {
        let o = options(&["--report", "text=a=b", "--color", "always", "--layout", "visual"], &[], &[], true);
        assert_eq!(o.reports, [(Format::Text, "a=b".to_owned())]);
        assert_eq!((o.plain().color, o.plain().layout), (false, Layout::Plain));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn item_18_the_words_of_an_id_give_its_digits_back(hash in "[0-9a-f]{64}") {
            let shown = id(&hash, Ids::Phonetic);
            let (digits, words) = shown.split_once(", ").unwrap();
            let digit = |w: &str| "0123456789abcdef".chars().find(|c| phonetic(*c) == w).unwrap();
            let read: String = words.split(' ').map(digit).collect();
            prop_assert_eq!(&hash[..8], digits);
            prop_assert_eq!(read, digits);
        }
    }

    #[test]
    fn item_18_phonetic_words_are_distinct_and_give_the_digits_back() {
        let digits = "0123456789abcdef";
        let words: Vec<&str> = digits.chars().map(phonetic).collect();
        let distinct: std::collections::BTreeSet<&&str> = words.iter().collect();
        assert_eq!(distinct.len(), 16);
        assert_eq!(id("1a2b3c4d5e", Ids::Phonetic), "1a2b3c4d, one alfa two bravo three charlie four delta");
        assert_eq!(id("1a2b3c4d5e", Ids::Hex), "1a2b3c4d");
    }
}
