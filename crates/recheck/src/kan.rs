//! Kan operations, one function per type former, each the line of KERNEL.md section 5 that it cites.

use crate::Res;
use crate::closure::{Clo, Closure, Coe, DBind, Delay, Env, HCom, Ivl, Side, Sub};
use crate::machine::{Flow, Head, Machine, NatView, Whnf, stuck};
use crate::scene::{D, Pen, Scene, Shape, V, app, base, call, con, fst, nat, pair, snd, sucs};
use bfv_format::{DataRef, Face, Prim, Term};
use num_bigint::BigUint;
use num_traits::Zero;
use std::rc::Rc;

type Writer<'f> = dyn Fn(Pen, D) -> Term + 'f;

/// The parts of an hcom as variables of a scene: ends, faces with their sides as lines, base.
struct Parts {
    r: D,
    s: D,
    sides: Vec<(Shape, V)>,
    base: V,
}

impl Parts {
    fn new(scene: &mut Scene, h: &HCom) -> Self {
        let (r, s) = (scene.dim(h.from), scene.dim(h.to));
        let sides = h.sides.iter().map(|x| (scene.cof(&x.cof), scene.line(x.body.clone()))).collect();
        Parts { r, s, sides, base: scene.term(h.base.clone()) }
    }

    /// Every side at its own dimension, changed by `f`.
    fn faces(&self, pen: Pen, f: impl Fn(Pen, Term) -> Term) -> Vec<Face> {
        self.sides.iter().map(|(cof, u)| pen.face(cof, |pen, i| f(pen, pen.at(*u, i)))).collect()
    }
}

