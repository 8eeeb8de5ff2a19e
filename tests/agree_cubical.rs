//! Both checkers on random judgements about Glue types, path constructors, compositions of types and coercion along lines of them,
//! well typed and nearly so: the same answer, for the same reason.
//!
//! The judgements are drawn from fixed seeds. A disagreement names its seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[allow(dead_code)]
#[path = "mutants/change.rs"]
mod change;
#[path = "../crates/recheck/tests/common/mod.rs"]
mod common;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod plain;
use agreement::{Count, Dice, compare};
use bfv_format::{Decl, Node, Term};
use common::*;
use std::rc::Rc;

/// An interval term by level. Levels from `OPEN` on stand for a dimension that is bound later.
#[derive(Clone, Copy, PartialEq)]
enum L {
    Zero,
    One,
    At(u32),
}

const OPEN: u32 = 1 << 20;

fn dim(l: L) -> D {
    match l {
        L::Zero => D::Zero,
        L::One => D::One,
        L::At(n) => D::At(n),
    }
}

fn level(d: D) -> L {
    match d {
        D::Zero => L::Zero,
        D::One => L::One,
        D::At(n) => L::At(n),
    }
}

type Face = Vec<(L, L)>;

/// Types without term variables. The faces of a Glue type are along negation (true) or the identity; all of them along the
/// same one, unless they cannot meet.
#[derive(Clone, PartialEq)]
enum Ty {
    Bool,
    Nat,
    Circle,
    Trunc(Box<Ty>),
    Susp(Box<Ty>),
    Glue(Vec<(Face, bool)>),
    /// `hcom r s U [faces -> k. A(k)] A(r)`: the open dimension that k is bound to later, and A.
    Comp(L, L, Vec<Face>, u32, Box<Ty>),
    Fun(Box<Ty>, Box<Ty>),
    Pair(Box<Ty>, Box<Ty>),
}

impl Ty {
    /// The type with each of its interval terms changed.
    fn map(&self, f: &mut dyn FnMut(L) -> L) -> Ty {
        fn face(c: &Face, f: &mut dyn FnMut(L) -> L) -> Face {
            c.iter().map(|(a, b)| (f(*a), f(*b))).collect()
        }
        let mut go = |a: &Ty| Box::new(a.map(f));
        match self {
            Ty::Bool | Ty::Nat | Ty::Circle => self.clone(),
            Ty::Trunc(a) => Ty::Trunc(go(a)),
            Ty::Susp(a) => Ty::Susp(go(a)),
            Ty::Fun(a, b) => Ty::Fun(go(a), go(b)),
            Ty::Pair(a, b) => Ty::Pair(go(a), go(b)),
            Ty::Glue(faces) => Ty::Glue(faces.iter().map(|(c, n)| (face(c, f), *n)).collect()),
            Ty::Comp(r, s, faces, k, a) => {
                let a = go(a);
                let faces = faces.iter().map(|c| face(c, f)).collect();
                Ty::Comp(f(*r), f(*s), faces, *k, a)
            }
        }
    }

    fn at(&self, open: u32, r: L) -> Ty {
        self.map(&mut |l| if l == L::At(open) { r } else { l })
    }

    fn term(&self) -> T {
        match self {
            Ty::Bool => bool(),
            Ty::Nat => prim(bfv_format::Prim::Nat),
            Ty::Circle => data(0, &[]),
            Ty::Trunc(a) => data(1, &[a.term()]),
            Ty::Susp(a) => data(2, &[a.term()]),
            Ty::Fun(a, b) => arrow(a.term(), b.term()),
            Ty::Pair(a, b) => {
                let b = b.term();
                sigma(a.term(), move |_| b.clone())
            }
            Ty::Glue(faces) => glue(bool(), glued(faces)),
            Ty::Comp(r, s, faces, k, a) => {
                let side = |c: &Face| {
                    let (k, a) = (*k, a.clone());
                    side(eqs(c), move |i| a.at(k, level(i)).term())
                };
                hcom(dim(*r), dim(*s), univ(0), faces.iter().map(side).collect(), a.at(*k, *r).term())
            }
        }
    }
}

