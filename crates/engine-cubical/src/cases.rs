//! Goals about all elements of a data type, by its eliminator: one goal for each constructor, with what holds of smaller elements. A path
//! constructor asks for a cube over it, whose sides are what was found for the constructors on its boundary.

use crate::prove::Prover;
use bfv_format::{Constructor, DataRef, Dim, Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, DClo, Elim, Env, Ivl, List, Machine, Name, Res, V, Val};
use bfv_search::shift::rename;
use std::rc::Rc;

/// Whether a type has an eliminator that is of use here.
pub fn eliminable(w: &Val) -> bool {
    matches!(w, Val::Prim(Prim::Bool | Prim::Nat | Prim::Int | Prim::Unit | Prim::Empty) | Val::Data(..))
}

impl Prover<'_, '_> {
    /// A function on a data type by its eliminator.
    pub fn by_cases(&mut self, ctx: &Ctx, dom: &V, cod: &Clo, depth: u32) -> Res<Option<Term>> {
        let (m, Some(depth)) = (self.m, depth.checked_sub(1)) else { return Ok(None) };
        let (inner, x) = m.bind(ctx, dom.clone());
        let motive = m.quote(&inner, &m.inst(cod, x))?;
        // Below the variable that is looked at.
        let Some(motive) = rename(&motive, 1, 0, &mut |n| n.checked_add(1), &mut Some) else { return Ok(None) };
        let found = match &*m.whnf(dom)? {
            Val::Data(d, params) => self.constructors(ctx, (*d, params), (cod, &motive), depth)?,
            Val::Prim(p) => {
                let value = |p| m.value(Val::Prim(p));
                let goals = match p {
                    Prim::Bool => vec![m.inst(cod, value(Prim::True)), m.inst(cod, value(Prim::False))],
                    Prim::Nat => {
                        let zero = m.eval(&ctx.env, &(Rc::new(Node::NatLit(0u8.into())) as Term));
                        vec![m.inst(cod, zero), m.nat_step_type(cod)]
                    }
                    Prim::Int => vec![m.int_case_type(cod, true), m.int_case_type(cod, false)],
                    Prim::Empty => Vec::new(),
                    _ => return Ok(None),
                };
                let mut cases: Vec<Term> = Vec::new();
                for goal in goals {
                    // The step of an induction is about any number: to look at that one again leads on and on.
                    let before = self.cases;
                    if *p == Prim::Nat && !cases.is_empty() {
                        self.cases = 0;
                    }
                    let found = self.prove(ctx, &goal, depth);
                    self.cases = before;
                    let Some(t) = found? else { return Ok(None) };
                    let Some(t) = crate::terms::lift(&t, 1, 0) else { return Ok(None) };
                    cases.push(t);
                }
                let whole: Term = Rc::new(Node::Var(0));
                let mut cases = cases.into_iter();
                match (p, cases.next(), cases.next()) {
                    (Prim::Bool, Some(a), Some(b)) => Some(Node::BoolElim(motive, a, b, whole)),
                    (Prim::Nat, Some(a), Some(b)) => Some(Node::NatElim(motive, a, b, whole)),
                    (Prim::Int, Some(a), Some(b)) => Some(Node::IntElim(motive, a, b, whole)),
                    (Prim::Empty, None, None) => Some(Node::EmptyElim(motive, whole)),
                    _ => None,
                }
            }
            _ => None,
        };
        let target = m.value(Val::Pi(dom.clone(), cod.clone()));
        Ok(found.and_then(|t| self.accepted(ctx, Rc::new(Node::Lam(Rc::new(t))), &target)))
    }

    fn constructors(
        &mut self,
        ctx: &Ctx,
        (d, params): (DataRef, &Rc<[V]>),
        (cod, motive): (&Clo, &Term),
        depth: u32,
    ) -> Res<Option<Node>> {
        let m = self.m;
        let Some(decl) = m.globals().data(d.id) else { return Ok(None) };
        let (mut branches, mut terms): (Vec<V>, Vec<Term>) = (Vec::new(), Vec::new());
        for (n, c) in (0u32..).zip(&decl.constructors) {
            let ty = m.branch_type(d, n, params, cod)?;
            let found = if c.dims == 0 {
                self.prove(ctx, &ty, depth)?
            } else {
                let over = Over { d, params, cod, branches: &branches };
                self.path_constructor(ctx, &over, c, ty, depth)?
            };
            let Some(t) = found else { return Ok(None) };
            branches.push(m.eval(&ctx.env, &t));
            let Some(t) = crate::terms::lift(&t, 1, 0) else { return Ok(None) };
            terms.push(t);
        }
        let ps = params.iter().map(|p| m.quote(ctx, p)).collect::<Res<Vec<_>>>()?;
        let Some(ps) = ps.iter().map(|p| crate::terms::lift(p, 1, 0)).collect() else { return Ok(None) };
        Ok(Some(Node::DataElim(d, ps, motive.clone(), terms, Rc::new(Node::Var(0)))))
    }

