//! Accessibility, item 6: every formula has a verbal form, and it is unambiguous, for it can be read back.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_syntax::words::{expression, formula, sentence};
use common::{expressions, settings, shape};
use proptest::prelude::*;

/// Phrases that stand for one sign or keyword each.
const PHRASES: &[(&str, &str)] = &[
    ("to the power", "^"),
    ("is less than", "<"),
    ("is at most", "<="),
    ("is greater than", ">"),
    ("is at least", ">="),
    ("begin group", "("),
    ("end group", ")"),
    ("begin list", "["),
    ("end list", "]"),
    ("begin implicit", "{"),
    ("end implicit", "}"),
    ("end match", "end"),
    ("differs from", "!="),
    ("paired with", "**"),
    ("exactly when", "<->"),
    ("equals", "="),
    ("plus", "+"),
    ("minus", "-"),
    ("times", "*"),
    ("over", "/"),
    ("and", "/\\"),
    ("or", "\\/"),
    ("not", "not"),
    ("implies", "->"),
    ("to", "->"),
    ("be", ":="),
    ("case", "|"),
    ("at", "@"),
    ("blank", "_"),
    ("universe", "U"),
    ("glue type", "Glue"),
    ("glue", "glue"),
    ("unglue", "unglue"),
    ("coe", "coe"),
    ("hcom", "hcom"),
    ("let", "let"),
    ("in", "in"),
    ("if", "if"),
    ("then", "then"),
    ("else", "else"),
    ("match", "match"),
    ("with", "with"),
];

/// A list of binders that is being read: where its last binder starts, and what was said of that one.
struct Binders {
    depth: usize,
    start: usize,
    typed: bool,
    implicit: bool,
}

/// A reader of the words, which shares nothing with their writer.
struct Reader<'w> {
    words: Vec<&'w str>,
    at: usize,
    out: Vec<String>,
    binders: Vec<Binders>,
    depth: usize,
    number: bool,
}

impl Reader<'_> {
    fn next(&mut self, phrase: &str) -> bool {
        let words: Vec<&str> = phrase.split(' ').collect();
        let here = self.words[self.at..].starts_with(&words);
        if here {
            self.at += words.len();
        }
        here
    }

    fn binds(&mut self, keyword: &str) {
        if !keyword.is_empty() {
            self.out.push(keyword.to_owned());
        }
        self.binders.push(Binders { depth: self.depth, start: self.out.len(), typed: false, implicit: false });
    }

    fn end_of_binder(&mut self) {
        let b = self.binders.last_mut().unwrap();
        let (open, close) = if b.implicit { ("{", "}") } else { ("(", ")") };
        if b.typed || b.implicit {
            self.out.insert(b.start, open.to_owned());
            self.out.push(close.to_owned());
        }
        (b.start, b.typed, b.implicit) = (self.out.len(), false, false);
    }

    fn end_of_binders(&mut self) {
        if self.binders.last().is_some_and(|b| b.depth == self.depth) {
            self.end_of_binder();
            self.binders.pop();
        }
    }

    fn step(&mut self) {
        let after_number = std::mem::take(&mut self.number);
        if self.next("of type") {
            if let Some(b) = self.binders.last_mut().filter(|b| b.depth == self.depth) {
                b.typed = true;
            }
            return self.out.push(":".to_owned());
        }
        for (phrase, keyword) in [
            ("function of", "fun"),
            ("for all", "forall"),
            ("for some", "exists"),
            ("pairs of", "Sigma"),
            ("for each", ""),
        ] {
            if self.next(phrase) {
                return self.binds(keyword);
            }
        }
        if self.next("and of") || self.next("of") {
            return;
        }
        if self.next("next") {
            return self.end_of_binder();
        }
        if self.next("implicit") {
            self.binders.last_mut().unwrap().implicit = true;
            return;
        }
        for (word, sign) in [(",", ","), ("gives", "=>")] {
            if self.next(word) {
                self.end_of_binders();
                return self.out.push(sign.to_owned());
            }
        }
        for (phrase, sign) in PHRASES {
            if self.next(phrase) {
                match *sign {
                    "(" | "[" | "{" | "match" => self.depth += 1,
                    ")" | "]" | "}" | "end" => self.depth -= 1,
                    _ => {}
                }
                return self.out.push((*sign).to_owned());
            }
        }
        let prefix = ["hole", "part", "name"].into_iter().find(|p| self.next(p));
        let word = self.words[self.at];
        self.at += 1;
        match prefix {
            Some("hole") => self.out.push(format!("?{word}")),
            Some("part") => self.out.push(format!(".{word}")),
            _ => {
                self.number = word.starts_with(|c: char| c.is_ascii_digit());
                if after_number && !self.number {
                    self.out.push("*".to_owned());
                }
                self.out.push(word.to_owned());
            }
        }
    }
}

