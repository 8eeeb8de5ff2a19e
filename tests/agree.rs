//! Both checkers on random judgements, well typed and nearly so: the same answer, for the same reason.
//!
//! The judgements are drawn from fixed seeds. A disagreement names its seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
use agreement::{Count, Dice, compare};
use bfv_format::{Decl, Dim, Face, Node, Prim, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use common::*;

/// The types of the fragment: closed, so that terms of them need no substitution to be moved under a binder.
#[derive(Clone, PartialEq)]
enum Ty {
    Base(Prim),
    List,
    Fun(Box<Ty>, Box<Ty>),
    Pair(Box<Ty>, Box<Ty>),
    Line(Box<Ty>),
    /// Types in the lowest universe.
    Types,
    /// Equations `0 = 0` of natural numbers.
    Loop,
}

fn term_of(ty: &Ty) -> Term {
    match ty {
        Ty::Base(p) => prim(*p),
        Ty::List => data_at(0, vec![nat()]),
        Ty::Fun(a, b) => pi(term_of(a), term_of(b)),
        Ty::Pair(a, b) => sigma(term_of(a), term_of(b)),
        Ty::Line(a) => line(term_of(a)),
        Ty::Types => u(0),
        Ty::Loop => path(nat(), num(0), num(0)),
    }
}

/// Lists, a definition, an opaque theorem, and the identity of every type.
fn declarations() -> Vec<Decl> {
    let double = def(pi(nat(), nat()), lam(op(Prim::NatAdd, &[v(0), v(0)])));
    vec![
        data(vec![u(0)], 0, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]]),
        double,
        theorem(nat(), num(2)),
        def(pi(u(0), pi(v(0), v(1))), lam(lam(v(0)))),
    ]
}

/// Whether a type is in the lowest universe.
fn small(ty: &Ty) -> bool {
    match ty {
        Ty::Base(_) | Ty::List | Ty::Loop => true,
        Ty::Types => false,
        Ty::Fun(a, b) | Ty::Pair(a, b) => small(a) && small(b),
        Ty::Line(a) => small(a),
    }
}

struct Gen {
    dice: Dice,
    /// Types of the variables in scope, outermost first.
    vars: Vec<Ty>,
    dims: u32,
}

impl Gen {
    fn ty(&mut self, fuel: u32) -> Ty {
        let bases = [Prim::Nat, Prim::Bool, Prim::Int, Prim::Real, Prim::Unit];
        match self.dice.roll(if fuel == 0 { 8 } else { 11 }) {
            5 => Ty::List,
            9 => Ty::Types,
            10 => Ty::Loop,
            6 if fuel == 0 => Ty::Types,
            7 if fuel == 0 => Ty::Loop,
            6 => Ty::Fun(Box::new(self.ty(fuel - 1)), Box::new(self.ty(fuel - 1))),
            7 => Ty::Pair(Box::new(self.ty(fuel - 1)), Box::new(self.ty(fuel - 1))),
            8 => Ty::Line(Box::new(self.ty(fuel - 1))),
            n => Ty::Base(bases[usize::try_from(n).unwrap()]),
        }
    }

    fn dim(&mut self) -> Dim {
        match self.dice.roll(2 + self.dims) {
            0 => I0,
            1 => I1,
            n => d(n - 2),
        }
    }

    /// A type term that is this type after some computation.
    fn written(&mut self, ty: &Ty) -> Term {
        match self.dice.roll(4) {
            0 => let_(u(1), term_of(ty), v(0)),
            1 => t(Node::LApp(let_(line(u(1)), dlam(term_of(ty)), v(0)), self.dim())),
            _ => term_of(ty),
        }
    }

    fn bound<T>(&mut self, ty: &Ty, f: impl FnOnce(&mut Gen) -> T) -> T {
        self.vars.push(ty.clone());
        let out = f(self);
        self.vars.pop();
        out
    }

    fn under<T>(&mut self, f: impl FnOnce(&mut Gen) -> T) -> T {
        self.dims += 1;
        let out = f(self);
        self.dims -= 1;
        out
    }

