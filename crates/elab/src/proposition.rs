//! What may be claimed: the negative fragment. Atoms are equations whose double negation implies them, orders, and named
//! predicates of which theorems of the library say that they are propositions and stable.

use crate::context::Local;
use crate::elab::{Elab, Kind, R, problem};
use bfv_diag::Span;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{DClo, Globals, Head, Ivl, Neutral, V, Val};
use std::rc::Rc;

impl Elab<'_> {
    /// A claim must lie in the negative fragment: atoms under conjunction, implication, `forall` and negation.
    pub fn proposition(&self, local: &Local, span: Span, ty: &V) -> R<()> {
        match &*self.whnf(span, ty)? {
            Val::Pi(dom, cod) => {
                let (inner, x) = self.bind(local, span, "x", dom)?;
                self.proposition(&inner, span, &self.m.inst(cod, x))
            }
            Val::Sigma(a, b) => {
                self.proposition(local, span, a)?;
                let (inner, x) = self.bind(local, span, "x", a)?;
                self.proposition(&inner, span, &self.m.inst(b, x))
            }
            Val::Path(line, ..) => {
                let carrier = self.constant_line(local, span, line)?;
                if self.stable_equality(local, span, &carrier, &mut Vec::new())? {
                    return Ok(());
                }
                let shown = self.show(local, &carrier);
                problem(
                    Kind::NotAProposition,
                    span,
                    format!("This is not a proposition: an equation between elements of `{shown}`."),
                    "State an equation of numbers, Booleans, positions, or vectors, pairs and data made of these.",
                )
            }
            Val::Prim(Prim::Empty | Prim::Unit) => Ok(()),
            _ if self.registered(span, ty, &["stable", "proposition"])? => Ok(()),
            _ => {
                let shown = self.show(local, ty);
                problem(
                    Kind::NotAProposition,
                    span,
                    format!("This is not a proposition: `{shown}`."),
                    "State an equation or an order, joined by and, or, not, implies, for all, exists.",
                )
            }
        }
    }

    /// The type of a path: its line at one end. A line that moves is compared at its ends only where both are the same type.
    fn constant_line(&self, local: &Local, span: Span, line: &DClo) -> R<V> {
        let (left, right) = (self.m.dinst(line, Ivl::Zero), self.m.dinst(line, Ivl::One));
        if self.at(span, self.m.conv_type(&local.ctx, &left, &right))? {
            return Ok(left);
        }
        problem(
            Kind::NotAProposition,
            span,
            "This is not a proposition: a path between elements of two types.",
            "State an equation between elements of one type.",
        )
    }

    /// Whether equality of a type follows from its double negation. Such a type is a set, so its equations are propositions.
    /// `seen` holds the data types that are being looked at: their recursive fields add nothing.
    fn stable_equality(&self, local: &Local, span: Span, ty: &V, seen: &mut Vec<u32>) -> R<bool> {
        if self.registered(span, ty, &["discrete"])? {
            return Ok(true);
        }
        match &*self.whnf(span, ty)? {
            Val::Prim(Prim::Empty | Prim::Unit | Prim::Bool | Prim::Nat | Prim::Int | Prim::Real) => Ok(true),
            Val::Pi(dom, cod) => {
                let (inner, x) = self.bind(local, span, "x", dom)?;
                self.stable_equality(&inner, span, &self.m.inst(cod, x), seen)
            }
            Val::Sigma(a, b) => {
                let (inner, x) = self.bind(local, span, "x", a)?;
                Ok(self.stable_equality(local, span, a, seen)?
                    && self.stable_equality(&inner, span, &self.m.inst(b, x), seen)?)
            }
            Val::Data(d, params) => {
                if seen.contains(&d.id) {
                    return Ok(true);
                }
                seen.push(d.id);
                let Some(decl) = self.scratch.data(d.id) else { return Ok(false) };
                // Where there are paths between constructors, equality need not be a proposition.
                if decl.constructors.iter().any(|c| c.dims > 0) {
                    return Ok(false);
                }
                for (c, constructor) in (0u32..).zip(&decl.constructors) {
                    let (mut inner, mut given) = (local.clone(), Vec::new());
                    for _ in &constructor.fields {
                        let field = self.at(span, self.m.field_type(*d, c, params, &given))?;
                        if !self.stable_equality(&inner, span, &field, seen)? {
                            return Ok(false);
                        }
                        let (next, x) = self.bind(&inner, span, "x", &field)?;
                        given.push(x);
                        inner = next;
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether a type is a named one of which tagged theorems, one for each tag, say what the tag means.
    fn registered(&self, span: Span, ty: &V, tags: &[&str]) -> R<bool> {
        let folded = self.at(span, self.m.folded(ty))?;
        let named = match &*folded {
            Val::Neutral(Neutral { head: Head::Const(id, _), .. }) => Some(*id),
            _ => None,
        };
        Ok(named.is_some_and(|id| {
            tags.iter().all(|tag| self.lemmas.iter().filter(|l| l.has(tag)).any(|l| self.promises(l.id, tag, id)))
        }))
    }

    /// Whether the type of a theorem is what its tag promises of a constant, with all its arguments variables of the theorem:
    /// `stable`: `not not P xs -> P xs`. `proposition`: `(p q : P xs) -> p = q`. `discrete`: `(x y : T xs) -> not not (x = y) -> x = y`.
    fn promises(&self, theorem: u32, tag: &str, constant: u32) -> bool {
        let Some(ty) = self.scratch.const_type(theorem) else { return false };
        let (mut domains, mut rest) = (Vec::new(), ty);
        while let Node::Pi(a, b) = &*rest.clone() {
            domains.push(a.clone());
            rest = b.clone();
        }
        let own = match tag {
            "stable" => 1,
            "proposition" => 2,
            _ => 3,
        };
        let Some(n) = domains.len().checked_sub(own) else { return false };
        // The n variables of the theorem, in the scope of `deeper` more binders.
        let subject = |deeper: usize| {
            (0..n).fold(Rc::new(Node::Const { id: constant, shift: 0 }), |f, i| {
                let index = u32::try_from(n - 1 - i + deeper).unwrap_or(u32::MAX);
                Rc::new(Node::App(f, Rc::new(Node::Var(index))))
            })
        };
        let negation = |t: &Term| crate::expr::negate(t);
        let equation = |t: Term, left: u32, right: u32| {
            Rc::new(Node::Path(t, Rc::new(Node::Var(left)), Rc::new(Node::Var(right))))
        };
        let expected: Vec<Term> = match tag {
            "stable" => vec![negation(&negation(&subject(0))), subject(1)],
            "proposition" => vec![subject(0), subject(1), equation(subject(2), 1, 0)],
            _ => vec![
                subject(0),
                subject(1),
                negation(&negation(&equation(subject(2), 1, 0))),
                equation(subject(3), 2, 1),
            ],
        };
        let found = domains.get(n..).unwrap_or(&[]).iter().chain([&rest]);
        found.zip(&expected).filter(|(a, b)| a == b).count() == expected.len()
    }
}
