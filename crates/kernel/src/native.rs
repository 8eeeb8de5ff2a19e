//! Functions that the evaluator makes itself, at an argument.

use crate::machine::Machine;
use crate::refusal::Res;
use crate::value::{Clo, DClo, Elim, Ivl, Native, V, Val};
use num_bigint::BigUint;
use std::rc::Rc;

impl Machine<'_> {
    /// The value of such a function.
    pub(crate) fn native(&self, n: &Native, a: &V) -> Res<Rc<Val>> {
        match n {
            Native::CoePi(r, s, i, dom, cod, f) => {
                let dom = DClo::Abs(*i, dom.clone());
                let back = |to| self.coerce(*s, to, &dom, a);
                // The argument of the codomain at i is `coe s i A a`.
                let line = DClo::Abs(*i, self.inst(cod, back(Ivl::Name(*i))));
                self.coe(*r, *s, &line, &self.apply(f, back(*r)))
            }
            Native::HComPi(r, s, cod, faces, b) => {
                let at = self.map_faces(faces, &Elim::App(a.clone()));
                self.hcom(*r, *s, &self.inst(cod, a.clone()), &at, &self.apply(b, a.clone()))
            }
            Native::Branch(d, c, ps, given, m) => {
                let mut given = given.clone();
                given.push(a.clone());
                self.branch_from(*d, *c, ps, given, m)
            }
            Native::Hypotheses(d, c, ps, given, m, next) => self.hypotheses_from(*d, *c, ps, given, m, *next),
            Native::Hypothesis(cod, f, m) => self.hypothesis(&self.inst(cod, a.clone()), &self.apply(f, a.clone()), m),
            Native::Recurse(cod, f, e) => {
                self.folded(&self.recurse(&self.inst(cod, a.clone()), &self.apply(f, a.clone()), e)?)
            }
            Native::NatStep(m) => {
                let suc = self.shared(self.add_successors(&BigUint::from(1u8), a)?);
                Ok(self.done(Val::Pi(self.inst(m, a.clone()), Clo::Const(self.inst(m, suc)))))
            }
            Native::IntCase(m, pos) => {
                let at = self.shared(self.integer(*pos, a)?);
                self.folded(&self.inst(m, at))
            }
        }
    }
}
