//! Kan operations, one function per type former, each the line of KERNEL.md section 5 that it cites.

use crate::Res;
use crate::closure::{
    Bind, Clo, Closure, Coe, DBind, Delay, Elim, Env, Equations, Faces, HCom, Ivl, Side, Sub, act_faces,
};
use crate::machine::{Flow, Head, Machine, NatView, Whnf, stuck};
use crate::scene::{D, Pen, Scene, Shape, V, app, coercion, con, fst, nat, pair, snd, sucs};
use bfv_format::{DataRef, Face, Node, Prim, Term};
use num_traits::Zero;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Steps for an entry of a list that only the budget bounds.
pub(crate) const MEMORY: u64 = 64;

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

    /// `com` along a line, every side and the base changed by `f`.
    fn com(&self, pen: Pen, line: impl Fn(Pen, D) -> Term, f: impl Fn(Term) -> Term) -> Term {
        let writers: Vec<Box<Writer>> =
            self.sides.iter().map(|(_, u)| Box::new(|pen: Pen, i| f(pen.at(*u, i))) as Box<Writer>).collect();
        let sides: Vec<(&Shape, &Writer)> =
            self.sides.iter().zip(&writers).map(|((cof, _), u)| (cof, u.as_ref())).collect();
        pen.com(self.r, self.s, line, &sides, f(pen.v(self.base)))
    }
}

fn coe(from: Ivl, to: Ivl, line: &DBind, arg: &Clo) -> Clo {
    Rc::new(Closure::Coe(Box::new(Coe { from, to, line: line.clone(), arg: arg.clone() })))
}

fn apply(f: &Clo, a: &Clo) -> Clo {
    f.elim(Elim::App(a.clone()))
}

