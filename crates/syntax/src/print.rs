//! Source text of expressions, patterns, scripts and protocols, in ASCII, with parentheses only where the text would mean something else without them.
//!
//! Reading a printed expression gives the same tree again, places apart. Two readings are fixed by taste:
//! a universe that is an argument stands in parentheses, and a dependent function type is written with `forall` when its result looks like a proposition.

mod parts;
mod protocol;
mod steps;

use crate::operators::{Infix, Level, Side};
use crate::tree::*;

/// Below this depth `_` is printed; trees that `parse` returns are never so deep.
const MAX_DEPTH: u32 = 2 * crate::MAX_DEPTH;

/// The text of an expression.
pub fn expr(e: &Expr) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    printer.expr(e, Around::default());
    printer.out
}

/// The text of a statement with the binders before it, after `forall`. That some are implicit makes no difference to what is said.
pub fn statement(binders: &[Binder], e: &Expr) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    if !binders.is_empty() {
        let binders: Vec<Binder> = binders.iter().map(|b| Binder { implicit: false, ..b.clone() }).collect();
        printer.quantifier("forall", &binders, ",");
    }
    printer.expr(e, Around::default());
    printer.out
}

/// The text of a pattern.
pub fn pattern(p: &Pattern) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    printer.pattern(p, false);
    printer.out
}

/// The text of a script, in braces.
pub fn script(s: &Script) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    printer.script(s);
    printer.out
}

/// The text of a protocol, each item and each part of a command on a line of its own.
pub fn protocol(p: &Protocol) -> String {
    let mut printer = Printer { out: String::new(), depth: 0 };
    printer.protocol(p);
    printer.out
}

/// The operators directly to the left and right of an expression, and whether an operator of the same level may stand inside without parentheses.
#[derive(Clone, Copy, Default)]
struct Around {
    left: Option<(Level, bool)>,
    right: Option<(Level, bool)>,
}

impl Around {
    /// Whether an infix sign of the level holds its operands together here.
    fn holds(self, level: Level) -> bool {
        let side =
            |side: Option<(Level, bool)>| side.is_none_or(|(other, same)| level > other || (level == other && same));
        side(self.left) && side(self.right)
    }

    /// Whether a prefix of the level governs no more than it should: a tighter sign to the right would be drawn in.
    fn governs(self, level: Level) -> bool {
        self.right.is_none_or(|(other, _)| other < level)
    }
}

struct Printer {
    out: String,
    depth: u32,
}

impl Printer {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Puts parentheses around what was printed since `start`.
    fn wrap(&mut self, start: usize) {
        self.out.insert(start, '(');
        self.out.push(')');
    }

    fn since(&self, start: usize) -> &str {
        self.out.get(start..).unwrap_or("")
    }

    fn open(&mut self, e: &Expr) {
        self.expr(e, Around::default());
    }

    fn parens(&mut self, e: &Expr) {
        self.put("(");
        self.open(e);
        self.put(")");
    }

    fn expr(&mut self, e: &Expr, around: Around) {
        if self.depth >= MAX_DEPTH {
            self.put("_");
            return;
        }
        self.depth += 1;
        match &*e.kind {
            ExprKind::Binary(op, a, b) => self.infix(e, Infix::Op(*op), a, b, around),
            ExprKind::Arrow(a, b) => self.infix(e, Infix::Arrow, a, b, around),
            _ => match prefix_level(&e.kind) {
                Some(level) if !around.governs(level) => self.parens(e),
                Some(level) => self.prefix(e, level, around),
                None => self.operand(e),
            },
        }
        self.depth -= 1;
    }

    fn infix(&mut self, e: &Expr, sign: Infix, a: &Expr, b: &Expr, around: Around) {
        let level = sign.level();
        if !around.holds(level) {
            self.parens(e);
            return;
        }
        let (left, right) = match level.side() {
            Side::Left => (true, false),
            Side::Right => (false, true),
            Side::Neither | Side::Chain => (false, false),
        };
        let start = self.out.len();
        self.expr(a, Around { left: around.left, right: Some((level, left)) });
        if sign == Infix::Arrow && ends_like_a_binder(self.since(start)) {
            self.wrap(start);
        }
        self.put(" ");
        self.put(sign.sign());
        self.put(" ");
        self.expr(b, Around { left: Some((level, right)), right: around.right });
    }

