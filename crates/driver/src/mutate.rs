//! The changes of an operator that `check --attack-spec` tries: a fixed list, made on the surface tree. Which of them are well-formed
//! the elaborator says, and what they do to the claims the kernel.

use crate::surface::{Path, at, call, expr, nodes, rename, results, var};
use bfv_diag::Span;
use bfv_syntax::print;
use bfv_syntax::tree::{Arg, BinOp, Binder, Body, Decl, Expr, ExprKind};
use num_bigint::BigUint;
use std::collections::BTreeSet;

/// A changed declaration.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) decl: Decl,
    /// Where the change is.
    pub(crate) span: Span,
    /// What was changed, as a sentence without its full stop; formulas stand between backticks.
    pub(crate) says: String,
}

/// Most changes of one operator.
pub(crate) const MOST: usize = 40;

/// Functions that some changes use. They are added before the changed declaration.
pub(crate) const HELPERS: &str = "\
def bfv_last : (k : Nat) -> Fin k -> Bool
| 0, i => absurd i
| suc k, i => match i with
    | inl u => match k with | zero => true | suc n => false end
    | inr j => bfv_last k j
    end
def bfv_second_first : (k : Nat) -> Vec (k + 1) Real -> Vec (k + 1) Real
| 0, v => v
| suc k, v => cons (v (fsuc fzero)) (cons (v fzero) (fun i => v (fsuc (fsuc i))))
def bfv_turned : (k : Nat) -> Vec k Real -> Vec k Real
| 0, v => v
| suc k, v => bfv_second_first k v
";

/// The changes of a declaration, in a fixed order: whole inputs first, then place by place in the order of the text.
pub(crate) fn changes(d: &Decl) -> Vec<Change> {
    let mut list = List { of: d, out: Vec::new(), seen: BTreeSet::from([text(d)]) };
    list.inputs();
    let roots: Vec<Expr> = results(&mut d.clone()).into_iter().map(|e| e.clone()).collect();
    for (n, root) in roots.iter().enumerate() {
        for (path, e) in nodes(root) {
            let around = around(root, &path, &e);
            for (new, says) in at_place(&e, &indices(root, &path)) {
                let says = around.as_ref().and_then(|around| within(around, &path, &new)).unwrap_or(says);
                list.put(n, &path, new, e.span, says);
            }
        }
    }
    list.out
}

/// What a number or a name stands in directly: alone it would not be found again.
fn around(root: &Expr, path: &[usize], e: &Expr) -> Option<Expr> {
    let short = matches!(&*e.kind, ExprKind::Number(..) | ExprKind::Var(_));
    let above = path.get(..path.len().checked_sub(1)?).filter(|_| short)?;
    at(&mut root.clone(), above).cloned()
}

/// How to say that the last step of a way leads to something new.
fn within(around: &Expr, path: &[usize], new: &Expr) -> Option<String> {
    let mut changed = around.clone();
    *at(&mut changed, std::slice::from_ref(path.last()?))? = new.clone();
    Some(format!("`{}` becomes `{}`", print::expr(around), print::expr(&changed)))
}

/// What tells changed declarations apart.
fn text(d: &Decl) -> String {
    results(&mut d.clone()).into_iter().map(|e| print::expr(e)).collect::<Vec<_>>().join("\n")
}

struct List<'d> {
    of: &'d Decl,
    out: Vec<Change>,
    seen: BTreeSet<String>,
}

impl List<'_> {
    fn add(&mut self, decl: Decl, span: Span, says: String) {
        if self.seen.insert(text(&decl)) {
            self.out.push(Change { decl, span, says });
        }
    }

    /// Puts an expression at a place of the n-th result.
    fn put(&mut self, n: usize, path: &Path, new: Expr, span: Span, says: String) {
        let mut decl = self.of.clone();
        if let Some(place) = results(&mut decl).into_iter().nth(n).and_then(|root| at(root, path)) {
            *place = new;
            self.add(decl, span, says);
        }
    }

    /// Changes that concern inputs as a whole: two are swapped, the first two entries of one are, or one is the result.
    fn inputs(&mut self) {
        let d = self.of;
        let Body::Term(body) = &d.body else { return };
        let inputs = inputs(&d.binders);
        for (at, (a, ty)) in inputs.iter().enumerate() {
            for (b, _) in inputs.iter().skip(at + 1).filter(|(_, other)| other == ty) {
                let swapped = |name: &str| match name {
                    n if n == a => Some(b.clone()),
                    n if n == b => Some(a.clone()),
                    _ => None,
                };
                self.with(|body| rename(body, &swapped), format!("the inputs `{a}` and `{b}` are swapped"));
            }
        }
        for (a, _) in inputs.iter().filter(|(_, ty)| ty.starts_with("Vec ") && ty.ends_with(" Real")) {
            let turned = expr(body.span, ExprKind::Hole(None));
            let turned = call(body.span, var(body.span, "bfv_turned"), vec![turned, var(body.span, a)]);
            self.with(|body| replace(body, a, &turned), format!("the first two entries of `{a}` are swapped"));
        }
        let Some(result) = d.ty.as_ref().map(print::expr) else { return };
        for (a, ty) in &inputs {
            let input = var(body.span, a);
            let first = call(body.span, input.clone(), vec![var(body.span, "fzero")]);
            if *ty == result {
                self.with(|body| *body = input, format!("the result is the input `{a}`"));
            } else if ty.starts_with("Vec ") && ty.ends_with(&format!(" {result}")) {
                self.with(|body| *body = first, format!("the result is the first entry of `{a}`"));
            }
        }
    }

    fn with(&mut self, change: impl FnOnce(&mut Expr), says: String) {
        let mut decl = self.of.clone();
        if let Body::Term(body) = &mut decl.body {
            change(body);
            self.add(decl, self.of.name.span, says);
        }
    }
}