impl Machine<'_> {
    /// `coe r s (i. A) t`.
    pub(crate) fn coe(&self, c: &Coe, threshold: u32) -> Res<Flow> {
        if c.from == c.to {
            return Ok(Flow::Next(c.arg.clone()));
        }
        let i = self.name();
        let blocked = match self.whnf_at(&c.line.inst(Ivl::Name(i)), threshold)? {
            Whnf::Pi(a, b) => {
                let mut scene = Scene::new();
                let (r, s, f) = (scene.dim(c.from), scene.dim(c.to), scene.term(c.arg.clone()));
                let (a, b) = (scene.line(DBind::abs(i, a)), scene.line_of_fun(i, b));
                // fun a => coe r s (i. B[coe s i A a]) (f (coe s r A a))
                let t = scene.pen().lam(|pen, x| {
                    let back = |pen: Pen, to: D| pen.coe(s, to, |pen, i| pen.at(a, i), pen.v(x));
                    pen.coe(r, s, |pen, i| app(pen.at(b, i), back(pen, i)), app(pen.v(f), back(pen, r)))
                });
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Sigma(a, b) => {
                let mut scene = Scene::new();
                let (r, s, p) = (scene.dim(c.from), scene.dim(c.to), scene.term(c.arg.clone()));
                let (a, b) = (scene.line(DBind::abs(i, a)), scene.line_of_fun(i, b));
                // (coe r s A p.1, coe r s (i. B[coe r i A p.1]) p.2)
                let pen = scene.pen();
                let first = |pen: Pen, to: D| pen.coe(r, to, |pen, i| pen.at(a, i), fst(pen.v(p)));
                let t = pair(first(pen, s), pen.coe(r, s, |pen, i| app(pen.at(b, i), first(pen, i)), snd(pen.v(p))));
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Line(a) => {
                let mut scene = Scene::new();
                let (r, s, p) = (scene.dim(c.from), scene.dim(c.to), scene.term(c.arg.clone()));
                let a = scene.line(DBind::abs(i, Rc::new(Closure::DFun(a))));
                let t =
                    scene.pen().dlam(|pen, j| pen.coe(r, s, |pen, i| pen.lapp(pen.at(a, i), j), pen.lapp(pen.v(p), j)));
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Path(a, left, right) => {
                let mut scene = Scene::new();
                let (r, s, p) = (scene.dim(c.from), scene.dim(c.to), scene.term(c.arg.clone()));
                let a = scene.line(DBind::abs(i, Rc::new(Closure::DFun(a))));
                let (left, right) = (scene.line(DBind::abs(i, left)), scene.line(DBind::abs(i, right)));
                // DLam j. com r s (i. A) [j=0 -> i. a; j=1 -> i. b] (p j)
                let t = scene.pen().dlam(|pen, j| {
                    let at_left = vec![(j, D::Zero)];
                    let at_right = vec![(j, D::One)];
                    let sides: [(&Shape, &Writer); 2] =
                        [(&at_left, &|pen, i| pen.at(left, i)), (&at_right, &|pen, i| pen.at(right, i))];
                    let start = pen.papp(pen.v(p), pen.at(left, r), pen.at(right, r), j);
                    pen.com(r, s, |pen, i| pen.lapp(pen.at(a, i), j), &sides, start)
                });
                return Ok(Flow::Next(scene.close(t)));
            }
            // At U and at the base types: the identity.
            Whnf::Univ(_) | Whnf::Prim(..) => return Ok(Flow::Next(c.arg.clone())),
            Whnf::Data(d, params) => match self.whnf_at(&c.arg, threshold)? {
                Whnf::Con(_, k, _, fields) => {
                    let target = params.iter().map(|p| p.act(&Sub::one(i, c.to))).collect::<Vec<_>>();
                    let moved = self.coe_fields(c, i, d, k, &params, &fields)?;
                    return Ok(Flow::Next(con(d, k, &target, &moved)));
                }
                Whnf::Stuck(s) => s.blocked,
                _ => None,
            },
            Whnf::Stuck(s) => s.blocked,
            _ => None,
        };
        Ok(stuck(Head::Coe(c.clone()), blocked))
    }

    /// The fields of a constructor along a line of parameters; each along the fillers of the earlier ones.
    fn coe_fields(&self, c: &Coe, i: u64, d: DataRef, k: u32, params: &[Clo], fields: &[Clo]) -> Res<Vec<Clo>> {
        let mut env = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let mut out = Vec::new();
        for (ty, field) in self.fields(d, k)?.iter().zip(fields) {
            let line = DBind::abs(i, Rc::new(Closure::Term(ty.clone(), env.clone())));
            let to = |to: Ivl| -> Clo {
                Rc::new(Closure::Coe(Coe { from: c.from, to, line: line.clone(), arg: field.clone() }))
            };
            out.push(to(c.to));
            env = env.push(to(Ivl::Name(i)));
        }
        Ok(out)
    }

    /// `hcom r s A [phi -> i. u] b`.
    pub(crate) fn hcom(&self, h: &HCom, threshold: u32) -> Res<Flow> {
        if h.from == h.to {
            return Ok(Flow::Next(h.base.clone()));
        }
        for side in &h.sides {
            self.charge(1 + u64::try_from(side.cof.len()).unwrap_or(u64::MAX))?;
        }
        let live = match self.live_sides(&h.sides) {
            Err(side) => return Ok(Flow::Next(side.body.inst(h.to))),
            Ok(live) => live,
        };
        let unifiers: Vec<Sub> = live.iter().map(|(_, s)| s.clone()).collect();
        let sides: Vec<Side> = live.into_iter().map(|(s, _)| s.clone()).collect();
        let h = HCom { sides, ..h.clone() };
        let blocked = match self.whnf_at(&h.ty, threshold)? {
            Whnf::Pi(_, b) => {
                let mut scene = Scene::new();
                let (p, b) = (Parts::new(&mut scene, &h), scene.fun(b));
                // fun a => hcom r s B[a] [u a] (b a)
                let t = scene.pen().lam(|pen, x| {
                    let faces = p.faces(pen, |pen, u| app(u, pen.v(x)));
                    pen.hcom(p.r, p.s, app(pen.v(b), pen.v(x)), faces, app(pen.v(p.base), pen.v(x)))
                });
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Sigma(a, b) => {
                let mut scene = Scene::new();
                let (p, a, b) = (Parts::new(&mut scene, &h), scene.term(a), scene.fun(b));
                // h(s') = hcom r s' A [u.1] b.1, then (h(s), com r s (i. B[h(i)]) [u.2] b.2)
                let pen = scene.pen();
                let first =
                    |pen: Pen, to: D| pen.hcom(p.r, to, pen.v(a), p.faces(pen, |_, u| fst(u)), fst(pen.v(p.base)));
                let seconds: Vec<Box<Writer>> =
                    p.sides.iter().map(|(_, u)| Box::new(|pen: Pen, i| snd(pen.at(*u, i))) as Box<Writer>).collect();
                let sides: Vec<(&Shape, &Writer)> =
                    p.sides.iter().zip(&seconds).map(|((cof, _), u)| (cof, u.as_ref())).collect();
                let second = pen.com(p.r, p.s, |pen, i| app(pen.v(b), first(pen, i)), &sides, snd(pen.v(p.base)));
                let t = pair(first(pen, p.s), second);
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Line(a) => {
                let mut scene = Scene::new();
                let (p, a) = (Parts::new(&mut scene, &h), scene.line(a));
                let t = scene.pen().dlam(|pen, j| {
                    let faces = p.faces(pen, |pen, u| pen.lapp(u, j));
                    pen.hcom(p.r, p.s, pen.at(a, j), faces, pen.lapp(pen.v(p.base), j))
                });
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Path(a, left, right) => {
                let mut scene = Scene::new();
                let (p, a) = (Parts::new(&mut scene, &h), scene.line(a));
                let (left, right) = (scene.term(left), scene.term(right));
                // DLam j. hcom r s A [u j; j=0 -> a; j=1 -> b] (p j)
                let t = scene.pen().dlam(|pen, j| {
                    let at = |pen: Pen, q: Term| pen.papp(q, pen.v(left), pen.v(right), j);
                    let mut faces = p.faces(pen, at);
                    faces.push(pen.face(&vec![(j, D::Zero)], |pen, _| pen.v(left)));
                    faces.push(pen.face(&vec![(j, D::One)], |pen, _| pen.v(right)));
                    pen.hcom(p.r, p.s, pen.at(a, j), faces, at(pen, pen.v(p.base)))
                });
                return Ok(Flow::Next(scene.close(t)));
            }
            Whnf::Prim(Prim::Bool, _) => match self.hcom_bool(&h, &unifiers, threshold)? {
                Ok(flow) => return Ok(flow),
                Err(blocked) => blocked,
            },
            Whnf::Prim(Prim::Nat, _) => match self.hcom_nat(&h, &unifiers, threshold)? {
                Ok(flow) => return Ok(flow),
                Err(blocked) => blocked,
            },
            Whnf::Prim(Prim::Int, _) => match self.hcom_int(&h, &unifiers, threshold)? {
                Ok(flow) => return Ok(flow),
                Err(blocked) => blocked,
            },
            Whnf::Data(d, params) => match self.hcom_data(&h, &unifiers, d, &params, threshold)? {
                Ok(flow) => return Ok(flow),
                Err(blocked) => blocked,
            },
            Whnf::Stuck(s) => s.blocked,
            // U, Empty, Unit and Real: stuck.
            _ => None,
        };
        Ok(stuck(Head::HCom(h), blocked))
    }

    /// A side under its own face, with its dimension free.
    fn side(&self, side: &Side, unifier: &Sub, i: u64) -> Clo {
        side.body.inst(Ivl::Name(i)).act(unifier)
    }

    /// Base and all sides the same constructor: that constructor.
    fn hcom_bool(&self, h: &HCom, us: &[Sub], threshold: u32) -> Res<Result<Flow, Option<u32>>> {
        let of = |w| match w {
            Whnf::Prim(p @ (Prim::True | Prim::False), _) => Ok(p),
            Whnf::Stuck(s) => Err(s.blocked),
            _ => Err(None),
        };
        let base = match of(self.whnf_at(&h.base, threshold)?) {
            Ok(p) => p,
            Err(blocked) => return Ok(Err(blocked)),
        };
        for (side, u) in h.sides.iter().zip(us) {
            match of(self.whnf_at(&self.side(side, u, self.name()), threshold)?) {
                Ok(p) if p == base => {}
                Ok(_) => return Ok(Err(None)),
                Err(blocked) => return Ok(Err(blocked)),
            }
        }
        Ok(Ok(Flow::Value(Whnf::Prim(base, Vec::new()))))
    }

    /// 0 when all are 0, and `Suc (hcom of predecessors)` when all are successors.
    fn hcom_nat(&self, h: &HCom, us: &[Sub], threshold: u32) -> Res<Result<Flow, Option<u32>>> {
        let of = |v| match v {
            NatView::Lit(n) if n.is_zero() => Ok(None),
            NatView::Lit(n) => Ok(Some(nat(n - 1u8))),
            NatView::Suc(k, c) => Ok(Some(sucs(k - 1u8, c))),
            NatView::Stuck(blocked) => Err(blocked),
        };
        let base = match of(self.nat_view(&h.base, threshold)?) {
            Ok(v) => v,
            Err(blocked) => return Ok(Err(blocked)),
        };
        let mut sides = Vec::new();
        for (side, u) in h.sides.iter().zip(us) {
            let i = self.name();
            match (&base, of(self.nat_view(&self.side(side, u, i), threshold)?)) {
                (None, Ok(None)) => {}
                (Some(_), Ok(Some(c))) => sides.push(Side { cof: side.cof.clone(), body: DBind::abs(i, c) }),
                (_, Ok(_)) => return Ok(Err(None)),
                (_, Err(blocked)) => return Ok(Err(blocked)),
            }
        }
        Ok(Ok(Flow::Value(match base {
            None => Whnf::Nat(BigUint::zero()),
            Some(base) => Whnf::Suc(crate::machine::one(), Rc::new(Closure::HCom(HCom { sides, base, ..h.clone() }))),
        })))
    }

    /// The same with `IntPos` and `IntNegSuc`.
    fn hcom_int(&self, h: &HCom, us: &[Sub], threshold: u32) -> Res<Result<Flow, Option<u32>>> {
        let (negative, start) = match self.int_view(self.whnf_at(&h.base, threshold)?) {
            Ok(v) => v,
            Err(blocked) => return Ok(Err(blocked)),
        };
        let mut sides = Vec::new();
        for (side, u) in h.sides.iter().zip(us) {
            let i = self.name();
            match self.int_view(self.whnf_at(&self.side(side, u, i), threshold)?) {
                Ok((n, c)) if n == negative => {
                    sides.push(Side { cof: side.cof.clone(), body: DBind::abs(i, c) });
                }
                Ok(_) => return Ok(Err(None)),
                Err(blocked) => return Ok(Err(blocked)),
            }
        }
        let inner = Closure::HCom(HCom { ty: base(Prim::Nat), sides, base: start, ..h.clone() });
        let con = if negative { Prim::IntNegSuc } else { Prim::IntPos };
        Ok(Ok(Flow::Next(call(con, &[Rc::new(inner)]))))
    }

    /// Base and all sides the same constructor: fieldwise, with `com` along the fillers of earlier fields.
    fn hcom_data(
        &self,
        h: &HCom,
        us: &[Sub],
        d: DataRef,
        params: &[Clo],
        threshold: u32,
    ) -> Res<Result<Flow, Option<u32>>> {
        let (k, fields) = match self.whnf_at(&h.base, threshold)? {
            Whnf::Con(_, k, _, fields) => (k, fields),
            Whnf::Stuck(s) => return Ok(Err(s.blocked)),
            _ => return Ok(Err(None)),
        };
        let mut sides = Vec::new();
        for (side, u) in h.sides.iter().zip(us) {
            let i = self.name();
            match self.whnf_at(&self.side(side, u, i), threshold)? {
                Whnf::Con(_, other, _, fs) if other == k => sides.push((side, i, fs)),
                Whnf::Stuck(s) => return Ok(Err(s.blocked)),
                _ => return Ok(Err(None)),
            }
        }
        let i = self.name();
        let mut env = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let mut out = Vec::new();
        for (number, (ty, field)) in self.fields(d, k)?.iter().zip(fields.iter()).enumerate() {
            let line = DBind::abs(i, Rc::new(Closure::Term(ty.clone(), env.clone())));
            let here: Vec<Side> = sides
                .iter()
                .filter_map(|(side, i, fs)| {
                    Some(Side { cof: side.cof.clone(), body: DBind::abs(*i, fs.get(number)?.clone()) })
                })
                .collect();
            out.push(com(h.from, h.to, &line, &here, field));
            env = env.push(com(h.from, Ivl::Name(i), &line, &here, field));
        }
        Ok(Ok(Flow::Next(con(d, k, params, &out))))
    }
}

/// `com r s (i. A) [sides] b` at closures.
fn com(r: Ivl, s: Ivl, line: &DBind, sides: &[Side], start: &Clo) -> Clo {
    let mut scene = Scene::new();
    let (r, s) = (scene.dim(r), scene.dim(s));
    let line = scene.line(line.clone());
    let sides: Vec<(Shape, V)> = sides.iter().map(|x| (scene.cof(&x.cof), scene.line(x.body.clone()))).collect();
    let start = scene.term(start.clone());
    let writers: Vec<Box<Writer>> =
        sides.iter().map(|(_, u)| Box::new(|pen: Pen, i| pen.at(*u, i)) as Box<Writer>).collect();
    let sides: Vec<(&Shape, &Writer)> = sides.iter().zip(&writers).map(|((cof, _), u)| (cof, u.as_ref())).collect();
    let pen = scene.pen();
    let t = pen.com(r, s, |pen, i| pen.at(line, i), &sides, pen.v(start));
    drop(sides);
    drop(writers);
    scene.close(t)
}
