//! Glue, `sctt/KERNEL.md` sections 2 and 5: equivalences, typing, `coe` and `hcom` at Glue and at the universe, generalised composition.

use crate::check::Ctx;
use crate::data::length;
use crate::face::{Solved, equivalent, is_false, is_true, solve};
use crate::machine::Machine;
use crate::refusal::{ILL_FORMED, PART, Res, refuse};
use crate::value::{DClo, DimSub, Elim, Env, Equations, Ivl, Lazy, List, Name, V, VFace, VGlue, VPart, Val};
use bfv_format::{Cof, Dim, Face, GlueFace, Node, Part, Term};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The parts of an equivalence `(f, g, eta, epsilon, tau)` from T to A.
struct Equiv {
    f: V,
    g: V,
    eta: V,
    epsilon: V,
    tau: V,
}

impl Machine<'_> {
    /// `Glue base [faces]`: the type of a true face, if there is one; false faces go.
    pub(crate) fn glue(&self, base: &V, faces: Vec<VGlue>) -> Res<Rc<Val>> {
        if let Some(f) = faces.iter().find(|f| is_true(&f.cof)) {
            return self.folded(&f.ty);
        }
        Ok(self.done(Val::Glue(base.clone(), Rc::new(self.possible(faces, |f| &f.cof)))))
    }

    /// `GlueEl base [parts]`: the part where one is true.
    pub(crate) fn glue_el(&self, base: &V, parts: Vec<VPart>) -> Res<Rc<Val>> {
        if let Some(p) = parts.iter().find(|p| is_true(&p.cof)) {
            return self.folded(&p.body);
        }
        Ok(self.done(Val::GlueEl(base.clone(), Rc::new(self.possible(parts, |p| &p.cof)))))
    }

    /// What stands under faces that are not false.
    fn possible<F>(&self, faces: Vec<F>, cof: impl Fn(&F) -> &Equations) -> Vec<F> {
        faces.into_iter().filter(|f| !is_false(cof(f))).collect()
    }

    /// `Unglue base [faces] g`.
    pub(crate) fn unglue(&self, v: &Rc<Val>, w: &Val, base: &V, faces: &Rc<Vec<VGlue>>) -> Res<Rc<Val>> {
        if let Some(f) = faces.iter().find(|f| is_true(&f.cof)) {
            return self.folded(&self.apply(&self.fst(&f.equiv), self.shared(v.clone())));
        }
        match w {
            Val::GlueEl(a, _) => self.folded(a),
            Val::Neutral(n) => {
                let faces = self.possible((**faces).clone(), |f| &f.cof);
                self.push(n, vec![Elim::Unglue(base.clone(), Rc::new(faces))])
            }
            _ => refuse(ILL_FORMED, "Something is unglued that is no element of a Glue type."),
        }
    }

    /// `Equiv T A`.
    #[must_use]
    pub fn equiv_type(&self, t: &V, a: &V) -> V {
        let terms = List::default().push(t.clone()).push(a.clone());
        self.eval(&Env { terms, ..Env::default() }, &self.glue_terms().equivalence)
    }

    fn parts(&self, e: &V) -> Equiv {
        let (f, e) = (self.fst(e), self.snd(e));
        let (g, e) = (self.fst(&e), self.snd(&e));
        let (eta, e) = (self.fst(&e), self.snd(&e));
        Equiv { f, g, eta, epsilon: self.fst(&e), tau: self.snd(&e) }
    }

    /// Rule `glue`: the level of the type.
    pub(crate) fn check_glue(&self, ctx: &Ctx, a: &Term, faces: &[GlueFace]) -> Res<u32> {
        let mut level = self.check_type(ctx, a)?;
        let base = self.eval(&ctx.env, a);
        for f in faces {
            let Some((inside, u)) = self.restrict(ctx, &self.cof(&ctx.env, &f.cof)?) else { continue };
            level = level.max(self.check_type(&inside, &f.ty)?);
            let ty = self.eval(&inside.env, &f.ty);
            self.check(&inside, &f.equiv, &self.equiv_type(&ty, &self.act(&base, &u)))?;
        }
        let cofs: Vec<&Cof> = faces.iter().map(|f| &f.cof).collect();
        self.agree(ctx, &cofs, &mut |inside, u, n, m| {
            let (Some(f), Some(g)) = (faces.get(n), faces.get(m)) else { return Ok(false) };
            let ev = |t: &Term| self.eval(&inside.env, t);
            let equiv = self.equiv_type(&ev(&f.ty), &self.act(&base, u));
            Ok(self.conv_type(inside, &ev(&f.ty), &ev(&g.ty))?
                && self.conv(inside, &equiv, &ev(&f.equiv), &ev(&g.equiv))?)
        })?;
        Ok(level)
    }

    /// Rule `glue-el`.
    pub(crate) fn check_glue_el(&self, ctx: &Ctx, a: &Term, parts: &[Part], base: &V, faces: &[VGlue]) -> Res<()> {
        self.check(ctx, a, base)?;
        let below = self.eval(&ctx.env, a);
        let (mut faces, mut types) = (faces.iter(), Vec::new());
        for p in parts {
            let cof = self.cof(&ctx.env, &p.cof)?;
            let Some((inside, u)) = self.restrict(ctx, &cof) else {
                types.push(None);
                continue;
            };
            let Some(face) = faces.next().filter(|f| equivalent(&f.cof, &cof)) else {
                return refuse(PART, "The parts of a glued element stand at other faces than its type has.");
            };
            self.check(&inside, &p.body, &self.act(&face.ty, &u))?;
            let image = self.apply(&self.fst(&self.act(&face.equiv, &u)), self.eval(&inside.env, &p.body));
            if !self.conv(&inside, &self.act(base, &u), &image, &self.act(&below, &u))? {
                return refuse(PART, "A part of a glued element does not lie over its base.");
            }
            types.push(Some(face.ty.clone()));
        }
        if faces.next().is_some() {
            return refuse(PART, "A glued element has fewer parts than its type has faces.");
        }
        let cofs: Vec<&Cof> = parts.iter().map(|p| &p.cof).collect();
        self.agree(ctx, &cofs, &mut |inside, u, n, m| {
            let (Some(p), Some(q), Some(Some(ty))) = (parts.get(n), parts.get(m), types.get(n)) else {
                return Ok(false);
            };
            self.conv(inside, &self.act(ty, u), &self.eval(&inside.env, &p.body), &self.eval(&inside.env, &q.body))
        })
    }

    /// `hcom r s U [faces] base`: the base, glued to the sides at s along coercion back to r.
    pub(crate) fn hcom_universe(&self, r: Ivl, s: Ivl, faces: &[VFace], base: &V) -> Res<Rc<Val>> {
        let along = |from: Ivl, to: Ivl, line: DClo| {
            let env = Env {
                terms: List::default().push(self.value(Val::DLam(line))),
                dims: List::default().push(from).push(to),
                shift: 0,
            };
            self.eval(&env, &self.glue_terms().coercion)
        };
        let mut glue = Vec::new();
        if !is_false(&[(r, s)]) {
            let still = DClo::Abs(self.fresh_dim(), base.clone());
            glue.push(VGlue { cof: [(r, s)].into(), ty: base.clone(), equiv: along(r, r, still) });
        }
        for f in faces {
            let (ty, equiv) = (self.dinst(&f.side, s), along(s, r, f.side.clone()));
            glue.push(VGlue { cof: f.cof.clone(), ty, equiv });
        }
        self.glue(base, glue)
    }

    /// Composition at a Glue type: in every face, and below.
    pub(crate) fn hcom_glue(
        &self,
        r: Ivl,
        s: Ivl,
        a: &V,
        glue: &Rc<Vec<VGlue>>,
        faces: &Rc<Vec<VFace>>,
        base: &V,
    ) -> Res<Rc<Val>> {
        let below = Elim::Unglue(a.clone(), glue.clone());
        let (mut sides, mut parts) = ((*self.map_faces(faces, &below)).clone(), Vec::new());
        for f in glue.iter() {
            let filler = |to| self.compose(r, to, &f.ty, faces, base);
            let k = self.fresh_dim();
            let side = DClo::Abs(k, self.apply(&self.fst(&f.equiv), filler(Ivl::Name(k))));
            sides.push(VFace { cof: f.cof.clone(), side });
            parts.push(VPart { cof: f.cof.clone(), body: filler(s) });
        }
        let base = self.compose(r, s, a, &Rc::new(sides), &self.elim(base, below));
        self.glue_el(&base, parts)
    }

    /// Coercion along a line of Glue types in the dimension i.
    pub(crate) fn coe_glue(&self, r: Ivl, s: Ivl, i: Name, a: &V, faces: &[VGlue], g: &V) -> Res<Rc<Val>> {
        let abs = |v: &V| DClo::Abs(i, v.clone());
        let (at_r, at_s) = (DimSub::one(i, r), DimSub::one(i, s));
        // Where a face holds along the whole line, the answer is known: g coerced in the type of the face.
        let (mut sides, mut known) = (Vec::new(), Vec::new());
        for f in faces {
            if let Some(cof) = always(&f.cof, i) {
                let k = self.fresh_dim();
                let to = |to| self.coerce(r, to, &abs(&f.ty), g);
                let image = self.apply(&self.fst(&self.act(&f.equiv, &DimSub::one(i, Ivl::Name(k)))), to(Ivl::Name(k)));
                sides.push(VFace { cof: cof.clone(), side: DClo::Abs(k, image) });
                known.push(VPart { cof, body: to(s) });
            }
        }
        let total = |end: &DimSub| faces.iter().find(|f| is_true(&end.cof(&f.cof))).map(|f| self.act_face(f, end));
        let start = match total(&at_r) {
            Some(f) => self.apply(&self.fst(&f.equiv), g.clone()),
            None => self.elim(g, Elim::Unglue(self.act(a, &at_r), Rc::new(self.act_glue(faces, &at_r)))),
        };
        // What is unglued does not mention i, so the line of bases need not be opened anew: along a composite of n paths of types
        // that would rename a term n times.
        let (ty, sides) = (self.act(a, &at_s), self.coerced(s, &abs(a), &sides));
        let start = self.delay(Lazy::Open(Rc::new((r, s, i, a.clone(), start))));
        let below = self.ghcom(r, s, &ty, &sides, &start);
        if !is_false(&[(r, s)]) {
            known.push(VPart { cof: [(r, s)].into(), body: g.clone() });
        }
        // Where a face is true at the end, the element of its type is all that is asked for.
        if let Some(f) = total(&at_s) {
            return self.folded(&self.fibre_filler(&f, &known, &below)(Ivl::One));
        }
        let (mut parts, mut paths) = (Vec::new(), Vec::new());
        for f in self.possible(self.act_glue(faces, &at_s), |f| &f.cof) {
            let (body, path) = self.fibre(&ty, &f, &known, &below);
            parts.push(VPart { cof: f.cof.clone(), body });
            paths.push(VFace { cof: f.cof, side: path });
        }
        paths.push(VFace { cof: [(r, s)].into(), side: DClo::Abs(self.fresh_dim(), below.clone()) });
        let base = self.ghcom(Ivl::One, Ivl::Zero, &ty, &paths, &below);
        self.glue_el(&base, parts)
    }

    /// `eta u` at a dimension, from `g (f u)` to u.
    fn eta(&self, e: &Equiv, u: &V, k: Ivl) -> V {
        let image = self.apply(&e.f, u.clone());
        self.papp(&self.apply(&e.eta, u.clone()), &self.apply(&e.g, image), u, k)
    }

    /// From the point that the equivalence of a face gives back for `below` to one that extends what is known already.
    fn fibre_filler<'f>(&'f self, face: &'f VGlue, known: &[VPart], below: &V) -> impl Fn(Ivl) -> V + 'f {
        let e = self.parts(&face.equiv);
        let back = self.apply(&e.g, below.clone());
        let side = |p: &VPart| {
            let k = self.fresh_dim();
            VFace { cof: p.cof.clone(), side: DClo::Abs(k, self.eta(&e, &p.body, Ivl::Name(k))) }
        };
        let etas: Vec<VFace> = known.iter().map(side).collect();
        move |to| self.ghcom(Ivl::Zero, to, &face.ty, &etas, &back)
    }

    /// An element t over `below` under a face, and the path from its image to `below`: what is known already, extended along the equivalence.
    fn fibre(&self, base: &V, face: &VGlue, known: &[VPart], below: &V) -> (V, DClo) {
        let e = self.parts(&face.equiv);
        let back = self.apply(&e.g, below.clone());
        let name = || Ivl::Name(self.fresh_dim());
        let abs = |k: Ivl, v: V| match k {
            Ivl::Name(n) => DClo::Abs(n, v),
            _ => DClo::Abs(self.fresh_dim(), v),
        };
        let f = |x: &V| self.apply(&e.f, x.clone());
        let filler = self.fibre_filler(face, known, below);
        let (j, k, l) = (name(), name(), name());
        let mut sides = vec![
            VFace { cof: [(j, Ivl::Zero)].into(), side: abs(k, f(&filler(k))) },
            VFace {
                cof: [(j, Ivl::One)].into(),
                side: abs(l, self.papp(&self.apply(&e.epsilon, below.clone()), &f(&back), below, l)),
            },
        ];
        let tau = |u: &V, k| {
            let n = name();
            let left = self.value(Val::DLam(abs(n, f(&self.eta(&e, u, n)))));
            let right = self.apply(&e.epsilon, f(u));
            let square = self.papp(&self.apply(&e.tau, u.clone()), &left, &right, j);
            self.papp(&square, &f(&self.apply(&e.g, f(u))), &f(u), k)
        };
        sides.extend(known.iter().map(|p| {
            let k = name();
            VFace { cof: p.cof.clone(), side: abs(k, tau(&p.body, k)) }
        }));
        let path = self.compose(Ivl::Zero, Ivl::One, base, &Rc::new(sides), &f(&back));
        (filler(Ivl::One), abs(j, path))
    }

    /// Generalised composition: where no face can hold, it is its base.
    fn ghcom(&self, r: Ivl, s: Ivl, ty: &V, faces: &[VFace], base: &V) -> V {
        let failure = self.failure(faces);
        if failure.iter().any(|c| is_true(c)) {
            return base.clone();
        }
        let mut all = faces.to_vec();
        for cof in failure {
            all.push(VFace { cof: cof.into(), side: DClo::Abs(self.fresh_dim(), base.clone()) });
        }
        self.compose(r, s, ty, &Rc::new(all), base)
    }

    /// Conjunctions of equations under which no face can hold; together they are all such places.
    fn failure(&self, faces: &[VFace]) -> Vec<Vec<(Ivl, Ivl)>> {
        let mut out: Vec<Vec<(Ivl, Ivl)>> = vec![Vec::new()];
        for f in faces {
            let Solved::Unifier(u) = solve(&f.cof) else { continue };
            let one = failures(&u);
            self.charge(length(out.len().saturating_mul(one.len())));
            let both = |a: &[(Ivl, Ivl)], b: &[(Ivl, Ivl)]| [a, b].concat();
            out = out.iter().flat_map(|a| one.iter().map(move |b| both(a, b))).collect();
            out.retain(|c| !matches!(solve(c), Solved::False));
        }
        out
    }

    fn glue_terms(&self) -> &GlueTerms {
        self.terms.get_or_init(|| GlueTerms { equivalence: equivalence(), coercion: coercion() })
    }
}