    fn var(&mut self, ty: &Ty) -> Option<Term> {
        let n = self.vars.len();
        let fits: Vec<usize> = (0..n).filter(|k| self.vars[*k] == *ty).collect();
        let pick = if fits.is_empty() { return None } else { self.dice.roll(u32::try_from(fits.len()).unwrap()) };
        Some(v(u32::try_from(n - 1 - fits[usize::try_from(pick).unwrap()]).unwrap()))
    }

    fn term(&mut self, ty: &Ty, fuel: u32) -> Term {
        if self.dice.roll(3) == 0
            && let Some(x) = self.var(ty)
        {
            return x;
        }
        if fuel > 0 && self.dice.roll(2) == 0 {
            return self.eliminated(ty, fuel - 1);
        }
        let f = fuel.saturating_sub(1);
        match ty {
            Ty::Fun(a, b) => {
                let body = self.bound(a, |g| g.term(b, f));
                lam(body)
            }
            Ty::Pair(a, b) => pair(self.term(a, f), self.term(b, f)),
            Ty::Line(a) => dlam(self.under(|g| g.term(a, f))),
            Ty::List if fuel == 0 || self.dice.roll(3) == 0 => con(0, 0, vec![nat()], vec![]),
            Ty::List => con(0, 1, vec![nat()], vec![self.term(&Ty::Base(Prim::Nat), f), self.term(ty, f)]),
            Ty::Base(p) => self.number(*p, fuel),
            Ty::Types => {
                let some = loop {
                    let ty = self.ty(f.min(1));
                    if small(&ty) {
                        break ty;
                    }
                };
                self.written(&some)
            }
            Ty::Loop => refl(num(0)),
        }
    }

    /// An equation `0 = 0` at a dimension, its ends written in some way.
    fn at_loop(&mut self, fuel: u32) -> Term {
        let zero = |g: &mut Gen| if g.dice.roll(2) == 0 { num(0) } else { op(Prim::NatMul, &[v(1), num(0)]) };
        self.bound(&Ty::Base(Prim::Nat), |g| {
            let p = g.term(&Ty::Loop, fuel);
            let (a, b, r) = (zero(g), zero(g), g.dim());
            let_(nat(), num(3), let_(path(nat(), num(0), num(0)), p, papp(v(0), a, b, r)))
        })
    }

    fn call(&mut self, p: Prim, args: &[Prim], fuel: u32) -> Term {
        let args: Vec<Term> = args.iter().map(|a| self.term(&Ty::Base(*a), fuel)).collect();
        op(p, &args)
    }

    fn number(&mut self, p: Prim, fuel: u32) -> Term {
        use Prim::{Bool, Int, Nat, Real};
        let f = fuel.saturating_sub(1);
        let n = if fuel == 0 { 0 } else { self.dice.roll(8) };
        match (p, n) {
            (Nat, 1) => self.call(Prim::Suc, &[Nat], f),
            (Nat, 2) => self.call(Prim::NatAdd, &[Nat, Nat], f),
            (Nat, 3) => self.call(Prim::NatSub, &[Nat, Nat], f),
            (Nat, 4) => self.call(Prim::NatMul, &[Nat, Nat], f),
            (Nat, 5) => app(c(1), self.term(&Ty::Base(Nat), f)),
            (Nat, 6) => c(2),
            (Nat, 7) => self.at_loop(f),
            (Nat, _) => num(self.dice.small(4)),
            (Bool, 1 | 2) => self.call(Prim::NatLtb, &[Nat, Nat], f),
            (Bool, 3) => self.call(Prim::IntLtb, &[Int, Int], f),
            (Bool, 4) => self.call(Prim::RealLtb, &[Real, Real], f),
            (Bool, _) => prim(if self.dice.roll(2) == 0 { Prim::True } else { Prim::False }),
            (Int, 1) => self.call(Prim::IntPos, &[Nat], f),
            (Int, 2) => self.call(Prim::IntNegSuc, &[Nat], f),
            (Int, 3) => self.call(Prim::IntAdd, &[Int, Int], f),
            (Int, 4) => self.call(Prim::IntSub, &[Int, Int], f),
            (Int, 5) => self.call(Prim::IntMul, &[Int, Int], f),
            (Int, _) => int(i64::from(self.dice.roll(5)) - 2),
            (Real, 1) => self.call(Prim::RealAdd, &[Real, Real], f),
            (Real, 2) => self.call(Prim::RealMul, &[Real, Real], f),
            (Real, 3) => self.call(Prim::RealInv, &[Real], f),
            (Real, 4) => self.call(Prim::RealOfNat, &[Nat], f),
            (Real, 5) => self.call(Prim::RealOfInt, &[Int], f),
            (Real, _) => rat([-1, 0, 1, 1, 3][usize::try_from(self.dice.roll(5)).unwrap()], 1),
            _ => prim(Prim::Star),
        }
    }