    fn prefix(&mut self, e: &Expr, level: Level, around: Around) {
        let body = match &*e.kind {
            ExprKind::Neg(e) => {
                self.put("-");
                e
            }
            ExprKind::Not(e) => {
                self.put("not ");
                e
            }
            ExprKind::Lam(bs, e) => {
                self.quantifier("fun", bs, " =>");
                e
            }
            ExprKind::Pi(bs, e) => {
                if bs.iter().any(|b| b.ty.is_none()) || looks_like_a_proposition(e) {
                    self.quantifier("forall", bs, ",");
                } else {
                    self.binders(bs);
                    self.put(" -> ");
                }
                e
            }
            ExprKind::Exists(bs, e) => {
                self.quantifier("exists", bs, ",");
                e
            }
            ExprKind::Sigma(bs, e) => {
                self.quantifier("Sigma", bs, ",");
                e
            }
            ExprKind::Big(name, bs, e) => {
                self.quantifier(&name.text, bs, ",");
                e
            }
            ExprKind::Let(name, ty, a, e) => {
                self.put("let ");
                self.put(&name.text);
                if let Some(ty) = ty {
                    self.put(" : ");
                    self.open(ty);
                }
                self.put(" := ");
                self.open(a);
                self.put(" in ");
                e
            }
            ExprKind::If(c, a, e) => {
                self.put("if ");
                self.open(c);
                self.put(" then ");
                self.open(a);
                self.put(" else ");
                e
            }
            // `prefix_level` answers nothing for the others.
            _ => return,
        };
        let start = self.out.len();
        self.expr(body, Around { left: Some((level, false)), right: around.right });
        // Two dashes would start a comment.
        if self.since(start).starts_with('-') {
            self.out.insert(start, ' ');
        }
    }

    fn quantifier(&mut self, word: &str, bs: &[Binder], end: &str) {
        self.put(word);
        self.put(" ");
        self.binders(bs);
        self.put(end);
        self.put(" ");
    }

    fn binders(&mut self, bs: &[Binder]) {
        for (at, b) in bs.iter().enumerate() {
            if at > 0 {
                self.put(" ");
            }
            let (open, close) = match (b.implicit, &b.ty) {
                (true, _) => ("{", "}"),
                (false, Some(_)) => ("(", ")"),
                (false, None) => ("", ""),
            };
            self.put(open);
            self.names(&b.names);
            if let Some(ty) = &b.ty {
                self.put(" : ");
                self.open(ty);
            }
            self.put(close);
        }
    }

    fn names(&mut self, names: &[Name]) {
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                self.put(" ");
            }
            self.put(&name.text);
        }
    }
}

fn prefix_level(kind: &ExprKind) -> Option<Level> {
    match kind {
        ExprKind::Neg(_) => Some(Level::Negate),
        ExprKind::Not(_) => Some(Level::Not),
        ExprKind::Big(..) => Some(Level::Big),
        ExprKind::Lam(..)
        | ExprKind::Pi(..)
        | ExprKind::Exists(..)
        | ExprKind::Sigma(..)
        | ExprKind::Let(..)
        | ExprKind::If(..) => Some(Level::Open),
        _ => None,
    }
}

/// Whether the result of a function type reads better after `forall`. A loop, for quantifiers may nest deep.
fn looks_like_a_proposition(e: &Expr) -> bool {
    let mut e = e;
    loop {
        match &*e.kind {
            ExprKind::Pi(_, body) | ExprKind::Arrow(_, body) => e = body,
            ExprKind::Exists(..) | ExprKind::Not(_) => return true,
            ExprKind::Binary(op, ..) => {
                return !matches!(Infix::Op(*op).level(), Level::Add | Level::Multiply | Level::Power);
            }
            _ => return false,
        }
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '.' | '?')
}

/// The name in front of projections: `ring` of `ring.1`, but all of `std.ring`.
fn before_projections(word: &str) -> &str {
    let end = word
        .match_indices('.')
        .find(|(at, _)| word.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())));
    end.and_then(|(at, _)| word.get(..at)).unwrap_or(word)
}

/// Whether a word stands outside all brackets of a text. A text with strings counts as having it, for a string may hold brackets.
fn has_outer_word(text: &str, wanted: impl Fn(&str) -> bool) -> bool {
    if text.contains('"') {
        return true;
    }
    let mut depth = 0_usize;
    let mut word = 0;
    for (at, c) in text.char_indices() {
        if is_name_character(c) {
            continue;
        }
        if depth == 0 && wanted(before_projections(text.get(word..at).unwrap_or(""))) {
            return true;
        }
        word = at + c.len_utf8();
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth == 0 && wanted(before_projections(text.get(word..).unwrap_or("")))
}

/// Whether a text ends with `(x y : A)`, which before an arrow would be a binder. A text with strings counts as doing so.
fn ends_like_a_binder(text: &str) -> bool {
    if text.contains('"') {
        return true;
    }
    if !text.ends_with(')') {
        return false;
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' | '[' | '{' => {
                depth -= usize::from(depth > 0);
                if depth == 0 {
                    let inside = text.get(at + 1..).unwrap_or("");
                    let names = inside.split(':').next().unwrap_or("");
                    return inside.contains(':') && names.chars().all(|c| is_name_character(c) || c == ' ');
                }
            }
            _ => {}
        }
    }
    false
}