/// The explicit inputs with the texts of their types.
fn inputs(binders: &[Binder]) -> Vec<(String, String)> {
    let explicit = binders.iter().filter(|b| !b.implicit);
    let typed = explicit.filter_map(|b| Some((b, print::expr(b.ty.as_ref()?))));
    typed.flat_map(|(b, ty)| b.names.iter().map(move |n| (n.text.clone(), ty.clone()))).collect()
}

/// Puts an expression in place of a name.
fn replace(e: &mut Expr, name: &str, new: &Expr) {
    if matches!(&*e.kind, ExprKind::Var(n) if n == name) {
        *e = new.clone();
        return;
    }
    for c in crate::surface::inside(e) {
        replace(c, name, new);
    }
}

/// The names that are bound around a place inside an expression: positions of workers, most often.
pub(crate) fn indices(root: &Expr, path: &[usize]) -> Vec<String> {
    let mut out = Vec::new();
    let mut e = root.clone();
    for n in path {
        if let ExprKind::Lam(bs, _) | ExprKind::Big(_, bs, _) = &*e.kind {
            out.extend(bs.iter().flat_map(|b| b.names.iter().map(|n| n.text.clone())));
        }
        let Some(next) = crate::surface::inside(&mut e).into_iter().nth(*n).map(|c| c.clone()) else { break };
        e = next;
    }
    out
}

