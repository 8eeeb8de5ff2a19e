//! Data types, `sctt/KERNEL.md` section 4: declarations, field types, branches of eliminators, their computation.

use crate::check::Ctx;
use crate::face::is_true;
use crate::machine::Machine;
use crate::refusal::{ARITY, BOUNDARY, BRANCH, CONSTANT, POSITIVITY, Res, UNIVERSE, refuse};
use crate::value::{Clo, Composition, DClo, Elim, Env, Head, Ivl, Lazy, Name, Native, Neutral, V, VPart, Val};
use bfv_format::{Cof, Constructor, DataDecl, DataRef, Dim, Node, Part, Term};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A length as an index.
pub(crate) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Steps for a dimension of a constructor: a declaration of a few bytes may ask for billions of them.
const DIMENSION: u64 = 64;

/// A length as an amount of work.
pub(crate) fn length(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Whether a field type is recursive: `D params` under any number of arrows. The declaration was checked, so the head suffices.
fn is_recursive(field: &Term, id: u32) -> bool {
    match &**field {
        Node::Pi(_, b) => is_recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}

impl Machine<'_> {
    pub(crate) fn data(&self, d: DataRef) -> Res<Rc<DataDecl>> {
        match self.globals.data(d.id) {
            Some(decl) => Ok(decl),
            None => refuse(CONSTANT, format!("Position {} is no data type.", d.id)),
        }
    }

    pub(crate) fn constructor<'d>(&self, d: &'d DataDecl, c: u32) -> Res<&'d Constructor> {
        match usize::try_from(c).ok().and_then(|c| d.constructors.get(c)) {
            Some(c) => Ok(c),
            None => refuse(ARITY, format!("There is no constructor number {c}.")),
        }
    }

    /// The type of the next field of a constructor, at parameters and earlier fields.
    pub fn field_type(&self, d: DataRef, con: u32, params: &[V], given: &[V]) -> Res<V> {
        let decl = self.data(d)?;
        let c = self.constructor(&decl, con)?;
        self.charge(length(params.len() + given.len() + c.fields.len()) / 16);
        let Some(field) = c.fields.get(given.len()) else {
            return refuse(ARITY, "A constructor has fewer fields than this.");
        };
        let terms = params.iter().chain(given).fold(crate::List::default(), |l, v| l.push(v.clone()));
        Ok(self.eval(&Env { terms, shift: d.shift, ..Env::default() }, field))
    }

    /// The type of the n-th parameter, at earlier parameters.
    pub fn param_type(&self, d: DataRef, given: &[V]) -> Res<V> {
        let decl = self.data(d)?;
        let Some(p) = decl.params.get(given.len()) else {
            return refuse(ARITY, "A data type has fewer parameters than this.");
        };
        let terms = given.iter().fold(crate::List::default(), |l, v| l.push(v.clone()));
        Ok(self.eval(&Env { terms, shift: d.shift, ..Env::default() }, p))
    }

    /// Rule `data-elim`: the type that the branch of a constructor must have.
    pub fn branch_type(&self, d: DataRef, con: u32, params: &Rc<[V]>, motive: &Clo) -> Res<V> {
        Ok(self.shared(self.branch_from(d, con, params, Vec::new(), motive)?))
    }

    pub(crate) fn branch_from(&self, d: DataRef, c: u32, ps: &Rc<[V]>, given: Vec<V>, m: &Clo) -> Res<Rc<Val>> {
        let total = self.constructor(&*self.data(d)?, c)?.fields.len();
        if given.len() < total {
            let ty = self.field_type(d, c, ps, &given)?;
            let rest = Native::Branch(d, c, ps.clone(), given, m.clone());
            return Ok(self.done(Val::Pi(ty, Clo::Native(Rc::new(rest)))));
        }
        self.hypotheses_from(d, c, ps, &given, m, 0)
    }

    /// The hypotheses for recursive fields from number `next` on, then the motive at the constructor.
    pub(crate) fn hypotheses_from(
        &self,
        d: DataRef,
        c: u32,
        ps: &Rc<[V]>,
        given: &[V],
        m: &Clo,
        next: usize,
    ) -> Res<Rc<Val>> {
        let decl = self.data(d)?;
        let con = self.constructor(&decl, c)?;
        for (n, field) in con.fields.iter().enumerate().skip(next) {
            if let Some(x) = given.get(n)
                && is_recursive(field, d.id)
            {
                let ty = self.field_type(d, c, ps, given.get(..n).unwrap_or(&[]))?;
                let hypothesis = self.shared(self.hypothesis(&ty, x, m)?);
                let rest = Native::Hypotheses(d, c, ps.clone(), given.to_vec(), m.clone(), n + 1);
                return Ok(self.done(Val::Pi(hypothesis, Clo::Native(Rc::new(rest)))));
            }
        }
        self.spend(u64::from(con.dims).saturating_mul(DIMENSION))?;
        let names: Vec<Name> = (0..con.dims).map(|_| self.fresh_dim()).collect();
        let dims = names.iter().map(|i| Ivl::Name(*i)).collect();
        let at = self.inst(m, self.delay(Lazy::Con(Rc::new(Val::Con(d, c, ps.clone(), given.to_vec().into(), dims)))));
        let lines = names.iter().rev().fold(at, |ty, i| self.value(Val::Line(DClo::Abs(*i, ty))));
        self.folded(&lines)
    }

    /// A constructor; on its boundary it is something else.
    pub(crate) fn con(&self, d: DataRef, c: u32, ps: &Rc<[V]>, xs: &Rc<[V]>, dims: &Rc<[Ivl]>) -> Res<Rc<Val>> {
        if !dims.is_empty() {
            for part in self.boundary(d, c, ps, xs, dims)? {
                if is_true(&part.cof) {
                    return self.folded(&part.body);
                }
            }
        }
        Ok(self.done(Val::Con(d, c, ps.clone(), xs.clone(), dims.clone())))
    }

    /// The boundary of a constructor at parameters, fields and dimensions.
    pub(crate) fn boundary(&self, d: DataRef, c: u32, ps: &[V], xs: &[V], dims: &[Ivl]) -> Res<Vec<VPart>> {
        let decl = self.data(d)?;
        let con = self.constructor(&decl, c)?;
        self.charge(length(ps.len() + xs.len() + con.boundary.len()) / 16);
        let terms = ps.iter().chain(xs).fold(crate::List::default(), |l, v| l.push(v.clone()));
        let env = Env { terms, dims: dims.iter().fold(crate::List::default(), |l, r| l.push(*r)), shift: d.shift };
        let part = |p: &Part| Ok(VPart { cof: self.cof(&env, &p.cof)?, body: self.eval(&env, &p.body) });
        con.boundary.iter().map(part).collect()
    }

    /// Whether a data type has path constructors: compositions are elements of it then.
    pub(crate) fn has_paths(&self, d: DataRef) -> Res<bool> {
        Ok(self.data(d)?.constructors.iter().any(|c| c.dims > 0))
    }

    /// The parts of a composition that is an element of a data type.
    pub(crate) fn as_composition(&self, w: &Val) -> Res<Option<Rc<Composition>>> {
        if let Val::Neutral(Neutral { head: Head::HCom(h), spine, .. }) = w
            && spine.is_empty()
            && let Val::Data(d, _) = &*self.whnf(&h.2)?
            && self.has_paths(*d)?
        {
            return Ok(Some(h.clone()));
        }
        Ok(None)
    }

    /// The eliminator meets a composition: it composes the images, in the family over the filler.
    pub(crate) fn match_composition(&self, composition: &Composition, e: &Elim) -> Res<Rc<Val>> {
        let Elim::DataElim(elim) = e else { return refuse(ARITY, "No eliminator of a data type.") };
        let (r, s, ty, faces, b) = composition;
        let (r, s) = (*r, *s);
        let k = self.fresh_dim();
        let family = self.inst(&elim.2, self.compose(r, Ivl::Name(k), ty, faces, b));
        // A family that does not vary is seen to stay where it is once it is evaluated.
        self.whnf(&family)?;
        let line = DClo::Abs(k, family);
        self.folded(&self.com(r, s, &line, &self.map_faces(faces, e), &self.elim(b, e.clone())))
    }

    /// `M x` for a field x of type `D params`; `(a : A) -> M (x a)` for one of type `(a : A) -> D params`.
    pub(crate) fn hypothesis(&self, ty: &V, x: &V, m: &Clo) -> Res<Rc<Val>> {
        match &*self.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let rest = Native::Hypothesis(cod.clone(), x.clone(), m.clone());
                Ok(self.done(Val::Pi(dom.clone(), Clo::Native(Rc::new(rest)))))
            }
            _ => self.folded(&self.inst(m, x.clone())),
        }
    }

    /// The eliminator at a recursive field.
    pub(crate) fn recurse(&self, ty: &V, x: &V, e: &Elim) -> Res<V> {
        match &*self.whnf(ty)? {
            Val::Pi(_, cod) => {
                let rest = Native::Recurse(cod.clone(), x.clone(), e.clone());
                Ok(self.value(Val::Lam(Clo::Native(Rc::new(rest)))))
            }
            _ => Ok(self.elim(x, e.clone())),
        }
    }

    /// The eliminator meets a constructor.
    pub(crate) fn match_constructor(&self, d: DataRef, c: u32, xs: &Rc<[V]>, dims: &[Ivl], e: &Elim) -> Res<Rc<Val>> {
        let Elim::DataElim(elim) = e else { return refuse(ARITY, "No eliminator of a data type.") };
        let (_, ps, _, branches) = &**elim;
        let Some(branch) = usize::try_from(c).ok().and_then(|c| branches.get(c)) else {
            return refuse(ARITY, format!("There is no branch for constructor number {c}."));
        };
        let decl = self.data(d)?;
        let con = self.constructor(&decl, c)?;
        let mut args = xs.to_vec();
        for (n, field) in con.fields.iter().enumerate() {
            if let Some(x) = xs.get(n)
                && is_recursive(field, d.id)
            {
                let ty = self.field_type(d, c, ps, xs.get(..n).unwrap_or(&[]))?;
                args.push(self.recurse(&ty, x, e)?);
            }
        }
        args.reverse();
        let out = self.apply_all(self.folded(branch)?, args)?;
        dims.iter().try_fold(out, |p, r| self.eliminate(&p, Elim::LApp(*r)))
    }

    /// Rule `data-elim`: the last of the branches agrees with the boundary of its constructor.
    ///
    /// # Errors
    /// `BRANCH` where it does not; any other refusal of evaluation.
    pub fn check_branch(&self, ctx: &Ctx, d: DataRef, c: u32, ps: &Rc<[V]>, m: &Clo, branches: &[V]) -> Res<()> {
        let decl = self.data(d)?;
        let con = self.constructor(&decl, c)?;
        let Some(branch) = branches.last() else { return Ok(()) };
        if con.dims == 0 {
            return Ok(());
        }
        let (mut inner, mut ty, mut out) = (ctx.clone(), self.branch_type(d, c, ps, m)?, branch.clone());
        let mut bind = |n: usize| -> Res<Vec<V>> {
            let mut given = Vec::new();
            for _ in 0..n {
                let Val::Pi(dom, cod) = &*self.whnf(&ty)? else {
                    return refuse(ARITY, "A branch has too few arguments.");
                };
                let (next, x) = self.bind(&inner, dom.clone());
                (inner, ty, out) = (next, self.inst(cod, x.clone()), self.apply(&out, x.clone()));
                given.push(x);
            }
            Ok(given)
        };
        let recursive: Vec<usize> =
            con.fields.iter().enumerate().filter(|(_, f)| is_recursive(f, d.id)).map(|(n, _)| n).collect();
        let xs = bind(con.fields.len())?;
        let hypotheses = recursive.into_iter().zip(bind(recursive_fields(con, d.id))?).collect();
        let mut names = Vec::new();
        for _ in 0..con.dims {
            let (next, i) = self.bind_dim(&inner);
            (inner, out) = (next, self.lapp(&out, Ivl::Name(i)));
            names.push(Ivl::Name(i));
        }
        let terms = ps.iter().chain(&xs).fold(crate::List::default(), |l, v| l.push(v.clone()));
        let env = Env { terms, dims: names.iter().fold(crate::List::default(), |l, r| l.push(*r)), shift: d.shift };
        let star = Star { first: ps.len(), fields: con.fields.len(), hypotheses, branches, id: d.id };
        for part in &con.boundary {
            let Some((inside, u)) = self.restrict(&inner, &self.cof(&env, &part.cof)?) else { continue };
            let want = self.act(&self.star(&star, &env, &part.body)?, &u);
            let ty = self.act(&self.inst(m, self.eval(&env, &part.body)), &u);
            if !self.conv(&inside, &ty, &self.act(&out, &u), &want)? {
                return refuse(BRANCH, format!("Branch number {c} is not what its boundary asks for."));
            }
        }
        Ok(())
    }

    /// The image of a boundary term: hypotheses for recursive fields, branches for constructors.
    fn star(&self, s: &Star<'_>, env: &Env, t: &Term) -> Res<V> {
        let _level = self.enter()?;
        match &**t {
            Node::Var(n) => {
                let field = (s.first + s.fields).checked_sub(1 + index(*n)).and_then(|l| l.checked_sub(s.first));
                match field.and_then(|f| s.hypotheses.get(&f)) {
                    Some(v) => Ok(v.clone()),
                    None => refuse(BOUNDARY, "A boundary names a field that is not recursive."),
                }
            }
            Node::App(f, a) => Ok(self.apply(&self.star(s, env, f)?, self.eval(env, a))),
            Node::Con(d, c, _, xs, dims) => {
                let decl = self.data(*d)?;
                let con = self.constructor(&decl, *c)?;
                let Some(branch) = s.branches.get(index(*c)) else {
                    return refuse(BOUNDARY, "A boundary names a later constructor.");
                };
                let mut out = xs.iter().fold(branch.clone(), |out, x| self.apply(&out, self.eval(env, x)));
                for (x, field) in xs.iter().zip(&con.fields) {
                    if is_recursive(field, s.id) {
                        out = self.apply(&out, self.star(s, env, x)?);
                    }
                }
                for r in dims {
                    out = self.lapp(&out, self.dim(env, *r)?);
                }
                Ok(out)
            }
            _ => refuse(BOUNDARY, "A boundary is made of something else than recursive fields and constructors."),
        }
    }

    /// Checks a data declaration that will stand at position `id`.
    pub(crate) fn check_data(&self, id: u32, decl: &DataDecl) -> Res<()> {
        let mut ctx = Ctx::default();
        for p in &decl.params {
            if mentions(p, id) {
                return refuse(POSITIVITY, "A data type occurs in its own parameters.");
            }
            self.check_type(&ctx, p)?;
            ctx = self.bind(&ctx, self.eval(&ctx.env, p)).0;
        }
        let params = count(decl.params.len());
        for c in &decl.constructors {
            let mut ctx = ctx.clone();
            for (n, field) in c.fields.iter().enumerate() {
                positive(field, id, params, count(n))?;
                let level = self.check_type(&ctx, field)?;
                if level > decl.level {
                    return refuse(
                        UNIVERSE,
                        format!("A field of universe {level} stands in a data type of universe {}.", decl.level),
                    );
                }
                ctx = self.bind(&ctx, self.eval(&ctx.env, field)).0;
            }
            self.check_boundary(&ctx, id, decl, c)?;
        }
        Ok(())
    }

    /// The boundary of a path constructor, in the context of parameters and fields.
    fn check_boundary(&self, ctx: &Ctx, id: u32, decl: &DataDecl, c: &Constructor) -> Res<()> {
        let params = count(decl.params.len());
        let fields = count(c.fields.len());
        let own = decl.constructors.iter().position(|k| std::ptr::eq(k, c)).map_or(0, count);
        let mut inner = ctx.clone();
        self.spend(u64::from(c.dims).saturating_mul(DIMENSION))?;
        for _ in 0..c.dims {
            inner = self.bind_dim(&inner).0;
        }
        // The parameters, as they stand in the scope of the fields.
        let given = (0..params).map(|n| self.eval(&inner.env, &Rc::new(Node::Var(params + fields - 1 - n)))).collect();
        let ty = self.value(Val::Data(DataRef { id, shift: 0 }, given));
        for part in &c.boundary {
            if !matches!(part.cof.as_slice(), [(Dim::Var(_), Dim::Zero | Dim::One)]) {
                return refuse(BOUNDARY, "A face of a boundary is no equation of a dimension with 0 or 1.");
            }
            boundary_term(&part.body, &Boundary { id, own, params, fields: &c.fields, decl })?;
            let Some((inside, u)) = self.restrict(&inner, &self.cof(&inner.env, &part.cof)?) else { continue };
            self.check(&inside, &part.body, &self.act(&ty, &u))?;
        }
        let cofs: Vec<&Cof> = c.boundary.iter().map(|p| &p.cof).collect();
        self.agree(&inner, &cofs, &mut |inside, u, n, m| {
            let body = |n: usize| c.boundary.get(n).map(|p| self.eval(&inside.env, &p.body));
            match (body(n), body(m)) {
                (Some(a), Some(b)) => self.conv(inside, &self.act(&ty, u), &a, &b),
                _ => Ok(false),
            }
        })
    }
}

