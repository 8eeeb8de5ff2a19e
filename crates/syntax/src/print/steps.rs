//! Source text of scripts.

use super::{MAX_DEPTH, Printer, has_outer_word};
use crate::token::{is_big, step_word};
use crate::tree::*;

impl Printer {
    pub(super) fn script(&mut self, s: &Script) {
        if self.depth >= MAX_DEPTH {
            self.put("{ }");
            return;
        }
        self.depth += 1;
        self.put("{ ");
        self.steps(s);
        self.put("}");
        self.depth -= 1;
    }

    /// Steps and a space after each.
    fn steps(&mut self, s: &Script) {
        for (at, step) in s.steps.iter().enumerate() {
            if at > 0 {
                self.put("; ");
            }
            self.step(&step.kind);
        }
        if !s.steps.is_empty() {
            self.put(" ");
        }
    }

    /// An expression of a step: words of scripts in it are names, so they need parentheses around them.
    fn in_step(&mut self, e: &Expr, comma_follows: bool) {
        let start = self.out.len();
        self.open(e);
        let text = self.since(start);
        let reserved = |word: &str| step_word(word).is_some() || word == "at";
        if has_outer_word(text, reserved) || (comma_follows && has_outer_word(text, is_big)) {
            self.wrap(start);
        }
    }

    fn word(&mut self, word: &str, e: &Expr) {
        self.put(word);
        self.put(" ");
        self.in_step(e, false);
    }

    fn facts(&mut self, word: &str, es: &[Expr]) {
        self.put(word);
        if !es.is_empty() {
            self.put(" [");
            self.elements(es);
            self.put("]");
        }
    }

    fn place(&mut self, at: Option<&Name>) {
        if let Some(name) = at {
            self.put(" at ");
            self.put(&name.text);
        }
    }

    fn by_cases(&mut self, word: &str, e: &Expr, cases: &[Case]) {
        self.word(word, e);
        self.put(" { ");
        for (at, case) in cases.iter().enumerate() {
            if at > 0 {
                self.put("| ");
            }
            self.put(&case.constructor.text);
            self.put(" ");
            self.names(&case.names);
            self.put(if case.names.is_empty() { "=> " } else { " => " });
            self.steps(&case.script);
        }
        self.put("}");
    }

    fn step(&mut self, kind: &TacticKind) {
        match kind {
            TacticKind::Intro(names) => {
                self.put(if names.is_empty() { "intro" } else { "intro " });
                self.names(names);
            }
            TacticKind::Apply(e) => self.word("apply", e),
            TacticKind::Exact(e) => self.word("exact", e),
            TacticKind::Show(e) => self.word("show", e),
            TacticKind::Exists(e) => self.word("exists", e),
            TacticKind::Assumption => self.put("assumption"),
            TacticKind::Refl => self.put("refl"),
            TacticKind::Ring => self.put("ring"),
            TacticKind::Split => self.put("split"),
            TacticKind::Arith(es) => self.facts("arith", es),
            TacticKind::Auto(es) => self.facts("auto", es),
            TacticKind::Box(steps) => {
                self.put("box");
                if let Some(n) = steps {
                    self.put(&format!(" {n}"));
                }
            }
            TacticKind::Rewrite(es, at) => {
                self.put("rewrite ");
                for (n, (back, e)) in es.iter().enumerate() {
                    self.put(if n > 0 { ", " } else { "" });
                    self.put(if *back { "<- " } else { "" });
                    self.in_step(e, n + 1 < es.len());
                }
                self.place(at.as_ref());
            }
            TacticKind::Unfold(names, at) => {
                self.put("unfold ");
                for (n, name) in names.iter().enumerate() {
                    self.put(if n > 0 { ", " } else { "" });
                    self.put(&name.text);
                }
                self.place(at.as_ref());
            }
            TacticKind::Induction(e, cases) => self.by_cases("induction", e, cases),
            TacticKind::Cases(e, cases) => self.by_cases("cases", e, cases),
            TacticKind::Have(name, ty, body) => {
                self.put("have ");
                self.put(&name.text);
                if let Some(ty) = ty {
                    self.put(" : ");
                    self.in_step(ty, false);
                }
                match body {
                    HaveBody::Term(e) => self.word(" :=", e),
                    HaveBody::By(s) => {
                        self.put(" by ");
                        self.script(s);
                    }
                }
            }
            TacticKind::Block(s) => self.script(s),
        }
    }
}