impl Machine<'_> {
    /// `elim (hcom r s D [phi -> i. u] b) = com r s (k. M (hcom r k D [phi -> i. u] b)) [phi -> k. elim u[k/i]] (elim b)`.
    pub(crate) fn match_hcom(&self, h: &HCom, motive: &Bind, elim: &Elim) -> Res<Flow> {
        let k = self.name();
        let filler = Rc::new(Closure::HCom(Box::new(HCom { to: Ivl::Name(k), ..h.clone() })));
        let mapped = |x: &Side| DBind::abs(k, x.body.inst(Ivl::Name(k)).elim(elim.clone()));
        let sides: Vec<Side> = h.sides.iter().map(|x| Side { cof: x.cof.clone(), body: mapped(x) }).collect();
        let line = DBind::abs(k, motive.inst(filler.share()));
        Ok(Flow::Next(com(h.from, h.to, &line, &sides, &h.base.elim(elim.clone()))))
    }

    /// `coe r s (i. A) t`.
    pub(crate) fn coe(&self, c: &Coe, threshold: u32) -> Res<Flow> {
        if c.from == c.to {
            return Ok(Flow::Next(c.arg.clone()));
        }
        let i = self.name();
        let mut scene = Scene::new();
        let (r, s, p) = (scene.dim(c.from), scene.dim(c.to), scene.term(c.arg.clone()));
        let t = match self.whnf_at(&c.line.inst(Ivl::Name(i)), threshold)? {
            Whnf::Pi(a, b) => {
                let (a, b) = (scene.line(DBind::abs(i, a)), scene.line_of_fun(i, b));
                // fun a => coe r s (i. B[coe s i A a]) (f (coe s r A a))
                scene.pen().lam(|pen, x| {
                    let back = |pen: Pen, to: D| pen.coe(s, to, |pen, i| pen.at(a, i), pen.v(x));
                    pen.coe(r, s, |pen, i| app(pen.at(b, i), back(pen, i)), app(pen.v(p), back(pen, r)))
                })
            }
            Whnf::Sigma(a, b) => {
                let (a, b) = (scene.line(DBind::abs(i, a)), scene.line_of_fun(i, b));
                // (coe r s A p.1, coe r s (i. B[coe r i A p.1]) p.2)
                let pen = scene.pen();
                let first = |pen: Pen, to: D| pen.coe(r, to, |pen, i| pen.at(a, i), fst(pen.v(p)));
                pair(first(pen, s), pen.coe(r, s, |pen, i| app(pen.at(b, i), first(pen, i)), snd(pen.v(p))))
            }
            Whnf::Line(a) => {
                let a = scene.line(DBind::abs(i, Rc::new(Closure::DFun(a))));
                scene.pen().dlam(|pen, j| pen.coe(r, s, |pen, i| pen.lapp(pen.at(a, i), j), pen.lapp(pen.v(p), j)))
            }
            Whnf::Path(a, left, right) => {
                let a = scene.line(DBind::abs(i, Rc::new(Closure::DFun(a))));
                let (left, right) = (scene.line(DBind::abs(i, left)), scene.line(DBind::abs(i, right)));
                // DLam j. com r s (i. A) [j=0 -> i. a; j=1 -> i. b] (p j)
                scene.pen().dlam(|pen, j| {
                    let (at_left, at_right) = (vec![(j, D::Zero)], vec![(j, D::One)]);
                    let sides: [(&Shape, &Writer); 2] =
                        [(&at_left, &|pen, i| pen.at(left, i)), (&at_right, &|pen, i| pen.at(right, i))];
                    let start = pen.papp(pen.v(p), pen.at(left, r), pen.at(right, r), j);
                    pen.com(r, s, |pen, i| pen.lapp(pen.at(a, i), j), &sides, start)
                })
            }
            // At U and at the base types: the identity.
            Whnf::Univ(_) | Whnf::Prim(..) => return Ok(Flow::Next(c.arg.clone())),
            Whnf::Data(_, params) if params.is_empty() => return Ok(Flow::Next(c.arg.clone())),
            Whnf::Data(d, params) => match self.whnf_at(&c.arg, threshold)? {
                Whnf::Con(_, k, _, fields, dims) => return self.coe_con(c, i, (d, k), &params, &fields, &dims),
                Whnf::HCom(h) => {
                    // hcom u v (D params[s/i]) [psi -> k. coe r s w] (coe r s b)
                    let k = self.name();
                    let moved = |w: &DBind| DBind::abs(k, coe(c.from, c.to, &c.line, &w.inst(Ivl::Name(k))));
                    let sides = h.sides.iter().map(|x| Side { cof: x.cof.clone(), body: moved(&x.body) }).collect();
                    let base = coe(c.from, c.to, &c.line, &h.base);
                    return self.hcom(&HCom { ty: c.line.inst(c.to), sides, base, ..*h }, threshold);
                }
                w => return Ok(stuck(Head::Coe(Box::new(c.clone())), w.blocked())),
            },
            Whnf::Glue(a, faces) => return self.coe_glue(c, i, &a, &faces),
            w => return Ok(stuck(Head::Coe(Box::new(c.clone())), w.blocked())),
        };
        Ok(Flow::Next(scene.close(t)))
    }

    /// A constructor along a line of parameters: every field along the fillers of the earlier ones. With dimensions what
    /// comes out has its boundary at the wrong end of the line, and an hcom mends it (T31):
    /// `hcom s r (D params[s/i]) [phi -> i. coe i s (i. D params) b[x~(i), dims]] (Con D c x~(s) dims)`.
    fn coe_con(&self, c: &Coe, i: u64, (d, k): (DataRef, u32), ps: &[Clo], fields: &[Clo], dims: &[Ivl]) -> Res<Flow> {
        let mut own = ps.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let mut out = Vec::new();
        for (ty, field) in self.fields(d, k)?.iter().zip(fields) {
            let line = DBind::abs(i, Rc::new(Closure::Term(ty.clone(), own.clone())));
            out.push(coe(c.from, c.to, &line, field));
            own = own.push(coe(c.from, Ivl::Name(i), &line, field));
        }
        let target = ps.iter().map(|p| p.act(&Sub::one(i, c.to))).collect::<Vec<_>>();
        let moved = con(d, k, &target, &out, dims);
        if dims.is_empty() {
            return Ok(Flow::Next(moved));
        }
        let side = |b: Side<Clo>| Side { cof: b.cof, body: DBind::abs(i, coe(Ivl::Name(i), c.to, &c.line, &b.body)) };
        let sides = self.boundary(d, k, &own, dims)?.into_iter().map(side).collect();
        let ty = c.line.inst(c.to);
        Ok(Flow::Next(Rc::new(Closure::HCom(Box::new(HCom { from: c.to, to: c.from, ty, sides, base: moved })))))
    }

    /// `coe r s (i. Glue A [phi -> (T, e)]) g`; `i` is bound in `a` and in the faces.
    fn coe_glue(&self, c: &Coe, i: u64, a: &Clo, faces: &Faces) -> Res<Flow> {
        let (r, s, along) = (c.from, c.to, DBind::abs(i, a.clone()));
        let (a_there, there) = (along.inst(s), act_faces(faces, &Sub::one(i, s)));
        let unglued = c.arg.elim(Elim::Unglue(along.inst(r), act_faces(faces, &Sub::one(i, r))));
        let ends = vec![(r, s)];
        // `all i. phi`: equations that speak of i fail somewhere, except `i = i` (T20).
        let mut known: Vec<Side<Clo>> = Vec::new();
        let mut sides = Vec::new();
        for Side { cof, body: (t, e) } in faces.iter() {
            let cof: Equations = cof.iter().filter(|(x, y)| x != y).copied().collect();
            if !cof.iter().any(|(x, y)| [x, y].contains(&&Ivl::Name(i))) {
                let t = DBind::abs(i, t.clone());
                let image = apply(&e.elim(Elim::Fst), &coe(r, Ivl::Name(i), &t, &c.arg));
                sides.push(Side { cof: cof.clone(), body: DBind::abs(i, coe(Ivl::Name(i), s, &along, &image)) });
                known.push(Side { cof, body: coe(r, s, &t, &c.arg).share() });
            }
        }
        // gcom r s (i. A) [all i. phi -> i. e.f (coe r i (i. T) g)] (Unglue g)
        let base = coe(r, s, &along, &unglued).share();
        let a0 = self.ghcom(HCom { from: r, to: s, ty: a_there.clone(), sides, base })?;
        known.push(Side { cof: ends.clone(), body: c.arg.clone() });
        let (mut sides, mut parts) = (Vec::new(), Vec::new());
        for Side { cof, body: (ty, e) } in there.iter() {
            let (j, k) = (self.name(), self.name());
            let path = |p: Clo, from: Clo, to: Clo, at: u64| p.elim(Elim::PApp(from, to, Ivl::Name(at)));
            let side = |cof: &Equations, body: Clo| Side { cof: cof.clone(), body: DBind::abs(k, body) };
            let (f, rest) = (e.elim(Elim::Fst), e.elim(Elim::Snd));
            let (g, rest) = (rest.elim(Elim::Fst), rest.elim(Elim::Snd));
            let (eta, rest) = (rest.elim(Elim::Fst), rest.elim(Elim::Snd));
            let (epsilon, tau) = (rest.elim(Elim::Fst), rest.elim(Elim::Snd));
            let around = |x: &Clo| apply(&f, &apply(&g, x));
            let eta_at = |u: &Clo| path(apply(&eta, u), apply(&g, &apply(&f, u)), u.clone(), k);
            let epsilon_at = |x: &Clo| path(apply(&epsilon, x), around(x), x.clone(), k);
            // t(k) = ghcom 0 k T [psi -> k. eta u k] (e.g a0)
            let lifted = HCom {
                from: Ivl::Zero,
                to: Ivl::Name(k),
                ty: ty.clone(),
                sides: known.iter().map(|u| side(&u.cof, eta_at(&u.body))).collect(),
                base: apply(&g, &a0).share(),
            };
            let t = self.ghcom(lifted)?;
            // p(j) = hcom 0 1 A [j=0 -> k. f (t(k)); j=1 -> k. epsilon a0 k; psi -> k. tau u j k] (f (e.g a0))
            let mut square = vec![
                side(&vec![(Ivl::Name(j), Ivl::Zero)], apply(&f, &t)),
                side(&vec![(Ivl::Name(j), Ivl::One)], epsilon_at(&a0)),
            ];
            square.extend(known.iter().map(|u| {
                let (fu, from) = (apply(&f, &u.body), DBind::abs(k, apply(&f, &eta_at(&u.body))));
                let to = apply(&epsilon, &fu);
                let row = path(apply(&tau, &u.body), Rc::new(Closure::DFun(from)), to, j);
                side(&u.cof, path(row, around(&fu), fu, k))
            }));
            let (ty, base) = (a_there.clone(), around(&a0).share());
            let p = Rc::new(Closure::HCom(Box::new(HCom { from: Ivl::Zero, to: Ivl::One, ty, sides: square, base })));
            sides.push(Side { cof: cof.clone(), body: DBind::abs(j, p) });
            parts.push(Side { cof: cof.clone(), body: DBind::abs(k, t).inst(Ivl::One) });
        }
        // a1 = ghcom 1 0 A[s/i] [phi[s/i] -> j. p(j); r=s -> _. a0] a0
        sides.push(Side { cof: ends, body: DBind::abs(self.name(), a0.clone()) });
        let a1 = self.ghcom(HCom { from: Ivl::One, to: Ivl::Zero, ty: a_there, sides, base: a0 })?;
        self.glue_el(a1, &parts)
    }

    /// `ghcom`: an hcom that is its base where no face can hold.
    fn ghcom(&self, mut h: HCom) -> Res<Clo> {
        let mut failures: Vec<Equations> = vec![Vec::new()];
        for side in &h.sides {
            let of_one = self.failure(&side.cof)?;
            let mut both = Vec::new();
            for (x, y) in failures.iter().flat_map(|x| of_one.iter().map(move |y| (x, y))) {
                self.charge(MEMORY + u64::try_from(x.len()).unwrap_or(u64::MAX))?;
                both.push([x.as_slice(), y].concat());
            }
            failures = both;
        }
        let base = h.base.clone();
        h.sides.extend(failures.into_iter().map(|cof| Side { cof, body: DBind::abs(self.name(), base.clone()) }));
        Ok(Rc::new(Closure::HCom(Box::new(h))).share())
    }

    /// The failure of one face: chains of its classes, tied together by equations that with the face make 0 and 1 equal.
    fn failure(&self, cof: &Equations) -> Res<Vec<Equations>> {
        let Some(class) = Sub::unify(cof) else { return Ok(vec![Vec::new()]) };
        let ends = cof.iter().flat_map(|(a, b)| [*a, *b]);
        let dims: BTreeSet<Ivl> = ends.filter(|d| matches!(d, Ivl::Name(_))).collect();
        // Where a chain is, by which dimension it came there, the classes it saw, its equations.
        let mut todo = vec![(Ivl::Zero, Ivl::Zero, vec![Ivl::Zero], Vec::new())];
        let starts = dims.iter().filter(|d| class.apply(**d) != Ivl::Zero);
        todo.extend(starts.map(|d| (class.apply(*d), *d, vec![Ivl::Zero, class.apply(*d)], vec![(*d, Ivl::Zero)])));
        let mut out = Vec::new();
        while let Some((at, by, seen, so_far)) = todo.pop() {
            let and = |a: Ivl, b: Ivl| {
                self.charge(MEMORY + u64::try_from(so_far.len()).unwrap_or(u64::MAX))?;
                Ok([so_far.as_slice(), &[(a, b)]].concat())
            };
            if at == Ivl::One {
                out.push(so_far);
                continue;
            }
            for a in dims.iter().filter(|a| class.apply(**a) == at && **a != by) {
                out.push(and(*a, Ivl::One)?);
                for b in dims.iter().filter(|b| !seen.contains(&class.apply(**b))) {
                    let to = class.apply(*b);
                    todo.push((to, *b, [seen.as_slice(), &[to]].concat(), and(*a, *b)?));
                }
            }
        }
        Ok(out)
    }

    /// `hcom r s A [phi -> i. u] b`.
    pub(crate) fn hcom(&self, h: &HCom, threshold: u32) -> Res<Flow> {
        if h.from == h.to {
            return Ok(Flow::Next(h.base.clone()));
        }
        let h = match self.live(&h.sides)? {
            Err(side) => return Ok(Flow::Next(side.body.inst(h.to))),
            Ok(sides) => HCom { sides, ..h.clone() },
        };
        let mut scene = Scene::new();
        let p = Parts::new(&mut scene, &h);
        let t = match self.whnf_at(&h.ty, threshold)? {
            Whnf::Pi(_, b) => {
                let b = scene.fun(b);
                // fun a => hcom r s B[a] [u a] (b a)
                scene.pen().lam(|pen, x| {
                    let faces = p.faces(pen, |pen, u| app(u, pen.v(x)));
                    pen.hcom(p.r, p.s, app(pen.v(b), pen.v(x)), faces, app(pen.v(p.base), pen.v(x)))
                })
            }
            Whnf::Sigma(a, b) => {
                let (a, b) = (scene.term(a), scene.fun(b));
                // h(s') = hcom r s' A [u.1] b.1, then (h(s), com r s (i. B[h(i)]) [u.2] b.2)
                let pen = scene.pen();
                let first =
                    |pen: Pen, to: D| pen.hcom(p.r, to, pen.v(a), p.faces(pen, |_, u| fst(u)), fst(pen.v(p.base)));
                pair(first(pen, p.s), p.com(pen, |pen, i| app(pen.v(b), first(pen, i)), snd))
            }
            Whnf::Line(a) => {
                let a = scene.line(a);
                scene.pen().dlam(|pen, j| {
                    let faces = p.faces(pen, |pen, u| pen.lapp(u, j));
                    pen.hcom(p.r, p.s, pen.at(a, j), faces, pen.lapp(pen.v(p.base), j))
                })
            }
            Whnf::Path(a, left, right) => {
                let (a, left, right) = (scene.line(a), scene.term(left), scene.term(right));
                // DLam j. hcom r s A [u j; j=0 -> a; j=1 -> b] (p j)
                scene.pen().dlam(|pen, j| {
                    let at = |pen: Pen, q: Term| pen.papp(q, pen.v(left), pen.v(right), j);
                    let mut faces = p.faces(pen, at);
                    faces.push(pen.face(&vec![(j, D::Zero)], |pen, _| pen.v(left)));
                    faces.push(pen.face(&vec![(j, D::One)], |pen, _| pen.v(right)));
                    pen.hcom(p.r, p.s, pen.at(a, j), faces, at(pen, pen.v(p.base)))
                })
            }
            Whnf::Glue(a, faces) => {
                // GlueEl (hcom r s A [psi -> i. unglue u; phi -> k. e.f t(k)] (unglue b)) [phi -> t(s)]
                let unglue = scene.fun(Bind::Elim(Rc::new(Elim::Unglue(a.clone(), faces.clone()))));
                let a = scene.term(a);
                let face = |f: &Side<(Clo, Clo)>| {
                    (scene.cof(&f.cof), scene.term(f.body.0.clone()), scene.term(f.body.1.elim(Elim::Fst)))
                };
                let faces: Vec<(Shape, V, V)> = faces.iter().map(face).collect();
                let pen = scene.pen();
                // t(k) = hcom r k T [psi -> i. u] b
                let t = |pen: Pen, ty: V, k: D| pen.hcom(p.r, k, pen.v(ty), p.faces(pen, |_, u| u), pen.v(p.base));
                let mut sides = p.faces(pen, |pen, u| app(pen.v(unglue), u));
                sides.extend(faces.iter().map(|(cof, ty, f)| pen.face(cof, |pen, k| app(pen.v(*f), t(pen, *ty, k)))));
                let under = pen.hcom(p.r, p.s, pen.v(a), sides, app(pen.v(unglue), pen.v(p.base)));
                Rc::new(Node::GlueEl(under, faces.iter().map(|(cof, ty, _)| pen.part(cof, t(pen, *ty, p.s))).collect()))
            }
            Whnf::Univ(_) => {
                // Glue A [r=s -> (A, E(r, r, _. A)); phi -> (T[s/i], E(s, r, i. T))]
                let face = |cof, line: &DBind, to| Side {
                    cof,
                    body: (line.inst(to).share(), coercion(to, h.from, line.clone())),
                };
                let mut faces = vec![face(vec![(h.from, h.to)], &DBind::abs(self.name(), h.base.clone()), h.from)];
                faces.extend(h.sides.iter().map(|x| face(x.cof.clone(), &x.body, h.to)));
                return self.glue(h.base, &faces);
            }
            Whnf::Data(d, _) if self.data(d.id)?.constructors.iter().any(|c| c.dims > 0) => {
                return Ok(Flow::Value(Whnf::HCom(Box::new(h))));
            }
            Whnf::Prim(Prim::Nat, _) => return self.hcom_nat(h, threshold),
            w @ (Whnf::Data(..) | Whnf::Prim(Prim::Bool | Prim::Int, _)) => {
                return match (self.same_constructor(&h, threshold)?, w) {
                    (Ok((k, columns)), Whnf::Data(d, params)) => self.hcom_data(&h, d, k, &params, &columns),
                    (Ok((k, columns)), w) => Ok(hcom_number(&h, &w, k, &columns)),
                    (Err(blocked), _) => Ok(stuck(Head::HCom(Box::new(h)), blocked)),
                };
            }
            // Empty, Unit and Real: stuck.
            w => return Ok(stuck(Head::HCom(Box::new(h)), w.blocked())),
        };
        Ok(Flow::Next(scene.close(t)))
    }

    /// Number and arguments of the constructor that base and all sides are; every argument with those of the sides, each of
    /// which is looked at under its own face with its dimension free. `Err` when there is none, with what is in the way.
    fn same_constructor(&self, h: &HCom, threshold: u32) -> Res<Match> {
        let (k, mut columns) = match self.outermost(self.whnf_at(&h.base, threshold)?) {
            Ok((k, args)) => (k, args.into_iter().map(|a| (a, Vec::new())).collect::<Vec<Column>>()),
            Err(blocked) => return Ok(Err(blocked)),
        };
        for side in &h.sides {
            let (i, Some(u)) = (self.name(), Sub::unify(&side.cof)) else { continue };
            match self.outermost(self.whnf_at(&side.body.inst(Ivl::Name(i)).act(&u), threshold)?) {
                Ok((other, args)) if other == k => {
                    for (column, a) in columns.iter_mut().zip(args) {
                        column.1.push(Side { cof: side.cof.clone(), body: DBind::abs(i, a) });
                    }
                }
                Ok(_) => return Ok(Err(None)),
                Err(blocked) => return Ok(Err(blocked)),
            }
        }
        Ok(Ok((k, columns)))
    }

    /// Base and all sides 0, or all of them successors: so many of these as all have in common are taken off together,
    /// for a literal may stand for more of them than can be counted off.
    fn hcom_nat(&self, h: HCom, threshold: u32) -> Res<Flow> {
        let mut all = vec![(None, h.base.clone())];
        for side in &h.sides {
            let (i, Some(u)) = (self.name(), Sub::unify(&side.cof)) else { continue };
            all.push((Some((side.cof.clone(), i)), side.body.inst(Ivl::Name(i)).act(&u)));
        }
        let mut views = Vec::new();
        for (place, c) in all {
            let view = match self.nat_view(&c, threshold)? {
                NatView::Lit(n) => (n, None),
                NatView::Suc(n, c) => (n, Some(c)),
                NatView::Stuck(blocked) => return Ok(stuck(Head::HCom(Box::new(h)), blocked)),
            };
            views.push((place, view));
        }
        let least = views.iter().map(|(_, (n, _))| n).min().cloned().unwrap_or_default();
        if least.is_zero() {
            let zeros = views.iter().all(|(_, (n, _))| n.is_zero());
            return Ok(if zeros { Flow::Value(Whnf::Nat(least)) } else { stuck(Head::HCom(Box::new(h)), None) });
        }
        let (mut sides, mut base) = (Vec::new(), h.base.clone());
        for (place, (n, rest)) in views {
            let n = n - &least;
            let below = rest.map_or_else(|| nat(n.clone()), |c| sucs(n.clone(), c));
            match place {
                None => base = below,
                Some((cof, i)) => sides.push(Side { cof, body: DBind::abs(i, below) }),
            }
        }
        Ok(Flow::Value(Whnf::Suc(least, Rc::new(Closure::HCom(Box::new(HCom { sides, base, ..h }))))))
    }

    /// The outermost constructor of a value: `IntPos` and `IntNegSuc`, false and true are 0 and 1.
    fn outermost(&self, w: Whnf) -> Result<(u32, Vec<Clo>), Option<u32>> {
        Ok(match w {
            Whnf::Prim(p @ (Prim::True | Prim::False), _) => (u32::from(p == Prim::True), Vec::new()),
            Whnf::Con(_, k, _, fields, _) => (k, fields.to_vec()),
            w => self.int_view(w).map(|(negative, n)| (u32::from(negative), vec![n]))?,
        })
    }

    /// Base and all sides the same constructor: fieldwise, with `com` along the fillers of earlier fields.
    fn hcom_data(&self, h: &HCom, d: DataRef, k: u32, params: &[Clo], columns: &[Column]) -> Res<Flow> {
        let i = self.name();
        let mut env = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let mut out = Vec::new();
        for (ty, (field, sides)) in self.fields(d, k)?.iter().zip(columns) {
            let line = DBind::abs(i, Rc::new(Closure::Term(ty.clone(), env.clone())));
            out.push(com(h.from, h.to, &line, sides, field));
            env = env.push(com(h.from, Ivl::Name(i), &line, sides, field));
        }
        Ok(Flow::Next(con(d, k, params, &out, &[])))
    }
}