/// `all i. cof`: false (none) when an equation has i on one side only (T20).
fn always(cof: &[(Ivl, Ivl)], i: Name) -> Option<Equations> {
    let i = Ivl::Name(i);
    if cof.iter().any(|(a, b)| (*a == i) != (*b == i)) {
        return None;
    }
    Some(cof.iter().copied().filter(|e| *e != (i, i)).collect())
}

/// A class of interval terms that a cofibration makes equal: its end, if it has one, and its dimensions.
#[derive(Default)]
struct Class {
    end: Option<Ivl>,
    names: Vec<Name>,
}

/// The failure of one cofibration: every chain of equations that makes 0 equal to 1 through its classes.
fn failures(u: &DimSub) -> Vec<Vec<(Ivl, Ivl)>> {
    let mut classes: Vec<(Ivl, Class)> = Vec::new();
    let mut pairs: Vec<&(Name, Ivl)> = u.0.iter().collect();
    pairs.reverse();
    for (name, to) in pairs {
        match classes.iter_mut().find(|(r, _)| r == to) {
            Some((_, c)) => c.names.push(*name),
            None => {
                let mut class = Class { end: None, names: vec![*name] };
                match to {
                    Ivl::Name(n) => class.names.push(*n),
                    end => class.end = Some(*end),
                }
                classes.push((*to, class));
            }
        }
    }
    let classes: Vec<Class> = classes.into_iter().map(|(_, c)| c).collect();
    let mut out = Vec::new();
    for (n, c) in classes.iter().enumerate() {
        if c.end == Some(Ivl::Zero) {
            chains(&classes, n, None, &mut BTreeSet::new(), &mut Vec::new(), &mut out);
        } else {
            for a in &c.names {
                let begin = (Ivl::Name(*a), Ivl::Zero);
                chains(&classes, n, Some(*a), &mut BTreeSet::new(), &mut vec![begin], &mut out);
            }
        }
    }
    out
}

