//! Numbers as linear forms, the sets whose sizes they are made of, and the relations that these are made of.

use crate::ground::formula::{Reader, Relation, Set, Size};
use crate::ground::linear::Linear;
use crate::ground::matching::outside;
use crate::ground::proof::free;
use crate::ground::sorts::applied;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Elim, Head, Neutral, Res, V, Val};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Reader<'_> {
    /// One number minus another, as a linear form.
    pub fn difference(&mut self, a: &V, b: &V) -> Res<Option<Linear>> {
        let (a, b) = (self.linear(a)?, self.linear(b)?);
        Ok(a.zip(b).and_then(|(a, b)| a.plus(&b, -1)))
    }

    /// None for numbers that are too large for a quick look.
    pub fn linear(&mut self, v: &V) -> Res<Option<Linear>> {
        let w = self.headed(v, &self.kept())?;
        let literal = |n: &num_bigint::BigUint| i64::try_from(n).ok();
        match &*w {
            Val::NatLit(n) => return Ok(literal(n).map(Linear::constant)),
            Val::Suc(n, x) => {
                let (n, x) = (literal(n).map(Linear::constant), self.linear(x)?);
                return Ok(n.zip(x).and_then(|(n, x)| x.plus(&n, 1)));
            }
            Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (p, &**spine) {
                (Prim::NatAdd, [Elim::App(a), Elim::App(b)]) => {
                    let (a, b) = (self.linear(a)?, self.linear(b)?);
                    return Ok(a.zip(b).and_then(|(a, b)| a.plus(&b, 1)));
                }
                (Prim::NatMul, [Elim::App(a), Elim::App(b)]) => {
                    let (a, b) = (self.linear(a)?, self.linear(b)?);
                    if let Some(scaled) = a.zip(b).and_then(|(a, b)| a.times(&b)) {
                        return Ok(Some(scaled));
                    }
                }
                _ => {}
            },
            _ => {}
        }
        let Some(key) = self.key(v)? else { return Ok(None) };
        let next = u32::try_from(self.unknowns.len()).unwrap_or(u32::MAX);
        Ok(Some(Linear::unknown(*self.unknowns.entry(key).or_insert(next))))
    }

    /// The sets whose sizes are added up in a number.
    pub fn sizes(&self, v: &V, out: &mut Vec<Size>) -> Res<()> {
        match &*self.headed(v, &self.kept())? {
            Val::Suc(_, x) => self.sizes(x, out),
            Val::Neutral(Neutral { head, spine, .. }) => match (head, &**spine) {
                (Head::Const(id, _), [Elim::App(n), Elim::App(s)]) if *id == self.lib.card => {
                    if let (Some(of), Some(holds), Some(key)) = (self.term(n)?, self.term(s)?, self.key(s)?) {
                        let (mut outside, mut inside) = (BTreeSet::new(), BTreeSet::new());
                        free(&key, &mut outside);
                        free(&holds, &mut inside);
                        let holds = if inside.is_subset(&outside) { holds } else { key.clone() };
                        out.push(Size::Set(Rc::new(Set { of, holds, key })));
                    }
                    Ok(())
                }
                (Head::Prim(p @ (Prim::NatAdd | Prim::NatMul | Prim::NatSub)), [Elim::App(a), Elim::App(b)]) => {
                    if *p == Prim::NatSub
                        && let (Some(n), Some(k)) = (self.term(a)?, self.term(b)?)
                    {
                        out.push(Size::Difference(n, k));
                    }
                    self.sizes(a, out)?;
                    self.sizes(b, out)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Adds the relations in a numbered term: projections of the state and variables that are applied.
pub fn relations(t: &Term, under: u32, out: &mut Vec<Relation>) {
    match &**t {
        Node::App(..) => {
            let (head, args) = applied(t);
            if let (Node::Var(_) | Node::Fst(_) | Node::Snd(_), Some(head)) = (&**head, outside(head, under)) {
                let relation = (head, args.iter().map(|x| outside(x, under)).collect());
                if !out.contains(&relation) {
                    out.push(relation);
                }
            }
            args.into_iter().for_each(|x| relations(x, under, out));
        }
        Node::Lam(b) => relations(b, under + 1, out),
        Node::BoolElim(_, a, b, c) => [a, b, c].into_iter().for_each(|x| relations(x, under, out)),
        _ => {}
    }
}
