//! Operands, arguments, atoms and patterns.

use super::{Around, MAX_DEPTH, Printer, before_projections, has_outer_word, is_name_character};
use crate::operators::Level;
use crate::token::{is_big, step_word};
use crate::tree::*;
use num_bigint::BigUint;

impl Printer {
    /// What stands between infix signs and needs no parentheses there.
    pub(super) fn operand(&mut self, e: &Expr) {
        match &*e.kind {
            ExprKind::App(f, args) => {
                match &*f.kind {
                    ExprKind::At(..)
                    | ExprKind::Coe(..)
                    | ExprKind::HCom(..)
                    | ExprKind::Glue(..)
                    | ExprKind::GlueEl(..)
                    | ExprKind::Unglue(..) => self.expr(f, Around::default()),
                    _ => self.atom(f),
                }
                for arg in args {
                    self.put(" ");
                    self.argument(arg);
                }
            }
            ExprKind::At(p, r) => {
                match &*p.kind {
                    ExprKind::App(..)
                    | ExprKind::At(..)
                    | ExprKind::Coe(..)
                    | ExprKind::HCom(..)
                    | ExprKind::Glue(..)
                    | ExprKind::GlueEl(..)
                    | ExprKind::Unglue(..) => self.expr(p, Around::default()),
                    _ => self.atom(p),
                }
                self.put(" @ ");
                self.atom(r);
            }
            ExprKind::Coe(r, s, line, e) => {
                self.put("coe");
                for part in [r, s, line, e] {
                    self.put(" ");
                    self.atom(part);
                }
            }
            ExprKind::HCom(r, s, ty, faces, b) => {
                self.put("hcom");
                for part in [r, s, ty] {
                    self.put(" ");
                    self.atom(part);
                }
                self.put(" ");
                self.system(faces);
                self.put(" ");
                self.atom(b);
            }
            ExprKind::Glue(a, faces) | ExprKind::GlueEl(a, faces) => {
                self.put(if matches!(&*e.kind, ExprKind::Glue(..)) { "Glue " } else { "glue " });
                self.atom(a);
                self.put(" ");
                self.system(faces);
            }
            ExprKind::Unglue(g) => {
                self.put("unglue ");
                self.atom(g);
            }
            ExprKind::By(s) => {
                self.put("by ");
                self.script(s);
            }
            _ => self.atom(e),
        }
    }

