//! Data declarations: telescopes, levels, strict positivity (KERNEL.md section 4).

use crate::closure::{Bind, Clo, Closure, Delay, Elim, Env, Ivl, Sub};
use crate::kan::MEMORY;
use crate::machine::{Machine, count};
use crate::scene::{app, data};
use crate::trust::Refs;
use crate::{Refusal, Res, refuse};
use bfv_format::{Constructor, DataDecl, DataRef, Dim, Node, Term};
use std::rc::Rc;

/// For a recursive field the number of its arrows; the shape was checked when the type was declared.
pub(crate) fn recursive_arity(field: &Term, id: u32) -> Option<usize> {
    let (mut arrows, mut at) = (0, field);
    while let Node::Pi(_, b) = &**at {
        arrows += 1;
        at = b;
    }
    matches!(&**at, Node::Data(d, _) if d.id == id).then_some(arrows)
}

fn free_of(t: &Term, id: u32) -> bool {
    let mut refs = Refs::default();
    refs.add(t);
    refs.ids.iter().all(|k| *k < id)
}

/// Rule: recursive fields are `D params` or arrows into it from types free of D; D is nowhere else.
fn positive(field: &Term, id: u32, params: usize, depth: usize) -> Res<()> {
    if free_of(field, id) {
        return Ok(());
    }
    match &**field {
        Node::Pi(a, b) => {
            if free_of(a, id) {
                positive(b, id, params, depth + 1)
            } else {
                refuse("not strictly positive", "the data type stands to the left of an arrow")
            }
        }
        Node::Data(d, ps) if (d.id, d.shift) == (id, 0) => {
            if are_params(ps, params, params + depth) {
                Ok(())
            } else {
                refuse("not strictly positive", "a recursive field has other parameters")
            }
        }
        _ => refuse("not strictly positive", "the data type stands inside another term"),
    }
}

/// A constructor by number whose boundary is read.
#[derive(Clone, Copy)]
struct Boundary<'a> {
    id: u32,
    decl: &'a DataDecl,
    number: usize,
    fields: &'a [Term],
}

impl Boundary<'_> {
    /// A boundary term as its `*` (rule `data-elim`).
    /// The result stands under branches, hypotheses, parameters and fields, in this order: nothing moves that stood under
    /// parameters and fields. A term of another form is refused (T27), so this is also the check of the form: a field has all
    /// its arguments, of which `applied` stand outside of the term; where nothing is said, it fills a field under arrows.
    fn star(&self, m: &Machine<'_>, t: &Term, applied: Option<usize>) -> Res<Term> {
        let _level = m.enter()?;
        m.charge(MEMORY)?;
        let other = || refuse("boundary not of constructors", "a boundary has a term of another kind");
        let var = |k: usize| u32::try_from(k).map_or_else(|_| other(), |k| Ok(Rc::new(Node::Var(k))));
        let arity = |k: &usize| self.fields.get(*k).and_then(|ty| recursive_arity(ty, self.id));
        let recursive = |k: &usize| arity(k).is_some();
        let mine = self.fields.len();
        let inner = mine + self.decl.params.len();
        let hypotheses = (0..mine).filter(recursive).count();
        match &**t {
            Node::App(f, a) if free_of(a, self.id) && matches!(**f, Node::App(..) | Node::Var(_)) => {
                Ok(app(self.star(m, f, applied.map(|n| n + 1))?, a.clone()))
            }
            Node::Var(k) => match count(*k)?.checked_add(1).and_then(|k| mine.checked_sub(k)).filter(recursive) {
                Some(place) if applied.is_none_or(|n| arity(&place) == Some(n)) => {
                    var(inner + hypotheses - 1 - (0..place).filter(recursive).count())
                }
                _ => other(),
            },
            Node::Con(d, c, ps, xs, dims) if (d.id, d.shift) == (self.id, 0) && count(*c)? < self.number => {
                let types = &m.constructor(*d, *c)?.fields;
                if !are_params(ps, self.decl.params.len(), inner) || xs.len() != types.len() {
                    return other();
                }
                let branch = var(inner + hypotheses + self.decl.constructors.len() - 1 - count(*c)?)?;
                let mut at = xs.iter().fold(branch, |f, x| app(f, x.clone()));
                for (x, ty) in xs.iter().zip(types) {
                    match recursive_arity(ty, self.id) {
                        Some(0) => at = app(at, self.star(m, x, Some(0))?),
                        // What fills a field under arrows is a field itself.
                        Some(_) if matches!(**x, Node::Var(_)) => at = app(at, self.star(m, x, None)?),
                        None if free_of(x, self.id) => {}
                        _ => return other(),
                    }
                }
                Ok(dims.iter().fold(at, |t, r| Rc::new(Node::LApp(t, *r))))
            }
            _ => other(),
        }
    }
}

/// Whether these are the parameters of the declaration, under so many variables.
fn are_params(ps: &[Term], params: usize, under: usize) -> bool {
    let own = |(n, p): (usize, &Term)| matches!(&**p, Node::Var(k) if usize::try_from(*k) == Ok(under - 1 - n));
    ps.len() == params && ps.iter().enumerate().all(own)
}

