//! How operators bind: one table for the parser and for the printer.
//!
//! The grammar reads an expression as a flat row of prefixes, operands and infix signs. `resolve` gives the row its tree.
//! A prefix may stand before any operand, and what it governs extends to the right until an infix sign that binds looser than it.

use crate::make::{Cx, Deep, Fault, Refusal};
use crate::tree::{BinOp, Binder, Expr, ExprKind, Name};
use bfv_diag::{Code, Diagnostic};

/// How tightly an operator binds, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `fun`, `forall`, `exists`, `Sigma`, `let`, `if`, `(x : A) ->`: as far right as possible.
    Open,
    /// `->`
    Arrow,
    /// `<->`
    Iff,
    /// `\/`
    Or,
    /// `/\`
    And,
    /// `not`
    Not,
    /// `= != < <= > >=`
    Compare,
    /// `sum`, `prod`, `max`, `min` with binders: over `+` and `*`, not over comparisons.
    Big,
    /// `+ -`
    Add,
    /// `* / **`
    Multiply,
    /// unary `-`
    Negate,
    /// `^`
    Power,
}

/// What happens when two infix signs of one level meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `a - b - c` is `(a - b) - c`.
    Left,
    /// `a -> b -> c` is `a -> (b -> c)`.
    Right,
    /// `a <-> b <-> c` is refused.
    Neither,
    /// `a < b < c` is `a < b /\ b < c`.
    Chain,
}

/// Infix signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Infix {
    /// `->`
    Arrow,
    /// The others.
    Op(BinOp),
}

impl Infix {
    /// How tightly the sign binds.
    pub fn level(self) -> Level {
        match self {
            Infix::Arrow => Level::Arrow,
            Infix::Op(BinOp::Iff) => Level::Iff,
            Infix::Op(BinOp::Or) => Level::Or,
            Infix::Op(BinOp::And) => Level::And,
            Infix::Op(BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge) => Level::Compare,
            Infix::Op(BinOp::Add | BinOp::Sub) => Level::Add,
            Infix::Op(BinOp::Mul | BinOp::Div | BinOp::Times) => Level::Multiply,
            Infix::Op(BinOp::Pow) => Level::Power,
        }
    }

    /// The sign in ASCII.
    pub fn sign(self) -> &'static str {
        match self {
            Infix::Arrow => "->",
            Infix::Op(BinOp::Iff) => "<->",
            Infix::Op(BinOp::Or) => "\\/",
            Infix::Op(BinOp::And) => "/\\",
            Infix::Op(BinOp::Eq) => "=",
            Infix::Op(BinOp::Ne) => "!=",
            Infix::Op(BinOp::Lt) => "<",
            Infix::Op(BinOp::Le) => "<=",
            Infix::Op(BinOp::Gt) => ">",
            Infix::Op(BinOp::Ge) => ">=",
            Infix::Op(BinOp::Add) => "+",
            Infix::Op(BinOp::Sub) => "-",
            Infix::Op(BinOp::Mul) => "*",
            Infix::Op(BinOp::Div) => "/",
            Infix::Op(BinOp::Times) => "**",
            Infix::Op(BinOp::Pow) => "^",
        }
    }
}

impl Level {
    /// What happens when two infix signs of the level meet.
    pub fn side(self) -> Side {
        match self {
            Level::Arrow | Level::Or | Level::And | Level::Power => Side::Right,
            Level::Iff => Side::Neither,
            Level::Compare => Side::Chain,
            Level::Open | Level::Not | Level::Big | Level::Add | Level::Multiply | Level::Negate => Side::Left,
        }
    }
}

/// What stands before an operand.
#[derive(Clone, Debug)]
pub enum PrefixKind {
    /// `-`
    Neg,
    /// `not`
    Not,
    /// `fun x =>`
    Lam(Vec<Binder>),
    /// `forall x,` and `(x : A) ->`
    Pi(Vec<Binder>),
    /// `exists x,`
    Exists(Vec<Binder>),
    /// `Sigma (x : A),`
    Sigma(Vec<Binder>),
    /// `sum i,`
    Big(Name, Vec<Binder>),
    /// `let x : A := a in`
    Let(Name, Option<Expr>, Expr),
    /// `if c then a else`
    If(Expr, Expr),
}

