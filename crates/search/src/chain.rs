//! Paths put together from steps.

use bfv_format::{Dim, Face, Node, Term};
use std::rc::Rc;

/// A path, told from its left end: what stands at the dimension 0 of the scope. Steps are added at the right end.
pub struct Chain {
    ty: Term,
    start: Term,
    body: Term,
}

impl Chain {
    /// The path that stays at a term.
    #[must_use]
    pub fn at(ty: Term, start: Term) -> Chain {
        Chain { ty, body: start.clone(), start }
    }

    fn close(self, from: Dim, to: Dim, step: Term) -> Chain {
        let face = |end, body: Term| Face { cof: vec![(Dim::Var(0), end)], body };
        let faces = vec![face(Dim::Zero, self.start.clone()), face(Dim::One, step)];
        let body = Rc::new(Node::HCom(from, to, self.ty.clone(), faces, self.body));
        Chain { body, ..self }
    }

    /// Goes on with a path, given by what stands at its dimension 0.
    #[must_use]
    pub fn then(self, step: Term) -> Chain {
        self.close(Dim::Zero, Dim::One, step)
    }

    /// Goes on with a path from its right end to its left end.
    #[must_use]
    pub fn back(self, step: Term) -> Chain {
        self.close(Dim::One, Dim::Zero, step)
    }

    /// The path, at the dimension of the scope.
    #[must_use]
    pub fn body(self) -> Term {
        self.body
    }
}