impl<'a> Machine<'a> {
    pub(crate) fn constructor(&self, d: DataRef, c: u32) -> Res<&'a Constructor> {
        let decl = self.data(d.id)?;
        usize::try_from(c).ok().and_then(|c| decl.constructors.get(c)).ok_or_else(|| {
            Refusal::new("wrong number of arguments", format!("{} has no constructor number {c}", decl.name))
        })
    }

    /// The field types of a constructor as written.
    pub(crate) fn fields(&self, d: DataRef, c: u32) -> Res<&'a [Term]> {
        Ok(&self.constructor(d, c)?.fields)
    }

    /// Checks a declaration at position `id`, with itself pending.
    pub(crate) fn data_decl(&self, id: u32, d: &DataDecl) -> Res<()> {
        let (mut env, mut params) = (Env::empty(0), Vec::new());
        for p in &d.params {
            if !free_of(p, id) {
                return refuse("not strictly positive", "the data type stands in its own parameters");
            }
            self.check_type(&env, p)?;
            let x = self.free(Rc::new(Closure::Term(p.clone(), env.clone())));
            params.push(x.clone());
            env = env.push(x);
        }
        let whole = data(DataRef { id, shift: 0 }, &params);
        for (number, c) in d.constructors.iter().enumerate() {
            let mut env = env.clone();
            for (n, field) in c.fields.iter().enumerate() {
                positive(field, id, d.params.len(), n)?;
                let level = self.check_type(&env, field)?;
                if level > d.level {
                    return refuse("universe too small", format!("a field of {} is in universe {level}", d.name));
                }
                env = env.push(self.free(Rc::new(Closure::Term(field.clone(), env.clone()))));
            }
            let env = self.dims(c)?.iter().fold(env, |e, r| e.push_dim(*r));
            let boundary = Boundary { id, decl: d, number, fields: &c.fields };
            for part in &c.boundary {
                if !matches!(part.cof.as_slice(), [(Dim::Var(_), Dim::Zero | Dim::One)]) {
                    return refuse("boundary not of constructors", "a boundary is at no end of a dimension");
                }
                boundary.star(self, &part.body, Some(0))?;
            }
            let sides = self.parts(&env, &c.boundary)?;
            for (part, side) in c.boundary.iter().zip(&sides) {
                if let Some(s) = Sub::unify(&side.cof) {
                    self.check(&env.act(&s), &part.body, &whole)?;
                }
            }
            self.overlaps(&sides, "faces disagree", &|s, x, y| self.conv(&whole, &x.act(s), &y.act(s)))?;
        }
        Ok(())
    }

    /// Names for the dimensions of a constructor that has a boundary.
    fn dims(&self, c: &Constructor) -> Res<Vec<Ivl>> {
        let mut out = Vec::new();
        while !c.boundary.is_empty() && out.len() < count(c.dims)? {
            self.charge(MEMORY)?;
            out.push(Ivl::Name(self.name()));
        }
        Ok(out)
    }

    /// Rule `data-elim`: at variables, a branch is on the boundary what the boundary says.
    pub(crate) fn branch_boundary(&self, at: (DataRef, u32), params: &[Clo], m: &Bind, branches: &[Clo]) -> Res<()> {
        let (d, number) = at;
        let c = self.constructor(d, number)?;
        let mut own = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let (mut given, mut hypotheses) = (Vec::new(), Vec::new());
        for ty in &c.fields {
            let field: Clo = Rc::new(Closure::Term(ty.clone(), own.clone()));
            let value = self.free(field.clone());
            if recursive_arity(ty, d.id).is_some() {
                let ih = Closure::Ih { field, value: value.clone(), motive: m.clone() };
                hypotheses.push(self.free(Rc::new(ih)));
            }
            own = own.push(value.clone());
            given.push(value);
        }
        let dims = self.dims(c)?;
        let outer = branches.iter().chain(&hypotheses).chain(params).chain(&given);
        let outer = outer.fold(Env::empty(d.shift), |e, x| e.push(x.clone()));
        let outer = dims.iter().fold(outer, |e, r| e.push_dim(*r));
        let place = count(number)?;
        let Some(branch) = branches.get(place).cloned() else {
            return refuse("ill-formed term", "a branch is missing");
        };
        let at = given.iter().chain(&hypotheses).fold(branch, |f, x| f.elim(Elim::App(x.clone())));
        let at = dims.iter().fold(at, |t, r| t.elim(Elim::LApp(*r)));
        let boundary = Boundary { id: d.id, decl: self.data(d.id)?, number: place, fields: &c.fields };
        for (part, side) in c.boundary.iter().zip(self.boundary(d, number, &own, &dims)?) {
            let star = Rc::new(Closure::Term(boundary.star(self, &part.body, Some(0))?, outer.clone()));
            if let Some(s) = Sub::unify(&side.cof)
                && !self.conv(&m.inst(side.body).act(&s), &at.act(&s), &star.act(&s))?
            {
                return refuse("boundary disagrees", "a branch has another boundary than its constructor");
            }
        }
        Ok(())
    }
}