impl PrefixKind {
    /// How tightly the prefix binds.
    pub fn level(&self) -> Level {
        match self {
            PrefixKind::Neg => Level::Negate,
            PrefixKind::Not => Level::Not,
            PrefixKind::Big(..) => Level::Big,
            _ => Level::Open,
        }
    }
}

/// One piece of a row.
pub enum Item {
    /// An operand.
    Operand(Deep<Expr>),
    /// A prefix: kind, depth, first byte.
    Prefix(PrefixKind, u32, u32),
    /// An infix sign: first byte, one past its last byte.
    Infix(Infix, u32, u32),
}

/// An operator that waits for its right operand.
enum Waiting {
    Prefix { kind: PrefixKind, depth: u32, start: u32 },
    Infix { sign: Infix, start: u32, end: u32 },
}

impl Waiting {
    fn level(&self) -> Level {
        match self {
            Waiting::Prefix { kind, .. } => kind.level(),
            Waiting::Infix { sign, .. } => sign.level(),
        }
    }
}

/// The tree of a row. Errors: comparisons that form no chain, `<->` in a row, a tree too deep.
pub fn resolve(cx: &mut Cx<'_>, row: Vec<Item>) -> Result<Deep<Expr>, Refusal> {
    let mut rows = Rows { cx, operands: Vec::new(), waiting: Vec::new() };
    for item in row {
        match item {
            Item::Operand(e) => rows.operands.push(e),
            Item::Prefix(kind, depth, start) => rows.waiting.push(Waiting::Prefix { kind, depth, start }),
            Item::Infix(sign, start, end) => rows.infix(sign, start, end)?,
        }
    }
    while let Some(top) = rows.waiting.pop() {
        rows.reduce(top)?;
    }
    rows.operand()
}

struct Rows<'a, 's> {
    cx: &'a mut Cx<'s>,
    operands: Vec<Deep<Expr>>,
    waiting: Vec<Waiting>,
}

impl Rows<'_, '_> {
    fn infix(&mut self, sign: Infix, start: u32, end: u32) -> Result<(), Refusal> {
        while let Some(top) = self.waiting.last() {
            let (above, level) = (top.level(), sign.level());
            if above < level {
                break;
            }
            if above == level {
                match level.side() {
                    Side::Right | Side::Chain => break,
                    Side::Neither => {
                        let span = self.cx.span(start, end);
                        let message = format!(
                            "The sign {} does not chain. It is not clear which two sides belong together.",
                            sign.sign()
                        );
                        let fault = Diagnostic::error(Code::NotAssociative, span, message)
                            .with_fix("Put one of the two sides in parentheses.");
                        return Err(Fault::from(fault).into());
                    }
                    Side::Left => {}
                }
            }
            if let Some(top) = self.waiting.pop() {
                self.reduce(top)?;
            }
        }
        self.waiting.push(Waiting::Infix { sign, start, end });
        Ok(())
    }

    /// The last operand; the grammar sees to it that there is one.
    fn operand(&mut self) -> Result<Deep<Expr>, Refusal> {
        self.operands.pop().ok_or_else(|| Fault::internal(self.cx.span(0, 0)).into())
    }

    fn reduce(&mut self, top: Waiting) -> Result<(), Refusal> {
        let right = self.operand()?;
        let node = match top {
            Waiting::Prefix { kind, depth, start } => self.prefix(kind, depth, start, right)?,
            Waiting::Infix { sign: Infix::Arrow, .. } => {
                let left = self.operand()?;
                self.binary(left, right, ExprKind::Arrow)?
            }
            Waiting::Infix { sign: Infix::Op(op), start, end } if sign_level(op) == Level::Compare => {
                self.comparison(op, (start, end), right)?
            }
            Waiting::Infix { sign: Infix::Op(op), .. } => {
                let left = self.operand()?;
                self.binary(left, right, |a, b| ExprKind::Binary(op, a, b))?
            }
        };
        self.operands.push(node);
        Ok(())
    }

    fn binary(
        &mut self,
        left: Deep<Expr>,
        right: Deep<Expr>,
        make: impl FnOnce(Expr, Expr) -> ExprKind,
    ) -> Result<Deep<Expr>, Refusal> {
        let (start, end) = (left.value.span.start, right.value.span.end);
        self.cx.node((start, end), left.depth.max(right.depth), make(left.value, right.value))
    }