/// Every way on from a class that was entered by a dimension.
fn chains(
    classes: &[Class],
    at: usize,
    by: Option<Name>,
    seen: &mut BTreeSet<usize>,
    so_far: &mut Vec<(Ivl, Ivl)>,
    out: &mut Vec<Vec<(Ivl, Ivl)>>,
) {
    let Some(class) = classes.get(at) else { return };
    if class.end == Some(Ivl::One) {
        out.push(so_far.clone());
        return;
    }
    seen.insert(at);
    for b in class.names.iter().filter(|b| Some(**b) != by) {
        so_far.push((Ivl::Name(*b), Ivl::One));
        out.push(so_far.clone());
        so_far.pop();
        for (n, next) in classes.iter().enumerate() {
            if seen.contains(&n) || next.end == Some(Ivl::Zero) {
                continue;
            }
            for a in &next.names {
                so_far.push((Ivl::Name(*b), Ivl::Name(*a)));
                chains(classes, n, Some(*a), seen, so_far, out);
                so_far.pop();
            }
        }
    }
    seen.remove(&at);
}

/// Closed terms that the rules of Glue evaluate.
pub(crate) struct GlueTerms {
    /// `Equiv T A`, in the scope of T and A.
    equivalence: Term,
    /// Coercion along a line B as an equivalence from B at the first dimension to B at the second.
    coercion: Term,
}