    /// A term of a type by way of another one.
    fn eliminated(&mut self, ty: &Ty, fuel: u32) -> Term {
        let target = self.written(ty);
        let base = |p| Ty::Base(p);
        match self.dice.roll(13) {
            0 => {
                let (a, b) = (self.term(ty, fuel), self.term(ty, fuel));
                bool_elim(target, a, b, self.term(&base(Prim::Bool), fuel))
            }
            1 => {
                let zero = self.term(ty, fuel);
                let step = self.bound(&base(Prim::Nat), |g| g.bound(ty, |g| g.term(ty, fuel)));
                nat_elim(target, zero, lam(lam(step)), self.term(&base(Prim::Nat), fuel.min(1)))
            }
            2 => {
                let mut case = || lam(self.bound(&base(Prim::Nat), |g| g.term(ty, fuel)));
                let (pos, neg) = (case(), case());
                t(Node::IntElim(target, pos, neg, self.term(&base(Prim::Int), fuel)))
            }
            3 => {
                let nil = self.term(ty, fuel);
                let cons = self.bound(&base(Prim::Nat), |g| g.bound(&Ty::List, |g| g.bound(ty, |g| g.term(ty, fuel))));
                data_elim(0, vec![nat()], target, vec![nil, lam(lam(lam(cons)))], self.term(&Ty::List, fuel))
            }
            4 => {
                let a = self.ty(0);
                let value = self.term(&a, fuel);
                let_(term_of(&a), value, self.bound(&a, |g| g.term(ty, fuel)))
            }
            5 => {
                let a = self.ty(0);
                let f = Ty::Fun(Box::new(a.clone()), Box::new(ty.clone()));
                let fun = self.term(&f, fuel);
                let_(term_of(&f), fun, app(v(0), self.bound(&f, |g| g.term(&a, fuel))))
            }
            6 | 7 => {
                let (first, other) = (self.dice.roll(2) == 0, self.ty(0));
                let both = if first { (ty.clone(), other) } else { (other, ty.clone()) };
                let p = Ty::Pair(Box::new(both.0), Box::new(both.1));
                let value = self.term(&p, fuel);
                let_(term_of(&p), value, if first { fst(v(0)) } else { snd(v(0)) })
            }
            8 => {
                let l = Ty::Line(Box::new(ty.clone()));
                let value = self.term(&l, fuel);
                let_(term_of(&l), value, lapp(v(0), self.dim()))
            }
            // The identity, raised as far as the type needs, and further.
            12 => {
                let at = self.dice.roll(3) + u32::from(!small(ty));
                let target = if at == 0 { term_of(ty) } else { target };
                app(app(raised(3, at), target), self.term(ty, fuel))
            }
            9 => coe(self.dim(), self.dim(), target, self.term(ty, fuel)),
            // The base is a variable, which means the same under the dimension that a side binds.
            10 => {
                let value = self.term(ty, fuel);
                let cof = (0..1 + self.dice.roll(2)).map(|_| (self.dim(), self.dim())).collect();
                let sides = vec![Face { cof, body: v(0) }];
                let_(term_of(ty), value, hcom(self.dim(), self.dim(), term_of(ty), sides, v(0)))
            }
            // Sides that move along a line, which is the base at their start.
            _ => {
                let l = Ty::Line(Box::new(ty.clone()));
                let value = self.term(&l, fuel);
                let (r, s) = (self.dim(), self.dim());
                let sides = vec![Face { cof: vec![(self.dim(), self.dim())], body: lapp(v(0), d(0)) }];
                let_(term_of(&l), value, hcom(r, s, term_of(ty), sides, lapp(v(0), r)))
            }
        }
    }

