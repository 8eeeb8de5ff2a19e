//! Names of other programs as names of the language, each of them different.

use std::collections::BTreeSet;

/// Words of the language, and names that stand for something already.
const RESERVED: &str = "module import def theorem axiom operator claim data fun lambda let in if then else forall exists Sigma not match with end by \
U coe hcom Glue glue unglue intro apply exact assumption refl rewrite induction cases have ring arith auto box unfold show split sort byzantine \
given quorum message relation function command when do decides invariant safety live under fair refuted at protocol unit units sum max min domain \
Empty Unit Bool Nat Int Real Type Prop tt true false zero suc pos negsuc inv of_nat of_int floor Path PathP I abs sqrt exp log deriv Vec Fin Sum inl inr \
smooth continuous local _";

/// What the signs of a name are called.
const SIGNS: [(char, &str); 20] = [
    ('+', "plus"),
    ('-', "minus"),
    ('*', "star"),
    ('/', "slash"),
    ('=', "equal"),
    ('<', "less"),
    ('>', "greater"),
    (':', "colon"),
    ('&', "and"),
    ('|', "or"),
    ('.', "dot"),
    ('!', "bang"),
    ('?', "ask"),
    ('@', "at"),
    ('~', "tilde"),
    ('^', "power"),
    ('%', "percent"),
    ('$', "dollar"),
    ('#', "hash"),
    ('\'', "prime"),
];

/// Names that are taken.
#[derive(Clone, Debug)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    pub fn new() -> Names {
        Names { taken: RESERVED.split_whitespace().map(str::to_owned).collect() }
    }

    /// A new name that looks like one of another program. No two differ in the case of letters only.
    pub fn fresh(&mut self, name: &str) -> String {
        let base = spelled(name);
        let mut out = base.clone();
        let mut n = 1u64;
        while self.taken.contains(&out) || self.taken.contains(&out.to_lowercase()) {
            n += 1;
            out =
                if base.ends_with(|c: char| c.is_ascii_digit()) { format!("{base}_{n}") } else { format!("{base}{n}") };
        }
        self.taken.insert(out.clone());
        out
    }
}

/// The name in letters, digits and underscores.
fn spelled(name: &str) -> String {
    let mut out = String::new();
    let mut chars = name.chars().filter(|c| *c != '|').peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() || c == '_' {
            if c.is_ascii_digit() && out.is_empty() {
                out.push('n');
            }
            out.push(c);
            continue;
        }
        // A dash between letters is part of a word.
        if c == ' ' || c == '-' && !out.is_empty() && chars.peek().is_some_and(|n| n.is_ascii_alphanumeric()) {
            out.push('_');
            continue;
        }
        let word = SIGNS.iter().find(|(s, _)| *s == c).map(|(_, w)| (*w).to_owned());
        let word = word.unwrap_or_else(|| greek(c).map_or_else(|| format!("u{:x}", u32::from(c)), str::to_owned));
        if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out += &word;
    }
    if out.is_empty() || out.chars().all(|c| c == '_') { "name".to_owned() } else { out }
}

/// Names of the letters that mathematicians use most.
fn greek(c: char) -> Option<&'static str> {
    Some(match c {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' => "epsilon",
        'σ' => "sigma",
        'τ' => "tau",
        'φ' => "phi",
        _ => return None,
    })
}