/// A depth. Variables and dimensions are given by level, so that a part may stand at any depth; `Dim::Var` holds a level here.
#[derive(Clone, Copy)]
struct At {
    terms: u32,
    dims: u32,
}

/// A side of a composition: its dimension, the end where it holds, and what stands there along another dimension.
type Side<'s> = (Dim, Dim, &'s dyn Fn(At, Dim) -> Term);

impl At {
    fn var(self, level: u32) -> Term {
        Rc::new(Node::Var(self.terms - 1 - level))
    }

    fn dim(self, d: Dim) -> Dim {
        match d {
            Dim::Var(level) => Dim::Var(self.dims - 1 - level),
            end => end,
        }
    }

    /// What a binder of a term variable binds.
    fn under(self, body: impl Fn(At, u32) -> Term) -> Term {
        body(At { terms: self.terms + 1, ..self }, self.terms)
    }

    /// What a binder of a dimension binds.
    fn line(self, body: impl Fn(At, Dim) -> Term) -> Term {
        body(At { dims: self.dims + 1, ..self }, Dim::Var(self.dims))
    }

    fn papp(self, p: Term, left: Term, right: Term, r: Dim) -> Term {
        Rc::new(Node::PApp(p, left, right, self.dim(r)))
    }

    /// `coe from to (i. B) t`, B the line that is variable 0.
    fn coe(self, from: Dim, to: Dim, t: Term) -> Term {
        let line = self.line(|at, i| Rc::new(Node::LApp(at.var(0), at.dim(i))));
        Rc::new(Node::Coe(self.dim(from), self.dim(to), line, t))
    }