    fn prefix(&mut self, kind: PrefixKind, depth: u32, start: u32, right: Deep<Expr>) -> Result<Deep<Expr>, Refusal> {
        let (end, depth, e) = (right.value.span.end, depth.max(right.depth), right.value);
        let kind = match kind {
            PrefixKind::Neg => ExprKind::Neg(e),
            PrefixKind::Not => ExprKind::Not(e),
            PrefixKind::Lam(bs) => ExprKind::Lam(bs, e),
            PrefixKind::Pi(bs) => ExprKind::Pi(bs, e),
            PrefixKind::Exists(bs) => ExprKind::Exists(bs, e),
            PrefixKind::Sigma(bs) => ExprKind::Sigma(bs, e),
            PrefixKind::Big(name, bs) => ExprKind::Big(name, bs, e),
            PrefixKind::Let(name, ty, a) => ExprKind::Let(name, ty, a, e),
            PrefixKind::If(c, a) => ExprKind::If(c, a, e),
        };
        self.cx.node((start, end), depth, kind)
    }

    /// `a < b <= c`, read from the right: the comparisons that wait directly below belong to the same chain.
    fn comparison(&mut self, op: BinOp, place: (u32, u32), last: Deep<Expr>) -> Result<Deep<Expr>, Refusal> {
        let mut signs = vec![(op, place)];
        let mut parts = vec![last, self.operand()?];
        while let Some(Waiting::Infix { sign: Infix::Op(op), start, end }) = self.waiting.last() {
            if sign_level(*op) != Level::Compare {
                break;
            }
            signs.push((*op, (*start, *end)));
            self.waiting.pop();
            parts.push(self.operand()?);
        }
        if signs.len() > 1 {
            self.check_chain(&signs, &parts)?;
        }
        parts.reverse();
        signs.reverse();
        let mut parts = parts.into_iter();
        let mut left = parts.next();
        let mut links = Vec::new();
        let mut signs = signs.into_iter().peekable();
        while let (Some((op, _)), Some(a), Some(b)) = (signs.next(), left.take(), parts.next()) {
            // The right side of a link is the left side of the next one.
            left = signs.peek().map(|_| b.clone());
            links.push(self.binary(a, b, |a, b| ExprKind::Binary(op, a, b))?);
        }
        let Some(mut whole) = links.pop() else { return Err(Fault::internal(self.cx.span(place.0, place.1)).into()) };
        while let Some(link) = links.pop() {
            whole = self.binary(link, whole, |a, b| ExprKind::Binary(BinOp::And, a, b))?;
        }
        Ok(whole)
    }

    /// A chain points one way. Its middle parts occur twice in the tree, so they must not hold chains themselves: nested chains would grow without bound.
    fn check_chain(&mut self, signs: &[(BinOp, (u32, u32))], parts: &[Deep<Expr>]) -> Result<(), Refusal> {
        let up = signs.iter().all(|(op, _)| matches!(op, BinOp::Lt | BinOp::Le | BinOp::Eq));
        let down = signs.iter().all(|(op, _)| matches!(op, BinOp::Gt | BinOp::Ge | BinOp::Eq));
        let (first, last) =
            (parts.last().map_or(0, |e| e.value.span.start), parts.first().map_or(0, |e| e.value.span.end));
        if !up && !down {
            let (start, end) = signs.first().map_or((first, last), |s| s.1);
            let message = "These comparisons do not form a chain. In a chain all signs point the same way.";
            let fault = Diagnostic::error(Code::MixedComparison, self.cx.span(start, end), message);
            return Err(Fault::from(fault.with_fix("Join two comparisons by /\\, or put one in parentheses.")).into());
        }
        for part in parts.iter().skip(1).take(parts.len().saturating_sub(2)) {
            let span = part.value.span;
            if self.cx.chains.range(span.start..span.end).next().is_some() {
                let message = "The middle part of this chain of comparisons holds a chain itself.";
                let fault = Diagnostic::error(Code::MixedComparison, span, message);
                return Err(
                    Fault::from(fault.with_fix("Write the outer chain as two comparisons joined by /\\.")).into()
                );
            }
        }
        self.cx.chains.insert(first);
        Ok(())
    }
}

fn sign_level(op: BinOp) -> Level {
    Infix::Op(op).level()
}
