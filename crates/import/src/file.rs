//! The text of a file of claims, put together piece by piece.

use crate::{Fault, Guard, Written};

/// Words that the language keeps for itself.
const RESERVED: [&str; 40] = [
    "module",
    "import",
    "def",
    "axiom",
    "data",
    "theorem",
    "operator",
    "claim",
    "protocol",
    "fun",
    "lambda",
    "forall",
    "exists",
    "let",
    "in",
    "if",
    "then",
    "else",
    "match",
    "with",
    "end",
    "by",
    "not",
    "sum",
    "max",
    "min",
    "prod",
    "refuted",
    "at",
    "have",
    "show",
    "exact",
    "apply",
    "intro",
    "split",
    "cases",
    "induction",
    "unfold",
    "rewrite",
    "arith",
];

/// A name of a module for a file of this stem: letters, digits and underscores, with a letter first.
pub fn module_name(stem: &str) -> String {
    let plain: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    let starts_well = plain.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain.is_empty() || !starts_well || RESERVED.contains(&plain) {
        format!("recipe_{plain}").trim_end_matches('_').to_owned()
    } else {
        plain.to_owned()
    }
}

/// A file in the making.
#[derive(Default)]
pub struct File {
    head: Vec<String>,
    imports: Vec<&'static str>,
    body: String,
    pub notes: Vec<String>,
    pub guards: Vec<Guard>,
}

/// What a claim is expected to be, with how it is shown.
pub enum Evidence<'a> {
    /// A script, or nothing where the search finds it.
    Proof(&'a str),
    /// The point at which it fails, and a script where arithmetic alone does not close what is left.
    Point(&'a str, &'a str),
    /// The same where it ought to hold: the recipe is wrong.
    Wrong(&'a str),
}

impl File {
    pub fn new(head: &[String], imports: &[&'static str]) -> Self {
        File { head: head.to_vec(), imports: imports.to_vec(), ..File::default() }
    }

    /// A definition or a theorem, with what it says before it.
    pub fn declare(&mut self, says: &str, text: &str) {
        self.body += &format!("\n--- {says}\n{text}\n");
    }

    /// A claim. `name` and binders come before the colon.
    pub fn claim(&mut self, says: &str, name: &str, statement: &str, evidence: &Evidence) {
        let expect = if matches!(evidence, Evidence::Point(..)) { "@[expect refuted]\n" } else { "" };
        self.body += &format!("\n--- {says}\n{expect}claim {name} :\n  {statement}\n");
        match evidence {
            Evidence::Proof("") => {}
            Evidence::Proof(script) => self.body += &format!("{script}\n"),
            Evidence::Point(point, "") => self.body += &format!("refuted at {point}\n"),
            Evidence::Point(point, script) => self.body += &format!("refuted at {point} by\n{script}\n"),
            Evidence::Wrong("") => self.body += "refuted at\n",
            Evidence::Wrong(point) => self.body += &format!("refuted at {point}\n"),
        }
    }

    /// The words for the case that the kernel refutes a claim which says that the recipe is sound.
    pub fn guard(&mut self, claim: &str, fault: Fault) {
        self.guards.push(Guard { claim: claim.to_owned(), fault });
    }

    pub fn done(self, module: &str, read: String) -> Written {
        let head: String = self.head.iter().map(|l| format!("-- {l}\n")).collect();
        let imports: String = self.imports.iter().map(|i| format!("import {i}\n")).collect();
        let text = format!("{head}module {module}\n{imports}{}", self.body);
        Written { text, read, notes: self.notes, guards: self.guards }
    }
}

/// Statements that shall all hold.
pub fn all(statements: &[String]) -> String {
    statements.join("\n  /\\ ")
}

/// A script for all of them, given one for each without its `by`.
pub fn prove_all(scripts: &[String]) -> String {
    match scripts {
        [] => String::new(),
        [one] => format!("by {one}"),
        many => {
            let mut out = "by split".to_owned();
            for (i, script) in many.iter().enumerate() {
                out += &format!("\n   {{ {script} }}");
                if i + 2 < many.len() {
                    out += "\n   { split";
                }
            }
            out + &" }".repeat(many.len() - 2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_modules() {
        for (stem, name) in [
            ("linear", "linear"),
            ("My-Merge v2", "my_merge_v2"),
            ("7b", "recipe_7b"),
            ("claim", "recipe_claim"),
            ("--", "recipe"),
        ] {
            assert_eq!(module_name(stem), name);
        }
    }

    #[test]
    fn scripts_of_conjunctions() {
        let s = |t: &str| t.to_owned();
        assert_eq!(prove_all(&[s("a")]), "by a");
        assert_eq!(prove_all(&[s("a"), s("b")]), "by split\n   { a }\n   { b }");
        assert_eq!(prove_all(&[s("a"), s("b"), s("c")]), "by split\n   { a }\n   { split\n   { b }\n   { c } }");
    }
}