/// What `star` reads: the number of parameters and of fields, hypotheses by the number of the field, branches so far, data type.
struct Star<'s> {
    first: usize,
    fields: usize,
    hypotheses: BTreeMap<usize, V>,
    branches: &'s [V],
    id: u32,
}

/// Where a boundary stands: data type, number of its constructor, number of parameters, fields of its constructor, declaration.
struct Boundary<'s> {
    id: u32,
    own: u32,
    params: u32,
    fields: &'s [Term],
    decl: &'s DataDecl,
}

impl Boundary<'_> {
    /// The field that a variable stands for.
    fn field(&self, n: u32) -> Option<&Term> {
        count(self.fields.len()).checked_sub(1 + n).and_then(|f| self.fields.get(index(f)))
    }
}

fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn recursive_fields(c: &Constructor, id: u32) -> usize {
    c.fields.iter().filter(|f| is_recursive(f, id)).count()
}

/// T27: a boundary is made of recursive fields and of earlier constructors, and of nothing else.
fn boundary_term(t: &Term, b: &Boundary<'_>) -> Res<()> {
    let no = |why: &str| refuse(BOUNDARY, why);
    let (mut head, mut args) = (t, 0u32);
    while let Node::App(f, a) = &**head {
        if mentions(a, b.id) {
            return no("An argument in a boundary mentions the data type.");
        }
        (head, args) = (f, args + 1);
    }
    match &**head {
        Node::Var(n) => match b.field(*n) {
            Some(f) if is_recursive(f, b.id) && arrows(f) == args => Ok(()),
            _ => no("A boundary names something else than a recursive field with all its arguments."),
        },
        Node::Con(d, c, ps, xs, _) if args == 0 && d.id == b.id && d.shift == 0 && *c < b.own => {
            let all = b.params + count(b.fields.len());
            let same = count(ps.len()) == b.params
                && ps.iter().zip(0u32..).all(|(p, n)| matches!(&**p, Node::Var(i) if *i == all - 1 - n));
            let Some(con) = b.decl.constructors.get(index(*c)).filter(|k| k.fields.len() == xs.len()) else {
                return no("A constructor in a boundary has another number of fields.");
            };
            if !same {
                return no("A constructor in a boundary has other parameters than the data type.");
            }
            for (x, field) in xs.iter().zip(&con.fields) {
                if !is_recursive(field, b.id) {
                    if mentions(x, b.id) {
                        return no("An argument in a boundary mentions the data type.");
                    }
                } else if arrows(field) == 0 {
                    boundary_term(x, b)?;
                } else if !matches!(&**x, Node::Var(n) if b.field(*n).is_some_and(|f| is_recursive(f, b.id))) {
                    return no("A field with arguments is filled in a boundary by something else than such a field.");
                }
            }
            Ok(())
        }
        _ => no("A boundary is made of something else than recursive fields and earlier constructors."),
    }
}