    /// `com from to (i. B) [x=e -> i. side] base`.
    fn com(self, from: Dim, to: Dim, sides: &[Side<'_>], base: Term) -> Term {
        let face = |(x, end, side): &Side<'_>| Face {
            cof: vec![(self.dim(*x), *end)],
            body: self.line(|at, i| at.coe(i, to, side(at, i))),
        };
        let ty = Rc::new(Node::LApp(self.var(0), self.dim(to)));
        let faces = sides.iter().map(face).collect();
        Rc::new(Node::HCom(self.dim(from), self.dim(to), ty, faces, self.coe(from, to, base)))
    }
}

fn app(f: Term, a: Term) -> Term {
    Rc::new(Node::App(f, a))
}

fn equivalence() -> Term {
    const T: u32 = 0;
    const A: u32 = 1;
    let arrow = |at: At, from: u32, to: u32| Rc::new(Node::Pi(at.var(from), at.under(|at, _| at.var(to))));
    let sigma = |ty: Term, rest: Term| Rc::new(Node::Sigma(ty, rest));
    let path = |at: At, ty: u32, l: Term, r: Term| Rc::new(Node::Path(at.line(|at, _| at.var(ty)), l, r));
    let at = At { terms: 2, dims: 0 };
    let tau = |at: At, f: u32, g: u32, eta: u32, epsilon: u32| {
        let body = at.under(|at, x| {
            let fx = |at: At| app(at.var(f), at.var(x));
            let back = |at: At| app(at.var(g), fx(at));
            let left = at.line(|at, k| app(at.var(f), at.papp(app(at.var(eta), at.var(x)), back(at), at.var(x), k)));
            let ty = at.line(|at, _| path(at, A, app(at.var(f), back(at)), fx(at)));
            Rc::new(Node::Path(ty, Rc::new(Node::DLam(left)), app(at.var(epsilon), fx(at))))
        });
        Rc::new(Node::Pi(at.var(T), body))
    };
    let homotopy = |at: At, ty: u32, first: u32, second: u32| {
        let body = at.under(|at, x| path(at, ty, app(at.var(second), app(at.var(first), at.var(x))), at.var(x)));
        Rc::new(Node::Pi(at.var(ty), body))
    };
    sigma(
        arrow(at, T, A),
        at.under(|at, f| {
            let rest = at.under(|at, g| {
                let rest = at
                    .under(|at, eta| sigma(homotopy(at, A, g, f), at.under(|at, epsilon| tau(at, f, g, eta, epsilon))));
                sigma(homotopy(at, T, f, g), rest)
            });
            sigma(arrow(at, A, T), rest)
        }),
    )
}