/// The source text that words stand for.
fn read(words: &str) -> String {
    let spaced = words.replace(',', " ,");
    let words = spaced.split_whitespace().collect();
    let mut reader = Reader { words, at: 0, out: Vec::new(), binders: Vec::new(), depth: 0, number: false };
    while reader.at < reader.words.len() {
        reader.step();
    }
    reader.out.join(" ")
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn item_06_words_are_read_back_as_the_same_formula(e in expressions()) {
        let text = bfv_syntax::print::expr(&e);
        // Proof scripts and texts in quotes are no formulas.
        let no_formula = text.contains('"') || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == "by");
        match formula(&text) {
            None => prop_assert!(no_formula, "no words for {}", text),
            Some(words) => {
                prop_assert!(words.chars().all(|c| c.is_ascii_alphanumeric() || " ,._'".contains(c)), "{}", words);
                let source = read(&words);
                let Some(again) = expression(&source) else {
                    return Err(TestCaseError::fail(format!("{text}\n{words}\n{source}")));
                };
                prop_assert_eq!(shape(&e), shape(&again), "{}\n{}\n{}", text, words, source);
            }
        }
    }
}

/// The sources of a folder.
fn sources(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let inside = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let each = |p: std::path::PathBuf| match (p.is_dir(), p.extension().is_some_and(|e| e == "sctt")) {
        (true, _) => sources(&p),
        (false, source) => Vec::from_iter(source.then_some(p)),
    };
    inside.flat_map(each).collect()
}

#[test]
fn item_06_every_statement_of_the_project_is_read_back_from_its_words() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut statements = 0;
    for file in ["sctt", "examples"].iter().flat_map(|d| sources(&root.join(d))) {
        let (tree, _) = bfv_syntax::parse(0, &std::fs::read(&file).unwrap());
        for d in tree.decls {
            let Some(ty) = &d.ty else { continue };
            let text = bfv_syntax::print::statement(&d.binders, ty);
            let words = formula(&text).unwrap_or_else(|| panic!("no words for {}: {text}", d.name.text));
            let again = expression(&read(&words)).unwrap_or_else(|| panic!("{text}\n{words}"));
            assert_eq!(shape(&expression(&text).unwrap()), shape(&again), "{text}\n{words}");
            statements += 1;
        }
    }
    assert!(statements > 2000, "{statements} statements");
}

#[test]
fn item_06_formulas_in_words() {
    for (source, words) in [
        ("n > 3 * f", "n is greater than 3 f"),
        ("-1/3", "minus 1 over 3"),
        ("[2]", "begin list 2 end list"),
        ("weighted_mean w x <= max x", "weighted_mean of w and of x is at most max of x"),
        ("2 * (f + 1) >= n", "2 times begin group f plus 1 end group is at least n"),
        ("x ^ 2 != 4", "x to the power 2 differs from 4"),
        ("forall (x : Real), 0 < x -> x != 0", "for all x of type Real, 0 is less than x implies x differs from 0"),
        (
            "forall (f : Real -> Real) (x : Real), f x = 0",
            "for all f of type Real to Real next x of type Real, f of x equals 0",
        ),
        ("exists x, x * x = 4", "for some x, x times x equals 4"),
        ("sum i, w i * x i", "sum for each i, w of i times x of i"),
        ("fun x => 0.5 * x", "function of x gives 0.5 x"),
        ("(p.1, p.2)", "begin group p part 1, p part 2 end group"),
        ("A /\\ (B \\/ not C)", "A and begin group B or not C end group"),
        ("A <-> B", "A exactly when B"),
        ("Vec (k + 1) Real", "Vec of begin group k plus 1 end group and of Real"),
        ("over + plus", "name over plus name plus"),
        // `max` binds nothing here, though a comma follows somewhere.
        (
            "(hcom x x max [] x : sum x, x)",
            "begin group hcom of x and of x and of max and of begin list end list and of x of type sum for each x, x end group",
        ),
    ] {
        assert_eq!(formula(source).as_deref(), Some(words), "{source}");
    }
    for no in ["by ring", "x :", "", "1\ndef b := 2", "x) + (y"] {
        assert_eq!(formula(no), None, "{no}");
    }
}

#[test]
fn item_06_only_formulas_in_a_sentence_change() {
    assert_eq!(
        sentence("The goal is `0 <= x + 1`, and `refl` or `| 0 => 1` do not prove it."),
        "The goal is 0 is at most x plus 1, and `refl` or `| 0 => 1` do not prove it."
    );
}