    /// The case of a path constructor, from a path of as many dimensions with given sides.
    fn path_constructor(
        &mut self,
        ctx: &Ctx,
        over: &Over<'_>,
        c: &Constructor,
        ty: V,
        depth: u32,
    ) -> Res<Option<Term>> {
        let m = self.m;
        let (mut inner, mut ty) = (ctx.clone(), ty);
        let mut given = Vec::new();
        while let Val::Pi(dom, cod) = &*m.whnf(&ty)? {
            let (next, x) = m.bind(&inner, dom.clone());
            (inner, ty) = (next, m.inst(cod, x.clone()));
            given.push(x);
        }
        let fields = given.get(..c.fields.len()).unwrap_or(&[]).to_vec();
        let hypotheses = given.get(c.fields.len()..).unwrap_or(&[]);
        let (mut names, mut at) = (Vec::new(), ty.clone());
        for _ in 0..c.dims {
            let Val::Line(line) = &*m.whnf(&at)? else { return Ok(None) };
            let i = m.fresh_dim();
            at = m.dinst(line, Ivl::Name(i));
            names.push(i);
        }
        let sides = over.sides(m, c, &fields, hypotheses, &names)?;
        for (n, i) in names.iter().enumerate().rev() {
            let mut ends = Vec::new();
            for end in [Ivl::Zero, Ivl::One] {
                let Some((.., value)) = sides.iter().find(|(name, e, _)| name == i && *e == end) else {
                    return Ok(None);
                };
                let rest = names.get(n.saturating_add(1)..).unwrap_or(&[]);
                ends.push(rest.iter().rev().fold(value.clone(), |v, k| m.value(Val::DLam(DClo::Abs(*k, v)))));
            }
            let [left, right] = ends.as_slice() else { return Ok(None) };
            at = m.value(Val::Path(DClo::Abs(*i, at), left.clone(), right.clone()));
        }
        let Some(t) = self.prove(&inner, &at, depth)? else { return Ok(None) };
        let Some(body) = self.walked(&inner, &t, &at, c.dims)? else { return Ok(None) };
        let cube = (0..c.dims).fold(body, |t, _| Rc::new(Node::DLam(t)));
        Ok(Some(given.iter().fold(cube, |t, _| Rc::new(Node::Lam(t)))))
    }
}

/// An elimination so far.
struct Over<'a> {
    d: DataRef,
    params: &'a Rc<[V]>,
    cod: &'a Clo,
    branches: &'a [V],
}

impl Over<'_> {
    /// What the case of a path constructor must be where one of its dimensions has an end.
    fn sides(
        &self,
        m: &Machine<'_>,
        c: &Constructor,
        fields: &[V],
        hypotheses: &[V],
        names: &[Name],
    ) -> Res<Vec<(Name, Ivl, V)>> {
        let terms = self.params.iter().chain(fields).fold(List::default(), |l, v| l.push(v.clone()));
        let dims = names.iter().fold(List::default(), |l, i| l.push(Ivl::Name(*i)));
        let env = Env { terms, dims, shift: self.d.shift };
        let elim = Elim::DataElim(Rc::new((self.d, self.params.clone(), self.cod.clone(), self.branches.into())));
        let recursive = (0usize..).zip(&c.fields).filter(|(_, f)| recursive(f, self.d.id)).map(|(n, _)| n);
        let known: Vec<(usize, &V)> = recursive.zip(hypotheses).collect();
        let mut out = Vec::new();
        for part in &c.boundary {
            let [(r, s)] = part.cof.as_slice() else { continue };
            let (Ivl::Name(i), end) = (m.dim(&env, *r)?, m.dim(&env, *s)?) else { continue };
            // What holds of a smaller element was given.
            let (mut head, mut args) = (&part.body, Vec::new());
            while let Node::App(f, x) = &**head {
                args.push(m.eval(&env, x));
                head = f;
            }
            let field = match &**head {
                Node::Var(n) => usize::try_from(*n).ok().and_then(|n| c.fields.len().checked_sub(n.checked_add(1)?)),
                _ => None,
            };
            let value = match field.and_then(|n| known.iter().find(|(f, _)| *f == n)) {
                Some((_, h)) => args.into_iter().rev().fold((*h).clone(), |f, x| m.apply(&f, x)),
                None => m.elim(&m.eval(&env, &part.body), elim.clone()),
            };
            out.push((i, end, value));
        }
        Ok(out)
    }
}

/// Whether a field is an element of the data type itself, or a function to it.
fn recursive(field: &Term, id: u32) -> bool {
    match &**field {
        Node::Pi(_, b) => recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}

/// Whether a term is about boxes, coercions or path constructors.
pub fn cubical(m: &Machine<'_>, t: &Term) -> bool {
    let mut found = false;
    crate::terms::visit(t, 0, 0, &mut |t, _, _| {
        found |= match &**t {
            Node::Coe(..) | Node::HCom(..) | Node::Glue(..) => true,
            Node::Data(d, _) => with_paths(m, *d),
            // What its type speaks of is enough.
            Node::Const { id, .. } => m.globals().const_type(*id).is_some_and(|ty| {
                let mut of = false;
                crate::terms::visit(&ty, 0, 0, &mut |t, _, _| {
                    of |= match &**t {
                        Node::Data(d, _) => with_paths(m, *d),
                        Node::Path(line, ..) => matches!(&**line, Node::Univ(_)),
                        _ => false,
                    };
                });
                of
            }),
            Node::Con(.., dims) => dims.iter().any(|d| matches!(d, Dim::Var(_))),
            _ => false,
        }
    });
    found
}

/// Whether a data type has path constructors.
pub fn with_paths(m: &Machine<'_>, d: DataRef) -> bool {
    m.globals().data(d.id).is_some_and(|d| d.constructors.iter().any(|c| c.dims > 0))
}
