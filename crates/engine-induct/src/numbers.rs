//! What the theory computes on natural numbers, as equations (`sctt/KERNEL.md`, section 3).

use crate::lang::{Head, Id, Kind, Lang, Sym, Tree, Ty, Var};
use crate::read::Reader;
use bfv_format::{Node, Prim};
use std::rc::Rc;

impl Reader<'_> {
    pub fn nat(&mut self) -> Option<Ty> {
        self.ty(&Rc::new(Node::Prim(Prim::Nat)), &Vec::new())
    }

    /// A constant of the theory. What computes on natural numbers gets its equations (`sctt/KERNEL.md`, section 3).
    pub fn prim(&mut self, p: Prim) -> Option<Id> {
        let bool_ty = self.ty(&Rc::new(Node::Prim(Prim::Bool)), &Vec::new())?;
        let nat = self.nat()?;
        let con = |l: &Lang, ty, n: usize| l.cons_of(ty).and_then(|c| c.get(n).copied());
        let sym = match p {
            Prim::True => con(&self.l, bool_ty, 0)?,
            Prim::False => con(&self.l, bool_ty, 1)?,
            Prim::Suc => con(&self.l, nat, 1)?,
            Prim::NatAdd | Prim::NatMul | Prim::NatSub | Prim::NatLtb => {
                let result = if p == Prim::NatLtb { bool_ty } else { nat };
                let (s, new) = self.l.symbol(Kind::Prim(p), vec![nat, nat], result);
                if new {
                    self.l.partial_types(s);
                    self.arithmetic(p, s, nat, bool_ty)?;
                }
                s
            }
            _ => return None,
        };
        Some(self.l.app(Head::Sym(sym), Vec::new()))
    }

    fn arithmetic(&mut self, p: Prim, s: Sym, nat: Ty, bool_ty: Ty) -> Option<()> {
        let (zero, suc) = (*self.l.cons_of(nat)?.first()?, *self.l.cons_of(nat)?.get(1)?);
        let mut counter = 0;
        let vars: Vec<Var> = (0..4).map(|_| self.slot_var(&mut counter, nat)).collect();
        let &[m, n, j, k] = vars.as_slice() else { return None };
        let l = &mut self.l;
        let (tm, tj, tk) = (l.var(m), l.var(j), l.var(k));
        let z = l.app(Head::Sym(zero), vec![]);
        let call = |l: &mut Lang, s, a, b| l.app(Head::Sym(s), vec![a, b]);
        let (base, step) = match p {
            Prim::NatAdd => {
                let sum = call(l, s, tm, tk);
                (tm, Tree::Leaf(l.app(Head::Sym(suc), vec![sum])))
            }
            Prim::NatMul => {
                let product = call(l, s, tm, tk);
                let plus = self.prim(Prim::NatAdd)?;
                (z, Tree::Leaf(self.l.apply(plus, &[product, tm])))
            }
            _ => {
                let (yes, no) = (*l.cons_of(bool_ty)?.first()?, *l.cons_of(bool_ty)?.get(1)?);
                let (yes, no) = (l.app(Head::Sym(yes), vec![]), l.app(Head::Sym(no), vec![]));
                let (at_zero, base) = if p == Prim::NatSub { (z, tm) } else { (yes, no) };
                let next = call(l, s, tj, tk);
                let inner = vec![(zero, vec![], Tree::Leaf(at_zero)), (suc, vec![j], Tree::Leaf(next))];
                (base, Tree::Switch(m, inner))
            }
        };
        let tree = Tree::Switch(n, vec![(zero, vec![], Tree::Leaf(base)), (suc, vec![k], step)]);
        self.l.define(s, vec![m, n], tree);
        Some(())
    }
}