/// What may stand in place of an expression, and how to say it.
fn at_place(e: &Expr, indices: &[String]) -> Vec<(Expr, String)> {
    let becomes = |new: Expr| {
        let says = format!("`{}` becomes `{}`", print::expr(e), print::expr(&new));
        (new, says)
    };
    let one = |kind: ExprKind| becomes(expr(e.span, kind));
    match &*e.kind {
        ExprKind::Binary(op, a, b) => {
            let signs: &[BinOp] = match op {
                BinOp::Add => &[BinOp::Sub, BinOp::Mul],
                BinOp::Sub => &[BinOp::Add],
                BinOp::Mul => &[BinOp::Add],
                BinOp::Div => &[BinOp::Mul],
                BinOp::Lt => &[BinOp::Le, BinOp::Ge],
                BinOp::Le => &[BinOp::Lt, BinOp::Gt],
                BinOp::Gt => &[BinOp::Ge, BinOp::Le],
                BinOp::Ge => &[BinOp::Gt, BinOp::Lt],
                BinOp::Eq => &[BinOp::Ne],
                BinOp::Ne => &[BinOp::Eq],
                BinOp::And => &[BinOp::Or],
                BinOp::Or => &[BinOp::And],
                _ => &[],
            };
            let kept: &[&Expr] = match op {
                BinOp::Add | BinOp::Mul | BinOp::And => &[a, b],
                BinOp::Sub | BinOp::Div | BinOp::Pow => &[a],
                _ => &[],
            };
            let swapped = matches!(op, BinOp::Sub | BinOp::Div).then(|| ExprKind::Binary(*op, b.clone(), a.clone()));
            let signs = signs.iter().map(|s| one(ExprKind::Binary(*s, a.clone(), b.clone())));
            let swapped = swapped.into_iter().map(one);
            signs.chain(swapped).chain(kept.iter().map(|k| becomes((*k).clone()))).collect()
        }
        ExprKind::App(f, args) => {
            let mut out = Vec::new();
            let other = match &*f.kind {
                ExprKind::Var(name) => opposite(name),
                _ => None,
            };
            out.extend(other.map(|o| one(ExprKind::App(var(f.span, o), args.clone()))));
            let plain = |a: &Arg| a.name.is_none() && !a.implicit;
            for n in 0..args.len() {
                for m in n + 1..args.len() {
                    let mut swapped = args.clone();
                    swapped.swap(n, m);
                    if [n, m].iter().all(|n| args.get(*n).is_some_and(plain)) {
                        out.push(one(ExprKind::App(f.clone(), swapped)));
                    }
                }
            }
            // The entry of another worker.
            for (n, a) in args.iter().enumerate() {
                let ExprKind::Var(i) = &*a.expr.kind else { continue };
                for j in indices.iter().filter(|j| *j != i && indices.contains(i)) {
                    let mut moved = args.clone();
                    if let Some(a) = moved.get_mut(n) {
                        a.expr = var(a.expr.span, j);
                    }
                    out.push(one(ExprKind::App(f.clone(), moved)));
                }
            }
            out
        }
        ExprKind::Big(name, bs, body) => {
            let mut out = Vec::new();
            if let Some(o) = opposite(&name.text) {
                let mut name = name.clone();
                o.clone_into(&mut name.text);
                out.push(one(ExprKind::Big(name, bs.clone(), body.clone())));
            }
            if let ([Binder { names, .. }], "sum") = (bs.as_slice(), name.text.as_str())
                && let [i] = names.as_slice()
            {
                let last = vec![expr(e.span, ExprKind::Hole(None)), var(e.span, &i.text)];
                let last = call(e.span, var(e.span, "bfv_last"), last);
                let nothing = expr(e.span, ExprKind::Number(BigUint::default(), 0));
                let body = expr(e.span, ExprKind::If(last, nothing, body.clone()));
                let says = format!("the last worker is left out of `{}`", print::expr(e));
                out.push((expr(e.span, ExprKind::Big(name.clone(), bs.clone(), body)), says));
            }
            out
        }
        ExprKind::Var(name) => match name.as_str() {
            "true" => vec![becomes(var(e.span, "false"))],
            "false" => vec![becomes(var(e.span, "true"))],
            _ => Vec::new(),
        },
        ExprKind::Number(n, places) => {
            let mut out = vec![one(ExprKind::Number(n + 1_u32, *places))];
            if *n != BigUint::default() {
                out.push(one(ExprKind::Number(n - 1_u32, *places)));
            }
            out
        }
        ExprKind::If(c, a, b) => {
            vec![one(ExprKind::If(c.clone(), b.clone(), a.clone())), becomes(a.clone()), becomes(b.clone())]
        }
        ExprKind::Neg(a) | ExprKind::Not(a) => vec![becomes(a.clone())],
        ExprKind::Pair(a, b) => vec![one(ExprKind::Pair(b.clone(), a.clone()))],
        ExprKind::Proj(a, part) => match part.as_str() {
            "1" => vec![one(ExprKind::Proj(a.clone(), "2".to_owned()))],
            "2" => vec![one(ExprKind::Proj(a.clone(), "1".to_owned()))],
            _ => Vec::new(),
        },
        ExprKind::Vector(all) => (1..all.len())
            .map(|n| {
                let mut swapped = all.clone();
                swapped.swap(n - 1, n);
                one(ExprKind::Vector(swapped))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The function that goes the other way.
fn opposite(name: &str) -> Option<&'static str> {
    Some(match name {
        "min" => "max",
        "max" => "min",
        "min2" => "max2",
        "max2" => "min2",
        "argmin" => "argmax",
        "argmax" => "argmin",
        "least" => "greatest",
        "greatest" => "least",
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let d = crate::surface::read(text).into_iter().next().unwrap();
        changes(&d).into_iter().map(|c| c.says).collect()
    }

    #[test]
    fn the_list_is_fixed_and_in_order() {
        let list = said("operator m {k : Nat} (w x : Vec k Real) : Real := sum i, w i * x i\n");
        let expected = [
            "the inputs `w` and `x` are swapped",
            "the first two entries of `w` are swapped",
            "the first two entries of `x` are swapped",
            "the result is the first entry of `w`",
            "the result is the first entry of `x`",
            "the last worker is left out of `sum i, w i * x i`",
            "`w i * x i` becomes `w i + x i`",
            "`w i * x i` becomes `w i`",
            "`w i * x i` becomes `x i`",
        ];
        assert_eq!(list, expected);
    }

    #[test]
    fn every_kind_of_place_has_its_changes() {
        for (body, change) in [
            ("a + b", "`a + b` becomes `a - b`"),
            ("a - 1", "`a - 1` becomes `1 - a`"),
            ("(a + 1) / b", "`(a + 1) / b` becomes `a + 1`"),
            ("a ^ 2", "`a ^ 2` becomes `a ^ 3`"),
            ("0.95 * a", "`0.95 * a` becomes `0.94 * a`"),
            ("max2 a b", "`max2 a b` becomes `min2 a b`"),
            ("f a 1", "`f a 1` becomes `f 1 a`"),
            ("if a < b then a else b", "`a < b` becomes `a <= b`"),
            ("if a < b then a else b", "`a < b` becomes `a >= b`"),
            ("if a < b then a else b", "`if a < b then a else b` becomes `if a < b then b else a`"),
            ("-(a + 1)", "`-(a + 1)` becomes `a + 1`"),
            ("sum i, sum j, g i j", "`g i j` becomes `g j j`"),
            ("p.1", "`p.1` becomes `p.2`"),
            ("h [a, b, c]", "`[a, b, c]` becomes `[a, c, b]`"),
            ("a + 1", "the result is the input `b`"),
        ] {
            let list = said(&format!("def d (a b : Real) : Real := {body}\n"));
            assert!(list.iter().any(|c| c == change), "{body}: {list:?}");
        }
        let list = said("def c : Nat -> Nat\n| 0 => 1\n| suc n => c n + 2\n");
        assert!(list.contains(&"`1` becomes `0`".to_owned()), "{list:?}");
        assert!(list.contains(&"`c n + 2` becomes `c n`".to_owned()), "{list:?}");
    }
}