fn eqs(c: &Face) -> Eqs {
    c.iter().map(|(a, b)| (dim(*a), dim(*b))).collect()
}

fn closed(t: Term) -> T {
    Rc::new(move |_, _| t.clone())
}

fn glued(faces: &[(Face, bool)]) -> Vec<Glued> {
    let equivalence = |negated: bool| closed(if negated { plain::c(3) } else { plain::c(4) });
    faces.iter().map(|(c, n)| (eqs(c), bool(), equivalence(*n))).collect()
}

/// Whether a face is true, false (`Some`), or neither.
fn known(c: &Face) -> Option<bool> {
    let (mut rest, mut always) = (c.clone(), true);
    while let Some((a, b)) = rest.pop() {
        let (from, to) = match (a, b) {
            (a, b) if a == b => continue,
            (L::At(n), l) | (l, L::At(n)) => (L::At(n), l),
            _ => return Some(false),
        };
        always = false;
        let go = |l: L| if l == from { to } else { l };
        rest = rest.iter().map(|(a, b)| (go(*a), go(*b))).collect();
    }
    always.then_some(true)
}

fn truth(b: bool) -> T {
    if b { yes() } else { no() }
}

#[derive(Clone)]
struct Gen {
    dice: Rc<std::cell::RefCell<Dice>>,
    vars: Vec<(Ty, T)>,
    dims: Vec<L>,
    open: u32,
}

impl Gen {
    fn roll(&self, n: u32) -> u32 {
        self.dice.borrow_mut().roll(n)
    }

    /// A generator for what a closure makes: it must make the same each time.
    fn fork(&self) -> Gen {
        let more = u64::from(self.roll(1 << 30));
        let seed = self.dice.borrow().0.wrapping_add(more);
        Gen { dice: Rc::new(std::cell::RefCell::new(Dice(seed))), ..self.clone() }
    }

    /// The same, with a dice of its own again.
    fn again(&self) -> Gen {
        let dice = Dice(self.dice.borrow().0);
        Gen { dice: Rc::new(std::cell::RefCell::new(dice)), ..self.clone() }
    }