/// The number of arguments of a recursive field.
fn arrows(field: &Term) -> u32 {
    match &**field {
        Node::Pi(_, b) => 1 + arrows(b),
        _ => 0,
    }
}

/// Whether a data type occurs in a term at all.
fn mentions(t: &Term, id: u32) -> bool {
    let mut found = false;
    crate::walk::visit(t, &mut |n| {
        found |= match n {
            Node::Data(d, _) | Node::Con(d, ..) | Node::DataElim(d, ..) => d.id == id,
            Node::Const { id: c, .. } => *c >= id,
            _ => false,
        }
    });
    found
}

/// Strict positivity: the data type may occur only as `D params` at the end of arrows whose sources are free of it.
fn positive(field: &Term, id: u32, params: u32, depth: u32) -> Res<()> {
    if !mentions(field, id) {
        return Ok(());
    }
    match &**field {
        Node::Pi(a, b) if !mentions(a, id) => positive(b, id, params, depth + 1),
        Node::Data(d, ps) if d.id == id && d.shift == 0 && count(ps.len()) == params => {
            let same = ps.iter().zip(0u32..).all(|(p, n)| matches!(&**p, Node::Var(i) if *i == params + depth - 1 - n));
            if same { Ok(()) } else { refuse(POSITIVITY, "A recursive field has other parameters than the data type.") }
        }
        _ => refuse(POSITIVITY, "In a field, the data type stands elsewhere than at the end."),
    }
}
