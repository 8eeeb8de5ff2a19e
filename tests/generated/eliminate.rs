//! Terms drawn by way of others: eliminations, recursion, and variants of a term that compute to it.

use super::Draw;
use crate::common::*;
use crate::free::{at, close, close_dim, head, open_dim, put};
use crate::signature::*;
use bfv_format::{DataRef, Dim, Face, GlueFace, Node, Part, Prim, Term};

impl Draw {
    /// A term of a type by way of another one.
    pub fn eliminated(&mut self, ty: &Term, f: u32) -> Term {
        let target = self.written(ty);
        match self.roll(24) {
            0 => {
                let a = self.ty(0);
                let x = self.term(&a, f);
                let_(self.written(&a), x, self.under(&a, |g, _| g.term(ty, f)))
            }
            1 => {
                let (a, b) = (self.term(ty, f), self.term(ty, f));
                bool_elim(target, a, b, self.term(&boolean(), f))
            }
            2 => {
                // A family that is this type at true only.
                let (other, n) = (self.ty(0), self.level(ty));
                let n = n.max(self.level(&other));
                let motive = bool_elim(u(n), target, other.clone(), v(0));
                bool_elim(motive, self.term(ty, f), self.term(&other, f), prim(Prim::True))
            }
            3 => {
                let zero = self.term(ty, f);
                let step = self.under(&nat(), |g, _| lam(g.under(ty, |g, _| g.term(ty, f))));
                nat_elim(target, zero, lam(step), self.term(&nat(), f.min(1)))
            }
            4 => {
                let (other, n) = (self.ty(0), self.level(ty));
                let n = n.max(self.level(&other));
                let motive = nat_elim(u(n), target, lam(lam(other.clone())), v(0));
                let step = lam(lam(self.term(&other, f)));
                nat_elim(motive, self.term(ty, f), step, num(0))
            }
            5 => {
                let mut case = || lam(self.under(&nat(), |g, _| g.term(ty, f)));
                let (pos, neg) = (case(), case());
                t(Node::IntElim(target, pos, neg, self.term(&prim(Prim::Int), f)))
            }
            6 => {
                let a = self.ty(0);
                let fun = self.typed(&pi(a.clone(), ty.clone()), f);
                app(fun, self.term(&a, f))
            }
            7 => {
                let other = self.ty(0);
                fst(self.typed(&sigma(ty.clone(), other), f))
            }
            8 => {
                let other = self.ty(0);
                snd(self.typed(&sigma(other, ty.clone()), f))
            }
            9 => {
                let s = self.dim();
                let (j, over) = self.line_of(ty, s);
                lapp(self.typed(&line(close_dim(&over, j)), f), s)
            }
            10 => {
                let (i, x) = self.free(|g, _| g.term(ty, f));
                let (left, right) = (at(&x, i, I0), at(&x, i, I1));
                let p = let_(path(ty.clone(), left.clone(), right.clone()), dlam(close_dim(&x, i)), v(0));
                papp(p, left, right, self.dim())
            }
            11..=13 => {
                let (r, s) = (self.dim(), self.dim());
                let (j, over) = self.line_of(ty, s);
                let start = self.term(&at(&over, j, r), f);
                coe(r, s, close_dim(&over, j), start)
            }
            14 | 15 => {
                let (k, x) = self.free(|g, _| g.term(ty, f));
                let (r, s) = (self.dim(), self.dim());
                let side = close_dim(&x, k);
                let faces = (0..1 + self.roll(2)).map(|_| Face { cof: self.cof(), body: side.clone() }).collect();
                hcom(r, s, target, faces, at(&x, k, r))
            }
            // Sides by a line that is a variable.
            16 => {
                let moving = self.typed(&line(ty.clone()), f);
                let name = self.name();
                let (r, s) = (self.dim(), self.dim());
                let side = lapp(v(name), d(0));
                let faces = (0..1 + self.roll(2)).map(|_| Face { cof: self.cof(), body: side.clone() }).collect();
                let_(line(ty.clone()), moving, close(&hcom(r, s, target, faces, lapp(v(name), r)), name))
            }
            17 => {
                let n = self.level(ty) + self.roll(2);
                app(app(raised(IDENTITY, n), target), self.term(ty, f))
            }
            18 => {
                let faces = if *ty == boolean() && self.roll(2) == 1 {
                    let Node::Glue(_, faces) = &*Draw::ua(self.dim()) else { unreachable!() };
                    faces.clone()
                } else {
                    let equiv = self.same(ty);
                    (0..1 + self.roll(2))
                        .map(|_| GlueFace { cof: self.cof(), ty: ty.clone(), equiv: equiv.clone() })
                        .collect()
                };
                let over = glue(ty.clone(), faces.clone());
                unglue(ty.clone(), faces, self.term(&over, f))
            }
            19 => match self.variable(&empty()) {
                Some(x) => t(Node::EmptyElim(target, x)),
                None => let_(pi(empty(), ty.clone()), lam(t(Node::EmptyElim(ty.clone(), v(0)))), self.term(ty, f)),
            },
            _ => self.recursion(ty, target, f),
        }
    }