/// An argument of a constructor: that of the base, and those of the sides.
type Column = (Clo, Vec<Side>);

/// A constructor by number with its arguments, or the folded definition in the way.
type Match = Result<(u32, Vec<Column>), Option<u32>>;

/// Base and all sides the same constructor of Bool or Int: that constructor, of the hcom of its argument.
fn hcom_number(h: &HCom, ty: &Whnf, k: u32, columns: &[Column]) -> Flow {
    let inner = columns.first().cloned().map(|(base, sides)| -> Clo {
        let ty = crate::scene::base(Prim::Nat);
        Rc::new(Closure::HCom(Box::new(HCom { ty, sides, base, ..h.clone() })))
    });
    match (ty, inner) {
        (Whnf::Prim(Prim::Int, _), Some(n)) => Flow::Value(Whnf::IntCon(k == 1, n)),
        _ => Flow::Value(Whnf::Prim(if k == 1 { Prim::True } else { Prim::False }, Vec::new())),
    }
}

/// `com r s (i. A) [sides] b` at closures.
pub(crate) fn com(from: Ivl, to: Ivl, line: &DBind, sides: &[Side], start: &Clo) -> Clo {
    let mut scene = Scene::new();
    let h = HCom { from, to, ty: start.clone(), sides: sides.to_vec(), base: start.clone() };
    let (p, line) = (Parts::new(&mut scene, &h), scene.line(line.clone()));
    let t = p.com(scene.pen(), |pen, i| pen.at(line, i), |t| t);
    scene.close(t)
}
