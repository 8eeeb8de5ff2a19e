//! Changes of a claim that keep what it says: `measure stability` asks whether the search minds them. They are drawn by a number, so
//! that the same number gives the same changes.

use crate::surface::{at, expr, nodes, rename, rename_binders};
use bfv_syntax::print;
use bfv_syntax::tree::{BinOp, Binder, Body, Decl, Expr, ExprKind};
use std::collections::BTreeSet;

/// Numbers that look random and depend on a seed only (splitmix64, Steele, Lea and Flood 2014).
pub(crate) struct Draw(u64);

impl Draw {
    /// The numbers of a seed for something that has a name.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let name = name.bytes().fold(0_u64, |h, b| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
        Draw(seed ^ name)
    }

    /// A number below another one; 0 below 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(z ^ (z >> 31)) * (n as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Variables have other names.
    Names,
    /// Two neighbours among the variables and hypotheses change places.
    Order,
    /// A variable or hypothesis stands there once more, and is not used.
    Again,
    /// There is one more variable, which is not used.
    More,
    /// The sides of a sum, a product, an equation or a comparison change places.
    Sides,
    /// The declarations before it stand in another order.
    Declarations,
    /// The search may take half the steps.
    Half,
}

impl Kind {
    /// The order in which kinds are drawn.
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Names, Kind::Sides, Kind::Order, Kind::Again, Kind::More, Kind::Declarations, Kind::Half];
}

/// A claim with a change of a kind, and the change as a sentence without its full stop. Nothing where the claim has no place for it.
pub(crate) fn varied(d: &Decl, kind: Kind, draw: &mut Draw) -> Option<(Decl, String)> {
    let mut d = d.clone();
    let says = match kind {
        Kind::Names => names(&mut d, draw)?,
        Kind::Order => order(&mut d, draw)?,
        Kind::Again => again(&mut d, draw)?,
        Kind::More => more(&mut d)?,
        Kind::Sides => sides(&mut d, draw)?,
        Kind::Declarations => return Some((d, "the declarations before it stand in another order".to_owned())),
        Kind::Half => return Some((d, "the search may take half the steps".to_owned())),
    };
    Some((d, says))
}

