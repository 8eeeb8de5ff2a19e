//! Data declarations: telescopes, levels, strict positivity (KERNEL.md section 4).

use crate::closure::{Bind, Clo, Closure, Delay, Elim, Env, Ivl, Sub};
use crate::kan::MEMORY;
use crate::machine::{Machine, count};
use crate::scene::{app, closed};
use crate::trust::Refs;
use crate::{Res, refuse};
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
        Node::Data(d, ps) if (d.id, d.shift) == (id, 0) && ps.len() == params => {
            if ps.iter().enumerate().all(|(n, p)| is_param(p, params + depth - 1 - n)) {
                Ok(())
            } else {
                refuse("not strictly positive", "a recursive field has other parameters")
            }
        }
        _ => refuse("not strictly positive", "the data type stands inside another term"),
    }
}

/// A boundary term `t` read as its `*` (rule `data-elim`), where `arrows` arrows are left of the type of what it fills.
/// The result stands under branches, hypotheses, parameters and fields, in this order: nothing moves that stood under
/// parameters and fields. Terms of another form are refused (T27), so this is also the check of the form.
struct Reader<'a> {
    id: u32,
    decl: &'a DataDecl,
    /// The constructor of the boundary, and its number.
    con: (&'a Constructor, usize),
    /// Term variables bound inside the boundary term.
    bound: usize,
}

impl Reader<'_> {
    fn read(&self, t: &Term, arrows: usize) -> Res<Term> {
        let other = || refuse("boundary not of constructors", "a boundary has a term of another kind");
        let plain = |t: &Term| free_of(t, self.id);
        let var = |k: usize| u32::try_from(k).map_or_else(|_| other(), |k| Ok(Rc::new(Node::Var(k))));
        let (own, params) = (&self.con.0.fields, self.decl.params.len());
        let recursive = |k: &usize| own.get(*k).is_some_and(|ty| recursive_arity(ty, self.id).is_some());
        let hypotheses = (0..own.len()).filter(recursive).count();
        let inner = self.bound + own.len() + params;
        match &**t {
            Node::Lam(b) if arrows > 0 => {
                let under = Reader { bound: self.bound + 1, ..*self };
                Ok(Rc::new(Node::Lam(under.read(b, arrows - 1)?)))
            }
            Node::App(f, a) if plain(a) => Ok(app(self.read(f, arrows + 1)?, a.clone())),
            Node::Var(k) => {
                let place = usize::try_from(*k).ok().and_then(|k| (self.bound + own.len()).checked_sub(k + 1));
                match place.filter(recursive) {
                    Some(place) => var(inner + hypotheses - 1 - (0..place).filter(recursive).count()),
                    None => other(),
                }
            }
            Node::Con(d, c, ps, fields, dims) if (d.id, d.shift) == (self.id, 0) && ps.len() == params => {
                let number = usize::try_from(*c).unwrap_or(usize::MAX);
                let Some(earlier) = self.decl.constructors.get(number).filter(|_| number < self.con.1) else {
                    return other();
                };
                let known = |(n, p): (usize, &Term)| is_param(p, inner - 1 - n);
                if !ps.iter().enumerate().all(known) || fields.len() != earlier.fields.len() {
                    return other();
                }
                let branches = self.decl.constructors.len();
                let mut at = fields.iter().fold(var(inner + hypotheses + branches - 1 - number)?, |f, x| app(f, x.clone()));
                for (x, ty) in fields.iter().zip(&earlier.fields) {
                    match recursive_arity(ty, self.id) {
                        Some(arrows) => at = app(at, self.read(x, arrows)?),
                        None if plain(x) => {}
                        None => return other(),
                    }
                }
                Ok(dims.iter().fold(at, |t, r| Rc::new(Node::LApp(t, *r))))
            }
            _ => other(),
        }
    }
}

fn is_param(p: &Term, index: usize) -> bool {
    matches!(&**p, Node::Var(k) if usize::try_from(*k) == Ok(index))
}

impl Machine<'_> {
    /// Checks a declaration at position `id`, with itself pending.
    pub(crate) fn data_decl(&self, id: u32, d: &DataDecl) -> Res<()> {
        let mut env = Env::empty(0);
        for p in &d.params {
            if !free_of(p, id) {
                return refuse("not strictly positive", "the data type stands in its own parameters");
            }
            self.check_type(&env, p)?;
            env = env.push(self.free(Rc::new(Closure::Term(p.clone(), env.clone()))));
        }
        let params: Vec<Term> =
            (0u32..).zip(&d.params).map(|(k, _)| Rc::new(Node::Var(k))).collect::<Vec<_>>().into_iter().rev().collect();
        let whole = Rc::new(Closure::Term(Rc::new(Node::Data(DataRef { id, shift: 0 }, params)), env.clone()));
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
            let reader = Reader { id, decl: d, con: (c, number), bound: 0 };
            for part in &c.boundary {
                if !matches!(part.cof.as_slice(), [(Dim::Var(_), Dim::Zero | Dim::One)]) {
                    return refuse("ill-formed term", "a boundary lies elsewhere than at an end of a dimension");
                }
                reader.read(&part.body, 0)?;
            }
            let sides = self.parts(&env, &c.boundary)?;
            for (part, side) in c.boundary.iter().zip(&sides) {
                if let Some(s) = Sub::unify(&side.cof) {
                    self.check(&env.act(&s), &part.body, &whole)?;
                }
            }
            self.overlaps(&sides, "boundary disagrees", |s, x, y| self.conv(&whole, &x.act(s), &y.act(s)))?;
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
    pub(crate) fn branch_boundary(
        &self,
        d: DataRef,
        number: u32,
        params: &[Clo],
        motive: &Bind,
        branches: &[Clo],
    ) -> Res<()> {
        let c = self.constructor(d, number)?;
        let mut own = params.iter().fold(Env::empty(d.shift), |e, p| e.push(p.clone()));
        let (mut given, mut hypotheses) = (Vec::new(), Vec::new());
        for ty in &c.fields {
            let field: Clo = Rc::new(Closure::Term(ty.clone(), own.clone()));
            let value = self.free(field.clone());
            if recursive_arity(ty, d.id).is_some() {
                let ih = Closure::Ih { field, value: value.clone(), motive: motive.clone() };
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
        let branch = branches.get(place).cloned().unwrap_or_else(|| closed(Node::Univ(0)));
        let at = given.iter().chain(&hypotheses).fold(branch, |f, x| f.elim(Elim::App(x.clone())));
        let at = dims.iter().fold(at, |t, r| t.elim(Elim::LApp(*r)));
        let reader = Reader { id: d.id, decl: self.data(d.id)?, con: (c, place), bound: 0 };
        for (part, side) in c.boundary.iter().zip(self.boundary(d, number, &own, &dims)?) {
            let star = Rc::new(Closure::Term(reader.read(&part.body, 0)?, outer.clone()));
            if let Some(s) = Sub::unify(&side.cof)
                && !self.conv(&motive.inst(side.body).act(&s), &at.act(&s), &star.act(&s))?
            {
                return refuse("boundary disagrees", "a branch has another boundary than its constructor");
            }
        }
        Ok(())
    }
}
