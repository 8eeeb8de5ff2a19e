//! What is learned from: theorems with their features, and which of them the proof of each uses. A file of lines of numbers.

use crate::features::{Features, number};
use std::fmt::Write;

/// A theorem.
#[derive(Clone, Debug, Default)]
pub struct Theorem {
    /// Its full name.
    pub name: String,
    /// Its module.
    pub module: String,
    /// What it looks like.
    pub features: Features,
}

/// A theorem as a goal.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Which one.
    pub theorem: usize,
    /// Theorems that its proof names.
    pub used: Vec<usize>,
    /// The one that its proof applies first.
    pub root: Option<usize>,
    /// Earlier theorems whose conclusion may be the goal, in the order that is in use without learning.
    pub fitting: Vec<usize>,
    /// All earlier theorems that it sees.
    pub visible: Vec<usize>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Theorems in the order in which they stand.
    pub theorems: Vec<Theorem>,
    /// Goals.
    pub examples: Vec<Example>,
}

/// One module of so many is held out.
const HELD_OUT: u64 = 4;

impl Theorem {
    /// Whether nothing is learned from its module.
    #[must_use]
    pub fn held_out(&self) -> bool {
        // By the name, so that a further module moves no other one.
        (number(self.module.bytes()) >> 17).is_multiple_of(HELD_OUT)
    }
}

fn list<T: ToString>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

fn numbers<T: std::str::FromStr>(text: &str) -> Option<Vec<T>> {
    text.split_whitespace().map(|n| n.parse().ok()).collect()
}

impl Data {
    /// The lines.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        for t in &self.theorems {
            let (end, given) = (list(&t.features.end), list(&t.features.given));
            // A text takes what is written.
            writeln!(out, "theorem,{},{},{end},{given}", t.name, t.module).ok();
        }
        for e in &self.examples {
            let root = e.root.map_or_else(String::new, |r| r.to_string());
            let (used, fitting, visible) = (list(&e.used), list(&e.fitting), list(&e.visible));
            writeln!(out, "goal,{},{used},{root},{fitting},{visible}", e.theorem).ok();
        }
        out
    }

    /// Reads the lines; nothing where one is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Data> {
        let mut out = Data::default();
        for line in text.lines() {
            let parts: Vec<&str> = line.split(',').collect();
            match parts.as_slice() {
                ["theorem", name, module, end, given] => out.theorems.push(Theorem {
                    name: (*name).to_owned(),
                    module: (*module).to_owned(),
                    features: Features { end: numbers(end)?, given: numbers(given)? },
                }),
                ["goal", theorem, used, root, fitting, visible] => out.examples.push(Example {
                    theorem: theorem.parse().ok()?,
                    used: numbers(used)?,
                    root: numbers(root)?.first().copied(),
                    fitting: numbers(fitting)?,
                    visible: numbers(visible)?,
                }),
                _ => return None,
            }
        }
        Some(out)
    }
}