    pub(super) fn system(&mut self, faces: &[(Vec<(Expr, Expr)>, Expr)]) {
        self.put("[");
        for (at, (equations, side)) in faces.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.face(equations);
            self.put(" => ");
            self.element(side, at + 1 < faces.len());
        }
        self.put("]");
    }

    pub(super) fn face(&mut self, equations: &[(Expr, Expr)]) {
        let level = Level::Compare;
        for (at, (a, b)) in equations.iter().enumerate() {
            if at > 0 {
                self.put(" /\\ ");
            }
            let last = at + 1 == equations.len();
            self.expr(a, Around { left: None, right: Some((level, false)) });
            self.put(" = ");
            self.expr(b, Around { left: Some((level, false)), right: (!last).then_some((Level::And, true)) });
        }
    }

    pub(super) fn argument(&mut self, arg: &Arg) {
        if let Some(name) = &arg.name {
            self.put("(");
            self.put(&name.text);
            self.put(" := ");
            self.open(&arg.expr);
            self.put(")");
        } else if arg.implicit {
            self.put("{");
            let start = self.out.len();
            self.open(&arg.expr);
            // In a script a brace and the word of a step would be a block.
            let first = self.since(start).split(|c: char| !is_name_character(c)).next().unwrap_or("");
            if step_word(before_projections(first)).is_some() || first == "exists" {
                self.wrap(start);
            }
            self.put("}");
        } else if matches!(*arg.expr.kind, ExprKind::Univ(_)) {
            self.parens(&arg.expr);
        } else {
            self.atom(&arg.expr);
        }
    }

    /// An element of a list; before a comma `max x` would bind x.
    pub(super) fn element(&mut self, e: &Expr, comma_follows: bool) {
        let start = self.out.len();
        self.open(e);
        if comma_follows && has_outer_word(self.since(start), is_big) {
            self.wrap(start);
        }
    }

    pub(super) fn elements(&mut self, es: &[Expr]) {
        for (at, e) in es.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.element(e, at + 1 < es.len());
        }
    }

    pub(super) fn atom(&mut self, e: &Expr) {
        match &*e.kind {
            ExprKind::Var(name) => self.put(name),
            ExprKind::Number(mantissa, places) => self.number(mantissa, *places),
            ExprKind::String(text) => {
                let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                self.put("\"");
                self.put(&text);
                self.put("\"");
            }
            ExprKind::Hole(None) | ExprKind::Error => self.put("_"),
            ExprKind::Hole(Some(name)) => {
                self.put("?");
                self.put(name);
            }
            ExprKind::Univ(level) => self.put(&format!("U {level}")),
            ExprKind::Vector(es) => {
                self.put("[");
                self.elements(es);
                self.put("]");
            }
            ExprKind::Pair(a, b) => {
                self.put("(");
                self.element(a, true);
                // Pairs nest to the right without parentheses; a loop, for a tuple may be long.
                let mut rest = b;
                while let ExprKind::Pair(a, b) = &*rest.kind {
                    self.put(", ");
                    self.element(a, true);
                    rest = b;
                }
                self.put(", ");
                self.element(rest, false);
                self.put(")");
            }
            ExprKind::Proj(e, field) => {
                let digits = field.bytes().all(|b| b.is_ascii_digit());
                // A name before a dot and a name would be one dotted name, a number before a dot and digits one decimal.
                let unclear = match &*e.kind {
                    ExprKind::Var(_) | ExprKind::Hole(None) | ExprKind::Error | ExprKind::Match(..) => !digits,
                    ExprKind::Number(..) | ExprKind::Univ(_) => true,
                    _ => false,
                };
                if unclear {
                    self.parens(e)
                } else {
                    self.limited_atom(e)
                }
                self.put(".");
                self.put(field);
            }
            ExprKind::Ann(e, ty) => {
                self.put("(");
                self.open(e);
                self.put(" : ");
                self.open(ty);
                self.put(")");
            }
            ExprKind::Match(e, clauses) => {
                self.put("match ");
                self.open(e);
                self.put(" with");
                for clause in clauses {
                    self.put(" | ");
                    for (at, p) in clause.patterns.iter().enumerate() {
                        if at > 0 {
                            self.put(", ");
                        }
                        self.pattern(p, false);
                    }
                    self.put(" => ");
                    self.open(&clause.body);
                }
                self.put(" end");
            }
            _ => self.parens(e),
        }
    }

    /// An atom under a projection, which recurs without passing through `expr`.
    pub(super) fn limited_atom(&mut self, e: &Expr) {
        if self.depth >= MAX_DEPTH {
            self.put("_");
            return;
        }
        self.depth += 1;
        self.atom(e);
        self.depth -= 1;
    }

    pub(super) fn number(&mut self, mantissa: &BigUint, places: u32) {
        let places = usize::try_from(places).unwrap_or(usize::MAX);
        let mut digits = mantissa.to_string();
        if places > 0 {
            let missing = places.saturating_add(1).saturating_sub(digits.len());
            digits.insert_str(0, &"0".repeat(missing));
            digits.insert(digits.len() - places, '.');
        }
        self.put(&digits);
    }

    pub(super) fn pattern(&mut self, p: &Pattern, argument: bool) {
        if self.depth >= MAX_DEPTH {
            self.put("_");
            return;
        }
        self.depth += 1;
        match p {
            Pattern::Wildcard(_) => self.put("_"),
            Pattern::Number(n, _) => self.number(n, 0),
            Pattern::Name(name, args) => {
                let start = self.out.len();
                self.put(&name.text);
                for arg in args {
                    self.put(" ");
                    self.pattern(arg, true);
                }
                if argument && !args.is_empty() {
                    self.wrap(start);
                }
            }
            Pattern::Pair(a, b, _) => {
                self.put("(");
                self.pattern(a, false);
                let mut rest = b;
                while let Pattern::Pair(a, b, _) = &**rest {
                    self.put(", ");
                    self.pattern(a, false);
                    rest = b;
                }
                self.put(", ");
                self.pattern(rest, false);
                self.put(")");
            }
        }
        self.depth -= 1;
    }
}