/// `E(s, r, i. B)`: B is variable 0, s and r are the dimensions 0 and 1.
fn coercion() -> Term {
    const S: Dim = Dim::Var(0);
    const R: Dim = Dim::Var(1);
    const X: u32 = 1;
    let y = |at: At| at.coe(S, R, at.var(X));
    let z = |at: At| at.coe(R, S, y(at));
    let h = |at: At, k: Dim, to: Dim| {
        let (one, two) = (|at: At, i| at.coe(R, i, y(at)), |at: At, i| at.coe(S, i, at.var(X)));
        at.com(R, to, &[(k, Dim::Zero, &one), (k, Dim::One, &two)], y(at))
    };
    let swapped = |at: At, j: Dim, to: Dim| {
        let (one, two) = (|at: At, i| at.coe(S, i, at.var(X)), |at: At, i| at.coe(R, i, y(at)));
        at.com(R, to, &[(j, Dim::Zero, &one), (j, Dim::One, &two)], y(at))
    };
    // The homotopy on the other side, over a point of B at r.
    let other = |at: At, p: &dyn Fn(At) -> Term, k: Dim, to: Dim| {
        let (one, two) = (|at: At, i| at.coe(S, i, at.coe(R, S, p(at))), |at: At, i| at.coe(R, i, p(at)));
        at.com(S, to, &[(k, Dim::Zero, &one), (k, Dim::One, &two)], at.coe(R, S, p(at)))
    };
    let middle = |at: At, j: Dim, k: Dim| {
        let still = |at: At, i| at.coe(R, i, y(at));
        let (left, top) = (|at: At, i| h(at, k, i), |at: At, i| swapped(at, j, i));
        let sides: [Side<'_>; 4] =
            [(j, Dim::Zero, &left), (j, Dim::One, &still), (k, Dim::Zero, &still), (k, Dim::One, &top)];
        at.com(R, S, &sides, y(at))
    };
    let square = |at: At, j: Dim, k: Dim| {
        let (left, right) = (|at: At, i| at.coe(S, i, h(at, k, S)), |at: At, i| other(at, &y, k, i));
        let (bottom, top) = (|at: At, i| at.coe(S, i, z(at)), |at: At, i| swapped(at, j, i));
        let sides: [Side<'_>; 4] =
            [(j, Dim::Zero, &left), (j, Dim::One, &right), (k, Dim::Zero, &bottom), (k, Dim::One, &top)];
        at.com(S, R, &sides, middle(at, j, k))
    };
    let at = At { terms: 1, dims: 2 };
    let lam = |body: &dyn Fn(At) -> Term| Rc::new(Node::Lam(at.under(|at, _| body(at))));
    let dlam = |at: At, body: &dyn Fn(At, Dim) -> Term| Rc::new(Node::DLam(at.line(body)));
    let pair = |a: Term, b: Term| Rc::new(Node::Pair(a, b));
    let tau = lam(&|at| dlam(at, &|at, j| dlam(at, &|at, k| square(at, j, k))));
    let epsilon = lam(&|at| dlam(at, &|at, k| other(at, &|at| at.var(X), k, R)));
    let eta = lam(&|at| dlam(at, &|at, k| h(at, k, S)));
    pair(lam(&|at| at.coe(S, R, at.var(X))), pair(lam(&|at| at.coe(R, S, at.var(X))), pair(eta, pair(epsilon, tau))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Limits, Signature};

    /// The term that composition of types uses is what it is said to be, for every line and all ends.
    #[test]
    fn coercion_is_an_equivalence() {
        let signature = Signature::new();
        let m = Machine::new(&signature, Limits::default());
        let types = m.value(Val::Line(DClo::Abs(m.fresh_dim(), m.value(Val::Univ(0)))));
        let (ctx, line) = m.bind(&Ctx::default(), types);
        let (ctx, s) = m.bind_dim(&ctx);
        let (ctx, r) = m.bind_dim(&ctx);
        let at = |i| m.lapp(&line, Ivl::Name(i));
        m.check(&ctx, &coercion(), &m.equiv_type(&at(s), &at(r))).unwrap();
        let backwards = m.check(&ctx, &coercion(), &m.equiv_type(&at(r), &at(s)));
        assert_eq!(backwards.unwrap_err().reason, crate::refusal::MISMATCH);
    }

    /// Every place outside a cofibration at which it can no longer hold, and no other: compared with all substitutions of ends.
    #[test]
    fn failures_are_where_a_cofibration_cannot_hold() {
        let (n, zero, one) = (Ivl::Name, Ivl::Zero, Ivl::One);
        let cofs = [
            vec![(n(0), zero)],
            vec![(n(0), one)],
            vec![(n(0), n(1))],
            vec![(n(0), n(1)), (n(1), n(2))],
            vec![(n(0), zero), (n(1), one)],
            vec![(n(0), n(1)), (n(2), n(3))],
            vec![(n(0), n(1)), (n(2), zero), (n(3), one)],
        ];
        let choices = [zero, one, n(0), n(1), n(2), n(3), n(4)];
        let mut seen = 0;
        for cof in &cofs {
            let Solved::Unifier(u) = solve(cof) else { unreachable!() };
            let fails = failures(&u);
            for k in 0..7usize.pow(4) {
                let to = |i: u32| choices[k / 7usize.pow(i) % 7];
                let s = DimSub::new((0..4u32).map(|i| (i, to(i))));
                let image = |c: &[(Ivl, Ivl)]| s.cof(&Equations::from(c));
                let gone = matches!(solve(&image(cof)), Solved::False);
                assert_eq!(gone, fails.iter().any(|f| is_true(&image(f))), "{cof:?} {s:?} {fails:?}");
                seen += usize::from(gone);
            }
        }
        assert!(seen > 1000);
    }
}