    /// A term that may be the same as this one: written otherwise, computed, or another.
    fn variant(&mut self, s: &Signature, ty: &Ty, a: &Term) -> Term {
        match self.dice.roll(8) {
            0 => let_(term_of(ty), a.clone(), v(0)),
            1 => coe(I0, I0, term_of(ty), a.clone()),
            2 => hcom(I1, I1, term_of(ty), vec![], a.clone()),
            3 => coe(I0, I1, term_of(ty), a.clone()),
            4 => self.term(ty, 2),
            5 => match ty {
                Ty::Fun(..) => let_(term_of(ty), a.clone(), lam(app(v(1), v(0)))),
                Ty::Pair(..) => let_(term_of(ty), a.clone(), pair(fst(v(0)), snd(v(0)))),
                Ty::Line(_) => let_(term_of(ty), a.clone(), dlam(lapp(v(0), d(0)))),
                _ => bool_elim(term_of(ty), a.clone(), self.term(ty, 1), prim(Prim::True)),
            },
            6 => self.computed(s, a).unwrap_or_else(|| a.clone()),
            _ => a.clone(),
        }
    }

    /// The normal form that the kernel finds.
    fn computed(&self, s: &Signature, a: &Term) -> Option<Term> {
        let m = Machine::new(s, Limits { steps: 100_000, depth: 2_000 });
        let mut ctx = Ctx::default();
        for ty in &self.vars {
            ctx = m.bind(&ctx, m.eval(&ctx.env, &term_of(ty))).0;
        }
        for _ in 0..self.dims {
            ctx = m.bind_dim(&ctx).0;
        }
        m.normal(&ctx, &m.eval(&ctx.env, a)).ok()
    }
}