    fn line(&self, f: impl Fn(&Gen, D) -> T + 'static) -> impl Fn(D) -> T + 'static {
        let g = self.fork();
        move |i| {
            let mut g = g.again();
            g.dims.push(level(i));
            f(&g, i)
        }
    }

    fn dim(&self) -> L {
        match self.roll(2 + u32::try_from(self.dims.len()).unwrap()) {
            0 => L::Zero,
            1 => L::One,
            n => self.dims[usize::try_from(n - 2).unwrap()],
        }
    }

    fn face(&self) -> Face {
        (0..1 + self.roll(4) / 3).map(|_| (self.dim(), self.dim())).collect()
    }

    fn ty(&self, fuel: u32) -> Ty {
        let go = |g: &Gen| Box::new(g.ty(fuel.saturating_sub(1)));
        match self.roll(if fuel == 0 { 7 } else { 14 }) {
            0 => Ty::Bool,
            1 => Ty::Nat,
            2 => Ty::Circle,
            3 | 4 => {
                let i = self.dim();
                Ty::Glue(vec![(vec![(i, L::Zero)], true), (vec![(i, L::One)], self.roll(3) == 0)])
            }
            5 | 6 => {
                let negated = self.roll(2) == 0;
                Ty::Glue((0..1 + self.roll(2)).map(|_| (self.face(), negated)).collect())
            }
            7 => Ty::Trunc(go(self)),
            8 => Ty::Susp(go(self)),
            9 => Ty::Fun(go(self), go(self)),
            10 | 11 => Ty::Pair(go(self), go(self)),
            _ => {
                let mut g = self.fork();
                g.open += 1;
                g.dims.push(L::At(g.open));
                let a = Box::new(g.ty(fuel - 1));
                let faces = (0..1 + self.roll(2)).map(|_| self.face()).collect();
                Ty::Comp(self.dim(), self.dim(), faces, g.open, a)
            }
        }
    }

    /// A line of types that is the type at s: some occurrences of s are opened.
    fn line_of(&self, ty: &Ty, s: L) -> (u32, Ty) {
        // Beyond the open dimensions of the type itself.
        let open = OPEN + 1000 + self.open;
        (open, ty.map(&mut |l| if l == s && self.roll(3) > 0 { L::At(open) } else { l }))
    }

    fn term(&self, ty: &Ty, fuel: u32) -> T {
        let fits: Vec<&T> = self.vars.iter().filter(|(t, _)| t == ty).map(|(_, x)| x).collect();
        if !fits.is_empty() && self.roll(3) == 0 {
            return fits[usize::try_from(self.roll(u32::try_from(fits.len()).unwrap())).unwrap()].clone();
        }
        if fuel > 0 && self.roll(2) == 0 {
            return self.eliminated(ty, fuel - 1);
        }
        let f = fuel.saturating_sub(1);
        match ty {
            Ty::Bool => truth(self.roll(2) == 0),
            Ty::Nat => number(self.roll(3)),
            Ty::Circle if self.roll(2) == 0 => con(0, 0, &[], &[], &[]),
            Ty::Circle => con(0, 1, &[], &[], &[dim(self.dim())]),
            Ty::Trunc(a) if fuel == 0 || self.roll(2) == 0 => con(1, 0, &[a.term()], &[self.term(a, f)], &[]),
            Ty::Trunc(a) => con(1, 1, &[a.term()], &[self.term(ty, f), self.term(ty, f)], &[dim(self.dim())]),
            Ty::Susp(a) => match self.roll(4) {
                n if n < 2 => con(2, n, &[a.term()], &[], &[]),
                _ => con(2, 2, &[a.term()], &[self.term(a, f)], &[dim(self.dim())]),
            },
            Ty::Fun(a, b) => {
                let (g, a, b) = (self.fork(), a.clone(), b.clone());
                lam(move |x| {
                    let mut g = g.again();
                    g.vars.push(((*a).clone(), x));
                    g.term(&b, f)
                })
            }
            Ty::Pair(a, b) => pair(self.term(a, f), self.term(b, f)),
            Ty::Glue(faces) if faces.iter().any(|(c, _)| known(c) == Some(true)) => self.term(&Ty::Bool, f),
            Ty::Glue(faces) => {
                let base = self.roll(2) == 0;
                let kept = faces.iter().filter(|(c, _)| known(c) != Some(false) || self.roll(2) == 0);
                glue_el(truth(base), kept.map(|(c, n)| (eqs(c), truth(base != *n))).collect())
            }
            Ty::Comp(r, s, faces, k, a) => {
                if faces.iter().any(|c| known(c) == Some(true)) {
                    return self.term(&a.at(*k, *s), f);
                }
                let (r, faces, k, a) = (*r, faces.clone(), *k, a.clone());
                let start = self.term(&a.at(k, r), f);
                coe(dim(r), dim(*s), move |i| Ty::Comp(r, level(i), faces.clone(), k, a.clone()).term(), start)
            }
        }
    }

    /// A term of a type by way of another one.
    fn eliminated(&self, ty: &Ty, fuel: u32) -> T {
        match self.roll(12) {
            0..=3 => {
                let (r, s) = (self.dim(), self.dim());
                let (open, line) = self.line_of(ty, s);
                let start = self.term(&line.at(open, r), fuel);
                coe(dim(r), dim(s), move |i| line.at(open, level(i)).term(), start)
            }
            4 | 5 => {
                let (r, s) = (dim(self.dim()), dim(self.dim()));
                let (over, of) = (ty.clone(), ty.term());
                let moving = typed(dlam(self.line(move |g, _| g.term(&over, fuel))), line(move |_| of.clone()));
                let sides = (0..1 + self.roll(2)).map(|_| {
                    let moving = moving.clone();
                    side(eqs(&self.face()), move |i| lapp(&moving, i))
                });
                hcom(r, s, ty.term(), sides.collect(), lapp(&moving, r))
            }
            6 => {
                let target = ty.term();
                let (a, b) = (self.term(ty, fuel), self.term(ty, fuel));
                bool_elim(move |_| target.clone(), a, b, self.term(&Ty::Bool, fuel))
            }
            7 => {
                let (target, x) = (ty.term(), self.term(&Ty::Circle, fuel));
                let branches = match ty {
                    Ty::Circle => [con(0, 0, &[], &[], &[]), dlam(|i| con(0, 1, &[], &[], &[i]))],
                    _ => {
                        let b = self.term(ty, fuel);
                        [b.clone(), refl(b)]
                    }
                };
                data_elim(0, &[], move |_| target.clone(), &branches, x)
            }
            8 => {
                let (a, target) = (self.ty(0), ty.term());
                let b = self.term(ty, fuel);
                let merid = {
                    let b = b.clone();
                    lam(move |_| refl(b.clone()))
                };
                let x = self.term(&Ty::Susp(Box::new(a.clone())), fuel);
                data_elim(2, &[a.term()], move |_| target.clone(), &[b.clone(), b, merid], x)
            }
            9 if *ty == Ty::Bool => {
                let over = loop {
                    if let Ty::Glue(faces) = self.ty(0) {
                        break faces;
                    }
                };
                unglue(bool(), glued(&over), self.term(&Ty::Glue(over.clone()), fuel))
            }
            9 if matches!(ty, Ty::Trunc(_)) => {
                let Ty::Trunc(a) = ty else { unreachable!() };
                let (a, target) = (a.term(), ty.term());
                let (p, q) = (a.clone(), a.clone());
                let point = lam(move |x| con(1, 0, std::slice::from_ref(&p), &[x], &[]));
                let squash = lam(move |_| {
                    let q = q.clone();
                    lam(move |_| {
                        let q = q.clone();
                        lam(move |x| {
                            let q = q.clone();
                            lam(move |y| {
                                let (q, x) = (q.clone(), x.clone());
                                dlam(move |i| con(1, 1, std::slice::from_ref(&q), &[x.clone(), y.clone()], &[i]))
                            })
                        })
                    })
                });
                data_elim(1, &[a], move |_| target.clone(), &[point, squash], self.term(ty, fuel))
            }
            9 | 10 => {
                let a = self.ty(0);
                let f = Ty::Fun(Box::new(a.clone()), Box::new(ty.clone()));
                app(&typed(self.term(&f, fuel), f.term()), &self.term(&a, fuel))
            }
            _ => {
                let p = Ty::Pair(Box::new(ty.clone()), Box::new(self.ty(0)));
                fst(typed(self.term(&p, fuel), p.term()))
            }
        }
    }

    /// A term that may be the same as this one.
    fn variant(&self, ty: &Ty, a: &T) -> T {
        let of = ty.term();
        match (self.roll(7), ty) {
            (0, _) => typed(a.clone(), of),
            (1, _) => coe(D::Zero, D::One, move |_| of.clone(), a.clone()),
            (2, _) => self.term(ty, 2),
            (3, _) => hcom(D::Zero, D::One, of, vec![], a.clone()),
            (4 | 5, Ty::Glue(faces)) if faces.iter().all(|(c, _)| known(c).is_none()) => {
                let a = typed(a.clone(), of);
                glue_el(
                    unglue(bool(), glued(faces), a.clone()),
                    faces.iter().map(|(c, _)| (eqs(c), a.clone())).collect(),
                )
            }
            // At an end of a line, the line being the same with another dimension there.
            (4 | 5, _) if !self.dims.is_empty() => {
                let (r, s) = (self.dim(), self.dim());
                let (open, line) = self.line_of(ty, s);
                let back = line.clone();
                let there = coe(dim(s), dim(r), move |i| line.at(open, level(i)).term(), a.clone());
                coe(dim(r), dim(s), move |i| back.at(open, level(i)).term(), there)
            }
            _ => a.clone(),
        }
    }
}

/// The circle, the truncation, the suspension, negation and the identity as equivalences.
fn declarations() -> Vec<Decl> {
    let pole = |k| plain::con(2, k, vec![plain::v(1)], vec![]);
    let ends = vec![plain::part(plain::d(0), plain::I0, pole(0)), plain::part(plain::d(0), plain::I1, pole(1))];
    let suspension = plain::path_data(
        vec![plain::u(0)],
        0,
        vec![plain::point(vec![]), plain::point(vec![]), plain::path_con(vec![plain::v(0)], 1, ends)],
    );
    let equivalences = equiv(bool(), bool())(0, 0);
    vec![
        plain::circle(0),
        plain::truncation(1),
        suspension,
        plain::def(equivalences.clone(), plain::not_equiv()),
        plain::def(equivalences, plain::id_equiv()),
    ]
}

#[test]
fn both_give_one_answer_to_random_judgements_about_glue_and_paths() {
    let portions: u64 = std::env::var("BFV_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let first: u64 = std::env::var("BFV_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    plain::big(move || {
        let s = plain::signature(declarations());
        let (mut as_drawn, mut mutants) = (Count::default(), Count::default());
        for seed in first * 1_000_000..first * 1_000_000 + portions {
            let dice = Rc::new(std::cell::RefCell::new(Dice(seed * 15_485_863 + 5)));
            let mut g = Gen { dice, vars: vec![], dims: vec![], open: OPEN };
            g.dims = (0..g.roll(3)).map(L::At).collect();
            let dims = u32::try_from(g.dims.len()).unwrap();
            for k in 0..g.roll(3) {
                let ty = g.ty(1);
                g.vars.push((ty, Rc::new(move |n, _| Rc::new(Node::Var(n - 1 - k)))));
            }
            let vars = u32::try_from(g.vars.len()).unwrap();
            let ty = g.ty(2);
            let fuel = 1 + g.roll(3);
            let a = g.term(&ty, fuel);
            let b = g.variant(&ty, &a);
            let over = |x: Term, each: fn(Term) -> Term| (0..dims).fold(x, |x, _| each(x));
            let types = (0..vars).zip(&g.vars).rev();
            let inner = types
                .fold(path(ty.term(), a, b.clone())(vars, dims), |x, (k, (ty, _))| plain::pi(ty.term()(k, dims), x));
            let statement = over(inner, plain::line);
            let evidence = over((0..vars).fold(refl(b)(vars, dims), |x, _| plain::lam(x)), plain::dlam);
            compare(seed, &s, statement.clone(), evidence.clone(), &mut as_drawn);
            for _ in 0..2 {
                let (statement, evidence) = if g.roll(2) == 0 {
                    (change::somewhere(&statement, 5, |n| g.roll(n)), evidence.clone())
                } else {
                    (statement.clone(), change::somewhere(&evidence, 5, |n| g.roll(n)))
                };
                compare(seed, &s, statement, evidence, &mut mutants);
            }
        }
        println!("Figures: {as_drawn:?} as drawn, {mutants:?} with one change.");
        for count in [&as_drawn, &mutants] {
            let judged = count.accepted + count.refused;
            assert!(count.accepted * 10 > judged && count.refused * 10 > judged, "{as_drawn:?} {mutants:?}");
            assert!(count.unknown * 10 < judged, "{as_drawn:?} {mutants:?}");
        }
    });
}

/// Three judgements each. `cargo xtask soak` takes more.
const SEEDS: u64 = 700;