    /// An eliminator of a data type.
    fn recursion(&mut self, ty: &Term, target: Term, f: u32) -> Term {
        let id = self.pick(&[LIST, CIRCLE, TORUS, TRUNCATION, SUSPENSION, TREE, BOX]);
        let ps = if matches!(id, LIST | TRUNCATION | SUSPENSION) { vec![self.ty(0)] } else { vec![] };
        let shift = ps.iter().map(|p| self.level(p)).max().unwrap_or_default();
        let k = DataRef { id, shift };
        let me = t(Node::Data(k, ps.clone()));
        let branches = match id {
            LIST => {
                let nil = self.term(ty, f);
                let cons = self.under(&ps[0], |g, _| lam(g.under(&me, |g, _| lam(g.under(ty, |g, _| g.term(ty, f))))));
                vec![nil, lam(cons)]
            }
            CIRCLE if *ty == me => {
                vec![con(CIRCLE, 0, vec![], vec![]), dlam(con_at(CIRCLE, 1, vec![], vec![], vec![d(0)]))]
            }
            CIRCLE => {
                let b = self.term(ty, f);
                vec![b.clone(), dlam(self.along(|g, i| g.around(ty, &b, i)))]
            }
            TORUS => {
                let b = self.term(ty, f);
                let side = self.along(|g, i| g.around(ty, &b, i));
                vec![b.clone(), dlam(side.clone()), dlam(b), dlam(self.along(|_, i| dlam(open_dim(&side, i))))]
            }
            SUSPENSION => {
                let (i, x) = self.free(|g, _| g.term(ty, f));
                vec![at(&x, i, I0), at(&x, i, I1), lam(dlam(close_dim(&x, i)))]
            }
            TREE => {
                let leaf = self.term(ty, f);
                let images = pi(nat(), ty.clone());
                let node = self.under(&pi(nat(), me.clone()), |g, _| lam(g.under(&images, |g, _| g.term(ty, f))));
                vec![leaf, lam(node)]
            }
            BOX => vec![lam(self.under(&u(0), |g, a| lam(g.under(&a, |g, _| g.term(ty, f)))))],
            _ => match &**ty {
                Node::Data(q, qs) if q.id == TRUNCATION => {
                    let inc = lam(self.under(&ps[0], |g, _| g.term(ty, f)));
                    let path = t(Node::Con(*q, 1, qs.clone(), vec![v(1), v(0)], vec![d(0)]));
                    vec![inc, lam(lam(lam(lam(dlam(path)))))]
                }
                Node::Prim(Prim::Unit) => {
                    let star = prim(Prim::Star);
                    vec![lam(self.under(&ps[0], |g, _| g.term(ty, f))), lam(lam(lam(lam(dlam(star)))))]
                }
                // Nothing says that this is a proposition.
                _ => {
                    let b = self.term(ty, f);
                    vec![lam(b.clone()), lam(lam(lam(lam(dlam(b)))))]
                }
            },
        };
        let x = self.term(&me, f);
        t(Node::DataElim(k, ps, target, branches, x))
    }

    /// A loop at b.
    fn around(&mut self, ty: &Term, b: &Term, i: Dim) -> Term {
        match self.roll(3) {
            0 => b.clone(),
            1 => hcom(I0, I1, ty.clone(), vec![face(i, I0, b.clone()), face(i, I1, b.clone())], b.clone()),
            _ => hcom(I0, i, ty.clone(), vec![face(i, I1, b.clone())], b.clone()),
        }
    }

    /// A term that may be the same as this one: written otherwise, computed, or another.
    pub fn variant(&mut self, ty: &Term, a: &Term) -> Term {
        let a = a.clone();
        let ty = head(ty);
        match self.roll(10) {
            1 => let_(self.written(&ty), a, v(0)),
            2 => coe(I0, I1, ty, a),
            3 => hcom(I0, I1, ty, vec![], a),
            4 => self.term(&ty, 2),
            5 | 6 => match &*ty {
                Node::Pi(..) => let_(ty.clone(), a, lam(app(v(1), v(0)))),
                Node::Sigma(..) => let_(ty.clone(), a, pair(fst(v(0)), snd(v(0)))),
                Node::Line(_) => let_(ty.clone(), a, dlam(lapp(v(0), d(0)))),
                Node::Path(_, l, r) => let_(ty.clone(), a, dlam(papp(v(0), l.clone(), r.clone(), d(0)))),
                Node::Glue(base, faces) => {
                    let name = self.name();
                    let parts = faces.iter().map(|g| Part { cof: g.cof.clone(), body: v(name) }).collect();
                    let again = glue_el(unglue(base.clone(), faces.clone(), v(name)), parts);
                    let_(ty.clone(), a, close(&again, name))
                }
                _ => bool_elim(ty.clone(), a, self.term(&ty, 1), prim(Prim::True)),
            },
            // There and back again, the line being the same with another dimension.
            7 => {
                let (r, s) = (self.dim(), self.dim());
                let (j, over) = self.line_of(&ty, s);
                let over = close_dim(&over, j);
                coe(r, s, over.clone(), coe(s, r, over, a))
            }
            8 => {
                let x = self.assume(ty.clone());
                let inside = self.variant(&ty, &x);
                let (name, _) = self.vars.pop().unwrap();
                put(&inside, name, &a)
            }
            _ => a,
        }
    }
}
