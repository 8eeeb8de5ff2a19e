//! Names that are free in both languages.

use std::collections::BTreeSet;

/// Words of the languages, and names that the prelude and the runtime declare or use.
const TAKEN: &str = "and as assert async await break class continue def del elif else except finally for from global if \
    import in is lambda nonlocal not or pass raise return try while with yield True False None match case type \
    abstract become box const crate do dyn enum extern false final fn gen impl let loop macro mod move mut override priv \
    pub ref self Self static struct super trait true typeof unsafe unsized use virtual where \
    functools itertools sys Fraction Absent Type absent all append bool dict enumerate equal len list max min print \
    range sum abs pow round map filter set str tuple zip object main super ValueError int float \
    fun con vector cases recurse by_number by_sign monus inverse floor empty unit booleans numbers statement forall exists \
    implies both data add sub mul less at_most to_real pair first second app whole real truth choose decide elements \
    are_equal choices same why kind compare large wrong divisor whole_or_large conclusion hypotheses holds name point \
    hypothesis decided replay fields number Value Function Rc Cell RefCell vec Some Ok Err String Vec Option Result";

/// Gives out names, each once.
pub struct Names(BTreeSet<String>);

impl Names {
    pub fn new() -> Self {
        Names(TAKEN.split_whitespace().map(str::to_owned).collect())
    }

    /// A name like the wanted one.
    pub fn take(&mut self, wanted: &str) -> String {
        let plain: String = wanted.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let start = if plain.starts_with(|c: char| c.is_ascii_digit()) || plain.trim_matches('_').is_empty() {
            "v"
        } else {
            ""
        };
        let mut name = format!("{start}{plain}");
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}