/// The words of a text that may be names.
fn words(text: &str) -> BTreeSet<String> {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    text.split(|c: char| !inside(c)).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The words of the evidence that a claim gives.
fn evidence(d: &Decl) -> BTreeSet<String> {
    match &d.body {
        Body::Term(e) => words(&print::expr(e)),
        Body::By(s) => words(&print::script(s)),
        Body::RefutedAt { witness, script } => {
            let mut out: BTreeSet<String> = witness.iter().map(|(n, _)| n.text.clone()).collect();
            out.extend(witness.iter().flat_map(|(_, e)| words(&print::expr(e))));
            out.extend(script.iter().flat_map(|s| words(&print::script(s))));
            out
        }
        _ => BTreeSet::new(),
    }
}

/// The text of a claim without its evidence.
fn statement(d: &Decl) -> String {
    d.ty.as_ref().map(|ty| print::statement(&d.binders, ty)).unwrap_or_default()
}

/// A name that the claim does not have.
fn fresh(d: &Decl, like: &str) -> String {
    let taken: BTreeSet<String> = words(&statement(d)).union(&evidence(d)).cloned().collect();
    let mut name = format!("{like}_other");
    while taken.contains(&name) {
        name.push('_');
    }
    name
}

/// The binders one name at a time.
fn single(binders: &[Binder]) -> Vec<Binder> {
    let one = |b: &Binder| b.names.iter().map(|n| Binder { names: vec![n.clone()], ..b.clone() }).collect::<Vec<_>>();
    binders.iter().flat_map(one).collect()
}

fn name(b: &Binder) -> &str {
    b.names.first().map_or("_", |n| n.text.as_str())
}

fn names(d: &mut Decl, draw: &mut Draw) -> Option<String> {
    // Patterns and scripts inside a statement bind names of their own.
    if words(&statement(d)).iter().any(|w| ["match", "let", "by"].contains(&w.as_str())) {
        return None;
    }
    let kept = evidence(d);
    let all: Vec<String> = single(&d.binders).iter().map(|b| name(b).to_owned()).collect();
    let free: Vec<&String> = all.iter().filter(|n| *n != "_" && !kept.contains(*n)).collect();
    let old = (*free.get(draw.below(free.len()))?).clone();
    let other = fresh(d, &old);
    let new = |n: &str| (n == old).then(|| other.clone());
    rename_binders(&mut d.binders, &new);
    d.ty.iter_mut().for_each(|t| rename(t, &new));
    Some(format!("`{old}` has the name `{other}`"))
}

fn order(d: &mut Decl, draw: &mut Draw) -> Option<String> {
    // The steps after a witness follow the order of the hypotheses.
    if matches!(&d.body, Body::RefutedAt { script: Some(_), .. }) {
        return None;
    }
    d.binders = single(&d.binders);
    let apart = |n: &usize| {
        let (Some(a), Some(b)) = (d.binders.get(*n), d.binders.get(n + 1)) else { return false };
        let again = name(a) == name(b) && name(a) != "_";
        // Neither may come to mean the other one: the second may have the name of something further out.
        let lacks =
            |of: &Binder, what: &Binder| of.ty.as_ref().is_some_and(|t| !words(&print::expr(t)).contains(name(what)));
        !again && lacks(b, a) && lacks(a, b)
    };
    let places: Vec<usize> = (0..d.binders.len()).filter(apart).collect();
    let n = *places.get(draw.below(places.len()))?;
    let says = format!("`{}` and `{}` change places", name(d.binders.get(n)?), name(d.binders.get(n + 1)?));
    d.binders.swap(n, n + 1);
    Some(says)
}

fn again(d: &mut Decl, draw: &mut Draw) -> Option<String> {
    // A witness would need a value for it.
    if matches!(&d.body, Body::RefutedAt { .. }) {
        return None;
    }
    let all = single(&d.binders);
    let typed: Vec<usize> = (0..all.len()).filter(|n| all.get(*n).is_some_and(|b| b.ty.is_some())).collect();
    let n = *typed.get(draw.below(typed.len()))?;
    let mut twin = all.get(n)?.clone();
    let old = name(&twin).to_owned();
    let other = fresh(d, if old == "_" { "h" } else { &old });
    twin.names.iter_mut().for_each(|n| n.text.clone_from(&other));
    twin.implicit = false;
    d.binders = all;
    // Further on, what its type speaks of may be hidden by other names.
    d.binders.insert(n + 1, twin);
    Some(format!("there is `{other}` like `{old}`, which is not used"))
}

fn more(d: &mut Decl) -> Option<String> {
    if matches!(&d.body, Body::RefutedAt { .. }) {
        return None;
    }
    let other = fresh(d, "n");
    let text = format!("claim c ({other} : Nat) : {other} = {other}\n");
    let binders = crate::surface::read(&text).pop()?.binders;
    d.binders = [binders, std::mem::take(&mut d.binders)].concat();
    Some(format!("there is a number `{other}`, which is not used"))
}

/// The statements in a claim: the types of its binders, and what it says.
fn statements(d: &mut Decl) -> Vec<&mut Expr> {
    d.binders.iter_mut().filter_map(|b| b.ty.as_mut()).chain(d.ty.as_mut()).collect()
}

fn sides(d: &mut Decl, draw: &mut Draw) -> Option<String> {
    let mut places = Vec::new();
    for (n, root) in statements(d).into_iter().enumerate() {
        for (path, e) in nodes(root) {
            // What is inside an argument, such as the length of a vector, must stay as it is: types are compared by computing.
            // A sum or product that no relation stands above may be one of types, whose sides are no equal choice.
            let mut free = true;
            let mut related = !matches!(&*e.kind, ExprKind::Binary(BinOp::Add | BinOp::Mul, ..));
            for end in 0..path.len() {
                let Some(above) = path.get(..end).and_then(|p| at(root, p)) else { continue };
                free &= !matches!(&*above.kind, ExprKind::App(..));
                related |= matches!(&*above.kind, ExprKind::Binary(op, ..) if is_relation(*op));
            }
            if let (true, true, Some(new)) = (free, related, turned(&e)) {
                places.push((n, path, e, new));
            }
        }
    }
    let (n, path, old, new) = places.get(draw.below(places.len()))?.clone();
    let says = format!("`{}` becomes `{}`", print::expr(&old), print::expr(&new));
    *at(statements(d).into_iter().nth(n)?, &path)? = new;
    Some(says)
}

fn is_relation(op: BinOp) -> bool {
    matches!(op, BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge)
}

/// The same with its sides in the other order.
fn turned(e: &Expr) -> Option<Expr> {
    let ExprKind::Binary(op, a, b) = &*e.kind else { return None };
    let op = match op {
        BinOp::Add | BinOp::Mul | BinOp::Eq | BinOp::Ne | BinOp::And | BinOp::Or | BinOp::Iff => *op,
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        _ => return None,
    };
    Some(expr(e.span, ExprKind::Binary(op, b.clone(), a.clone())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn claim(text: &str) -> Decl {
        crate::surface::read(&format!("claim c {text}\n")).pop().unwrap()
    }

    fn change(text: &str, kind: Kind) -> Option<(String, String)> {
        let (d, says) = varied(&claim(text), kind, &mut Draw::new(0, "c"))?;
        Some((statement(&d), says))
    }

    #[test]
    fn changes_keep_the_meaning() {
        let one = |text: &str, kind| change(text, kind).unwrap().0;
        assert_eq!(one("(x : Real) : x <= x", Kind::Names), "forall (x_other : Real), x_other <= x_other");
        assert_eq!(one("(x : Real) : x + 1 <= 2", Kind::Sides).matches('x').count(), 2);
        assert_eq!(one("(x y : Real) : x = y", Kind::Order), "forall (y : Real) (x : Real), x = y");
        assert_eq!(change("{k : Nat} (x : Vec k Real) : x = x", Kind::Order), None, "the length comes first");
        let twice = "forall (x : Real) (h : 0 < x) (h_other : 0 < x), 0 <= x";
        let draws: Vec<String> = (0..8)
            .map(|s| varied(&claim("(x : Real) (h : 0 < x) : 0 <= x"), Kind::Again, &mut Draw::new(s, "c")).unwrap().0)
            .map(|d| statement(&d))
            .collect();
        assert!(draws.iter().any(|d| d == twice), "{draws:?}");
        assert_eq!(one("(x : Real) : x = x", Kind::More), "forall (n_other : Nat) (x : Real), x = x");
        assert_eq!(change("(x : Real) (x : Nat) : x = x", Kind::Order), None, "the last x is meant");
        assert_eq!(change("(p : Real * Nat) : IsSmall p", Kind::Sides), None, "a product of types");
        // A length inside a type stays.
        assert_eq!(change("(x : Vec (1 + 2) Real) : IsShort x", Kind::Sides), None);
    }

    #[test]
    fn names_that_the_evidence_has_stay() {
        assert_eq!(change("(h : 0 <= 1) : 0 <= 1 by exact h", Kind::Names), None);
        assert_eq!(change("(x : Real) : x <= 1 refuted at (x := 2)", Kind::Names), None);
        assert_eq!(change("(x : Real) : x <= 1 refuted at (x := 2)", Kind::More), None);
    }

    #[test]
    fn a_seed_gives_the_same_numbers_again() {
        let draw = |seed| {
            let mut d = Draw::new(seed, "m.c");
            (0..20).map(|_| d.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).iter().all(|n| *n < 10));
        assert_eq!(Draw::new(0, "").below(0), 0);
    }
}