/// The term with the n-th of its nodes changed a little.
fn changed(x: &Term, n: &mut u32, dice: &mut Dice) -> Term {
    let here = *n == 0;
    *n = n.wrapping_sub(1);
    let mut go = |y: &Term| changed(y, n, dice);
    if here {
        let roll = dice.roll(4);
        return t(match &**x {
            Node::Var(k) => Node::Var(if roll == 0 { k.saturating_sub(1) } else { k + 1 }),
            Node::NatLit(k) => Node::NatLit(k + 1u8),
            Node::IntLit(k) => Node::NatLit(k.magnitude().clone()),
            Node::Univ(k) => Node::Univ(k + 1),
            Node::Prim(_) => Node::Prim(Prim::ALL[usize::try_from(dice.roll(27)).unwrap()]),
            Node::Lam(a) | Node::DLam(a) | Node::Fst(a) | Node::Line(a) => return a.clone(),
            Node::Snd(a) => Node::Fst(a.clone()),
            Node::App(a, b) if roll == 0 => Node::App(b.clone(), a.clone()),
            Node::App(_, a) => return a.clone(),
            Node::Pair(a, b) => Node::Pair(b.clone(), a.clone()),
            Node::Pi(a, b) => Node::Sigma(a.clone(), b.clone()),
            Node::Sigma(a, b) => Node::Pi(a.clone(), b.clone()),
            Node::LApp(a, _) => Node::LApp(a.clone(), [I0, I1, d(0), d(1)][usize::try_from(roll).unwrap()]),
            Node::Coe(r, s, a, b) => Node::Coe(*s, *r, a.clone(), b.clone()),
            Node::HCom(r, s, a, fs, b) if roll < 2 => Node::HCom(*s, *r, a.clone(), fs.clone(), b.clone()),
            Node::HCom(r, s, a, _, b) => Node::HCom(*r, *s, a.clone(), vec![face(d(0), I0, num(0))], b.clone()),
            Node::BoolElim(m, a, b, y) => Node::BoolElim(m.clone(), b.clone(), a.clone(), y.clone()),
            Node::Let(a, y, b) => Node::Let(y.clone(), a.clone(), b.clone()),
            Node::Con(k, n, ps, fs, rs) => Node::Con(*k, 1 - n, ps.clone(), fs.clone(), rs.clone()),
            _ => Node::Prim(Prim::Star),
        });
    }
    t(match &**x {
        Node::Pi(a, b) => Node::Pi(go(a), go(b)),
        Node::Sigma(a, b) => Node::Sigma(go(a), go(b)),
        Node::App(a, b) => Node::App(go(a), go(b)),
        Node::Pair(a, b) => Node::Pair(go(a), go(b)),
        Node::Lam(a) => Node::Lam(go(a)),
        Node::DLam(a) => Node::DLam(go(a)),
        Node::Line(a) => Node::Line(go(a)),
        Node::Fst(a) => Node::Fst(go(a)),
        Node::Snd(a) => Node::Snd(go(a)),
        Node::LApp(a, r) => Node::LApp(go(a), *r),
        Node::Let(a, y, b) => Node::Let(go(a), go(y), go(b)),
        Node::Path(a, y, b) => Node::Path(go(a), go(y), go(b)),
        Node::Coe(r, s, a, b) => Node::Coe(*r, *s, go(a), go(b)),
        Node::HCom(r, s, a, fs, b) => {
            let fs = fs.iter().map(|f| Face { cof: f.cof.clone(), body: go(&f.body) }).collect();
            Node::HCom(*r, *s, go(a), fs, go(b))
        }
        Node::BoolElim(m, a, b, y) => Node::BoolElim(go(m), go(a), go(b), go(y)),
        Node::NatElim(m, a, b, y) => Node::NatElim(go(m), go(a), go(b), go(y)),
        Node::IntElim(m, a, b, y) => Node::IntElim(go(m), go(a), go(b), go(y)),
        Node::Con(k, n, ps, fs, rs) => Node::Con(*k, *n, ps.clone(), fs.iter().map(go).collect(), rs.clone()),
        Node::DataElim(k, ps, m, bs, y) => {
            Node::DataElim(*k, ps.clone(), go(m), bs.iter().map(&mut go).collect(), go(y))
        }
        _ => return x.clone(),
    })
}

#[test]
fn both_give_one_answer_to_random_equations() {
    big(|| {
        let s = signature(declarations());
        let mut count = Count::default();
        for seed in 0..SEEDS {
            let mut g = Gen { dice: Dice(seed * 7_919 + 1), vars: vec![], dims: 0 };
            for _ in 0..g.dice.roll(5) {
                let ty = g.ty(1);
                g.vars.push(ty);
            }
            g.dims = g.dice.roll(3);
            let ty = g.ty(1);
            let fuel = 1 + g.dice.roll(4);
            let a = g.term(&ty, fuel);
            let b = g.variant(&s, &ty, &a);
            let close = |x: Term, over: fn(Term) -> Term, each: &dyn Fn(Term, &Ty) -> Term| {
                let x = (0..g.dims).fold(x, |x, _| over(x));
                g.vars.iter().rev().fold(x, each)
            };
            let statement = close(path(term_of(&ty), a, b.clone()), line, &|x, ty| pi(term_of(ty), x));
            // The proof is a constant path, of a variable so that no term stands under one more dimension.
            let evidence = close(let_(term_of(&ty), b, refl(v(0))), dlam, &|x, _| lam(x));
            compare(seed, &s, statement.clone(), evidence.clone(), &mut count);
            for _ in 0..2 {
                let mut at = g.dice.roll(60);
                if g.dice.roll(2) == 0 {
                    let other = changed(&statement, &mut at, &mut g.dice);
                    compare(seed, &s, other, evidence.clone(), &mut count);
                } else {
                    let other = changed(&evidence, &mut at, &mut g.dice);
                    compare(seed, &s, statement.clone(), other, &mut count);
                }
            }
        }
        println!("{count:?}");
        assert!(count.accepted > 300 && count.refused > 300 && count.unknown < 100, "{count:?}");
    });
}
const SEEDS: u64 = 1_000;
