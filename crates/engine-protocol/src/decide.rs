//! Proofs and refutations of statements in which everything computes: conditions and claims at a run that is written out.

use bfv_format::{DataRef, Dim, Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::shift::rename;
use std::rc::Rc;

/// A term of the statement, or how a term of it leads to falsehood.
pub enum Decided {
    /// The statement holds.
    Holds(Term),
    /// It fails.
    Fails(Refuted),
}

/// How falsehood follows from a proof. Terms are in the scope in which the statement was decided.
///
/// It is no function: the kernel infers the type of what is applied, so a proof is put in its place at once.
pub enum Refuted {
    /// The proof itself is one of falsehood.
    Itself,
    /// By its first part.
    First(Box<Refuted>),
    /// By its second part.
    Second(Box<Refuted>),
    /// By what it gives for an argument.
    At(Term, Box<Refuted>),
    /// The sides of an equation differ.
    Differ(Term, Term, Apart),
}

/// A family of types with an element at one value and none at another.
pub enum Apart {
    /// Whether the truth value at which there is one is true.
    Truth(bool),
    /// A data type with its parameters, the constructor at which there is one with the field that decides it, if the constructors are
    /// the same, and how many fields each constructor has.
    Con(DataRef, Vec<Term>, u32, Option<(u32, Box<Apart>)>, Vec<u32>),
    /// A number that is compared, whether it is on the left, and whether there is an element where the comparison is true.
    Number(Term, bool, bool),
}

/// A statement for all elements of a type.
enum Everywhere {
    /// A function that proves it at each.
    Holds(Term),
    /// An element, and a refutation there.
    Fails(Term, Refuted),
}

impl Refuted {
    /// Falsehood from a proof, which stands under so many more binders than the statement.
    pub fn by(&self, proof: Term, under: u32) -> Term {
        match self {
            Refuted::Itself => proof,
            Refuted::First(r) => r.by(Rc::new(Node::Fst(proof)), under),
            Refuted::Second(r) => r.by(Rc::new(Node::Snd(proof)), under),
            Refuted::At(x, r) => r.by(app(proof, lift(x, under)), under),
            Refuted::Differ(left, right, apart) => {
                // Along the path, a type with an element becomes one without.
                let at = Rc::new(Node::PApp(proof, lift(left, under), lift(right, under), Dim::Var(0)));
                Rc::new(Node::Coe(Dim::Zero, Dim::One, apart.at(at, under), prim(Prim::Star)))
            }
        }
    }
}

impl Apart {
    /// The type at a value.
    fn at(&self, x: Term, under: u32) -> Term {
        let universe: Term = Rc::new(Node::Univ(0));
        let (unit, empty) = (prim(Prim::Unit), prim(Prim::Empty));
        Rc::new(match self {
            Apart::Truth(true) => Node::BoolElim(universe, unit, empty, x),
            Apart::Truth(false) => Node::BoolElim(universe, empty, unit, x),
            Apart::Con(d, params, c, inner, fields) => {
                let branch = |(number, count): (u32, &u32)| {
                    let body = match inner {
                        _ if number != *c => empty.clone(),
                        None => unit.clone(),
                        Some((n, apart)) => apart.at(var(count.saturating_sub(1 + n)), under + count),
                    };
                    (0..*count).fold(body, |t, _| lam(t))
                };
                let branches = (0u32..).zip(fields).map(branch).collect();
                Node::DataElim(*d, params.iter().map(|p| lift(p, under)).collect(), universe, branches, x)
            }
            Apart::Number(n, left, at_true) => {
                let n = n.clone();
                let (l, r) = if *left { (n, x) } else { (x, n) };
                let (yes, no) = if *at_true { (unit, empty) } else { (empty, unit) };
                Node::BoolElim(universe, yes, no, app(app(prim(Prim::NatLtb), l), r))
            }
        })
    }
}

/// Decides within some bounds.
pub struct Judge<'m, 'g> {
    /// The evaluator.
    pub m: &'m Machine<'g>,
    /// Numbers from here on are all alike in what is decided.
    pub last: u64,
}

/// A constructor of a data type with its parameters.
type Constructor<'c> = (DataRef, u32, &'c Rc<[V]>);

/// What a statement is for an element.
type Family<'f> = dyn Fn(&Ctx, V) -> Res<V> + 'f;

fn app(f: Term, a: Term) -> Term {
    Rc::new(Node::App(f, a))
}
fn lam(t: Term) -> Term {
    Rc::new(Node::Lam(t))
}
fn var(n: u32) -> Term {
    Rc::new(Node::Var(n))
}
fn prim(p: Prim) -> Term {
    Rc::new(Node::Prim(p))
}

/// A term under so many more binders.
fn lift(t: &Term, by: u32) -> Term {
    // Nothing here is glued, so a renaming that fails nowhere succeeds.
    rename(t, 0, 0, &mut |n| n.checked_add(by), &mut Some).unwrap_or_else(|| t.clone())
}

impl Judge<'_, '_> {
    /// Decides a statement; nothing where it does not compute.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn decide(&self, ctx: &Ctx, ty: &V) -> Res<Option<Decided>> {
        let m = self.m;
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Unit) => Some(Decided::Holds(prim(Prim::Star))),
            Val::Prim(Prim::Empty) => Some(Decided::Fails(Refuted::Itself)),
            Val::Sigma(a, b) => {
                let first = match self.decide(ctx, a)? {
                    Some(Decided::Holds(t)) => t,
                    Some(Decided::Fails(t)) => {
                        return Ok(Some(Decided::Fails(Refuted::First(Box::new(t)))));
                    }
                    None => return Ok(None),
                };
                match self.decide(ctx, &m.inst(b, m.eval(&ctx.env, &first)))? {
                    Some(Decided::Holds(second)) => Some(Decided::Holds(Rc::new(Node::Pair(first, second)))),
                    Some(Decided::Fails(t)) => Some(Decided::Fails(Refuted::Second(Box::new(t)))),
                    None => None,
                }
            }
            Val::Path(line, a, b) => self.equation(ctx, &m.dinst(line, Ivl::Zero), a, b)?,
            Val::Pi(dom, cod) => {
                let family = |_: &Ctx, x: V| Ok(m.inst(cod, x));
                match &*m.whnf(dom)? {
                    Val::Data(..) | Val::Prim(Prim::Bool | Prim::Nat) => {
                        self.everywhere(ctx, dom, &family)?.map(|e| match e {
                            Everywhere::Holds(t) => Decided::Holds(t),
                            Everywhere::Fails(x, t) => Decided::Fails(Refuted::At(x, Box::new(t))),
                        })
                    }
                    _ => self.implication(ctx, dom, cod)?,
                }
            }
            _ => None,
        })
    }

    fn implication(&self, ctx: &Ctx, dom: &V, cod: &Clo) -> Res<Option<Decided>> {
        let m = self.m;
        match self.decide(ctx, dom)? {
            Some(Decided::Fails(t)) => {
                let (inner, x) = m.bind(ctx, dom.clone());
                let motive = lift(&m.quote(&inner, &m.inst(cod, x))?, 1);
                let absurd = t.by(var(0), 1);
                Ok(Some(Decided::Holds(lam(Rc::new(Node::EmptyElim(motive, absurd))))))
            }
            Some(Decided::Holds(p)) => Ok(match self.decide(ctx, &m.inst(cod, m.eval(&ctx.env, &p)))? {
                // What is concluded does not depend on which proof the condition has.
                Some(Decided::Holds(q)) => Some(Decided::Holds(lam(lift(&q, 1)))),
                Some(Decided::Fails(t)) => Some(Decided::Fails(Refuted::At(p, Box::new(t)))),
                None => None,
            }),
            None => {
                let (inner, x) = m.bind(ctx, dom.clone());
                Ok(match self.decide(&inner, &m.inst(cod, x))? {
                    Some(Decided::Holds(q)) => Some(Decided::Holds(lam(q))),
                    _ => None,
                })
            }
        }
    }

    fn equation(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<Option<Decided>> {
        let m = self.m;
        if let Some(line) = self.part_by_part(ctx, ty, a, b)? {
            return Ok(Some(Decided::Holds(Rc::new(Node::DLam(line)))));
        }
        if let Some(apart) = self.apart(ctx, ty, a, b)? {
            return Ok(Some(Decided::Fails(Refuted::Differ(m.quote(ctx, a)?, m.quote(ctx, b)?, apart))));
        }
        if m.conv(ctx, ty, a, b)? {
            return Ok(Some(Decided::Holds(Rc::new(Node::DLam(m.quote(ctx, a)?)))));
        }
        Ok(None)
    }

    /// Functions that agree at each argument are the same, and pairs by their parts: what stands at a point of the line between two that are.
    /// As wholes they may not be seen to be the same.
    fn part_by_part(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<Option<Term>> {
        let m = self.m;
        // The kernel does not infer the type of a path that is written out, so what it is made of is taken.
        let on = |t: &Term, a: Term, b: Term| -> Term {
            match &**t {
                Node::DLam(line) => line.clone(),
                _ => Rc::new(Node::PApp(t.clone(), a, b, Dim::Var(0))),
            }
        };
        match &*m.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let same = |ctx: &Ctx, x: V| -> Res<V> {
                    let ty = m.quote(ctx, &m.inst(cod, x.clone()))?;
                    let (a, b) = (m.quote(ctx, &m.apply(a, x.clone()))?, m.quote(ctx, &m.apply(b, x))?);
                    Ok(m.eval(&ctx.env, &Rc::new(Node::Path(ty, a, b))))
                };
                let Some(Everywhere::Holds(t)) = self.everywhere(ctx, dom, &same)? else { return Ok(None) };
                let Node::Lam(body) = &*t else { return Ok(None) };
                let (inner, x) = m.bind(ctx, dom.clone());
                let (x, y) = (m.quote(&inner, &m.apply(a, x.clone()))?, m.quote(&inner, &m.apply(b, x))?);
                Ok(Some(lam(on(body, x, y))))
            }
            Val::Sigma(first, second) => {
                let second = m.inst(second, m.fst(a));
                let mut parts = Vec::new();
                for (ty, x, y) in [(first, m.fst(a), m.fst(b)), (&second, m.snd(a), m.snd(b))] {
                    let Some(Decided::Holds(t)) = self.equation(ctx, ty, &x, &y)? else { return Ok(None) };
                    parts.push(on(&t, m.quote(ctx, &x)?, m.quote(ctx, &y)?));
                }
                let [x, y] = parts.as_slice() else { return Ok(None) };
                Ok(Some(Rc::new(Node::Pair(x.clone(), y.clone()))))
            }
            _ => Ok(None),
        }
    }

    /// A family with an element at the first of two values and none at the second, where they are seen to differ.
    fn apart(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<Option<Apart>> {
        let m = self.m;
        Ok(match (&*m.whnf(a)?, &*m.whnf(b)?) {
            (Val::Prim(Prim::True), Val::Prim(Prim::False)) => Some(Apart::Truth(true)),
            (Val::Prim(Prim::False), Val::Prim(Prim::True)) => Some(Apart::Truth(false)),
            (Val::Con(d, c, ps, xs, _), Val::Con(_, e, _, ys, _)) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(None) };
                // A branch of a type that is in itself would take more arguments.
                if decl.constructors.iter().flat_map(|c| &c.fields).any(|f| mentions(f, *d)) {
                    return Ok(None);
                }
                let mut inner = None;
                if c == e {
                    for (n, (x, y)) in xs.iter().zip(ys.iter()).enumerate() {
                        let ty = m.field_type(*d, *c, ps, xs.get(..n).unwrap_or(&[]))?;
                        if let Some(apart) = self.apart(ctx, &ty, x, y)? {
                            inner = Some((u32::try_from(n).unwrap_or(u32::MAX), Box::new(apart)));
                            break;
                        }
                    }
                    if inner.is_none() {
                        return Ok(None);
                    }
                }
                let count = |c: &bfv_format::Constructor| u32::try_from(c.fields.len()).unwrap_or(u32::MAX);
                let fields = decl.constructors.iter().map(count).collect();
                let params = ps.iter().map(|p| m.quote(ctx, p)).collect::<Res<Vec<Term>>>()?;
                Some(Apart::Con(*d, params, *c, inner, fields))
            }
            (x, y) if matches!(&*m.whnf(ty)?, Val::Prim(Prim::Nat)) => {
                // Compared with the side that is a literal, everything computes.
                let (n, one, other, first) = match (x, y) {
                    (Val::NatLit(n), Val::Suc(..) | Val::NatLit(_)) => (n, a, b, true),
                    (Val::Suc(..), Val::NatLit(n)) => (n, b, a, false),
                    _ => return Ok(None),
                };
                let number: Term = Rc::new(Node::NatLit(n.clone()));
                let mut out = None;
                for left in [true, false] {
                    let holds = |v: &V| -> Res<bool> {
                        let x = m.quote(ctx, v)?;
                        let (l, r) = if left { (number.clone(), x) } else { (x, number.clone()) };
                        let test = m.eval(&ctx.env, &app(app(prim(Prim::NatLtb), l), r));
                        Ok(matches!(&*m.whnf(&test)?, Val::Prim(Prim::True)))
                    };
                    // The comparison is true at the other side, and false where a number is compared with itself.
                    if holds(other)? && !holds(one)? {
                        out = Some(Apart::Number(number.clone(), left, !first));
                    }
                }
                out
            }
            _ => None,
        })
    }

    /// Decides a statement for all elements of a type.
    fn everywhere(&self, ctx: &Ctx, dom: &V, family: &Family<'_>) -> Res<Option<Everywhere>> {
        let m = self.m;
        let motive = |family: &Family<'_>| -> Res<Term> {
            let (inner, x) = m.bind(ctx, dom.clone());
            m.quote(&inner, &family(&inner, x)?)
        };
        match &*m.whnf(dom)? {
            Val::Prim(Prim::Unit) => {
                let star = m.value(Val::Prim(Prim::Star));
                Ok(match self.decide(ctx, &family(ctx, star)?)? {
                    // Every element of this type is that one.
                    Some(Decided::Holds(t)) => Some(Everywhere::Holds(lam(lift(&t, 1)))),
                    Some(Decided::Fails(t)) => Some(Everywhere::Fails(prim(Prim::Star), t)),
                    None => None,
                })
            }
            Val::Prim(Prim::Empty) => {
                let t = Rc::new(Node::EmptyElim(lift_body(&motive(family)?), var(0)));
                Ok(Some(Everywhere::Holds(lam(t))))
            }
            Val::Prim(Prim::Bool) => {
                let mut proofs = Vec::new();
                for p in [Prim::True, Prim::False] {
                    match self.decide(ctx, &family(ctx, m.value(Val::Prim(p)))?)? {
                        Some(Decided::Holds(t)) => proofs.push(lift(&t, 1)),
                        Some(Decided::Fails(t)) => return Ok(Some(Everywhere::Fails(prim(p), t))),
                        None => return Ok(None),
                    }
                }
                let [yes, no] = proofs.as_slice() else { return Ok(None) };
                let t = Node::BoolElim(lift_body(&motive(family)?), yes.clone(), no.clone(), var(0));
                Ok(Some(Everywhere::Holds(lam(Rc::new(t)))))
            }
            Val::Prim(Prim::Nat) => self.every_number(ctx, family),
            Val::Data(d, ps) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(None) };
                let params = ps.iter().map(|p| m.quote(ctx, p)).collect::<Res<Vec<Term>>>()?;
                let mut branches = Vec::new();
                for (c, con) in (0u32..).zip(&decl.constructors) {
                    if con.dims > 0 || con.fields.iter().any(|f| mentions(f, *d)) {
                        return Ok(None);
                    }
                    match self.fields(ctx, (*d, c, ps), &params, con.fields.len(), family)? {
                        Some(Everywhere::Holds(t)) => branches.push(lift(&t, 1)),
                        found => return Ok(found),
                    }
                }
                let params = params.iter().map(|p| lift(p, 1)).collect();
                let t = Node::DataElim(*d, params, lift_body(&motive(family)?), branches, var(0));
                Ok(Some(Everywhere::Holds(lam(Rc::new(t)))))
            }
            _ => Ok(None),
        }
    }

    /// The same for a constructor with so many fields: a function of the fields, or a whole element.
    fn fields(
        &self,
        ctx: &Ctx,
        con: Constructor<'_>,
        params: &[Term],
        total: usize,
        family: &Family<'_>,
    ) -> Res<Option<Everywhere>> {
        let (d, c, ps) = con;
        let whole = |xs: Vec<Term>| Rc::new(Node::Con(d, c, params.to_vec(), xs, Vec::new()));
        if total == 0 {
            let x = self.m.value(Val::Con(d, c, ps.clone(), Rc::new([]), Rc::new([])));
            return Ok(match self.decide(ctx, &family(ctx, x)?)? {
                Some(Decided::Holds(t)) => Some(Everywhere::Holds(t)),
                Some(Decided::Fails(no)) => Some(Everywhere::Fails(whole(Vec::new()), no)),
                None => None,
            });
        }
        let ty = self.m.field_type(d, c, ps, &[])?;
        let rest = |ctx: &Ctx, x: V| self.rest(ctx, con, vec![x], total, family);
        Ok(match self.everywhere(ctx, &ty, &rest)? {
            Some(Everywhere::Fails(x, mut no)) => {
                let mut xs = vec![x];
                while xs.len() < total {
                    let Refuted::At(x, next) = no else { return Ok(None) };
                    xs.push(x);
                    no = *next;
                }
                Some(Everywhere::Fails(whole(xs), no))
            }
            found => found,
        })
    }

    /// A statement about an element some of whose fields are given: for all of the others.
    fn rest(&self, ctx: &Ctx, con: Constructor<'_>, given: Vec<V>, total: usize, family: &Family<'_>) -> Res<V> {
        let (m, (d, c, ps)) = (self.m, con);
        if given.len() >= total {
            return family(ctx, m.value(Val::Con(d, c, ps.clone(), given.into(), Rc::new([]))));
        }
        let ty = m.field_type(d, c, ps, &given)?;
        let (inner, x) = m.bind(ctx, ty.clone());
        let body = self.rest(&inner, con, given.into_iter().chain([x]).collect(), total, family)?;
        Ok(m.eval(&ctx.env, &Rc::new(Node::Pi(m.quote(ctx, &ty)?, m.quote(&inner, &body)?))))
    }

    /// The same for the natural numbers: one after another, and the rest at once.
    fn every_number(&self, ctx: &Ctx, family: &Family<'_>) -> Res<Option<Everywhere>> {
        let m = self.m;
        for n in 0..=self.last {
            let t: Term = Rc::new(Node::NatLit(n.into()));
            if let Some(Decided::Fails(no)) = self.decide(ctx, &family(ctx, m.eval(&ctx.env, &t))?)? {
                return Ok(Some(Everywhere::Fails(t, no)));
            }
        }
        Ok(self.numbers_from(ctx, 0, family)?.map(|t| Everywhere::Holds(lam(t))))
    }

    /// The proof at what is so much larger than a number, which is one more variable.
    fn numbers_from(&self, ctx: &Ctx, above: u64, family: &Family<'_>) -> Res<Option<Term>> {
        let m = self.m;
        let more = |x: Term| -> Term {
            if above == 0 { x } else { app(app(prim(Prim::NatAdd), x), Rc::new(Node::NatLit(above.into()))) }
        };
        let at = |ctx: &Ctx, t: &Term| family(ctx, m.eval(&ctx.env, &more(t.clone())));
        let (inner, _) = m.bind(ctx, m.value(Val::Prim(Prim::Nat)));
        let here = at(&inner, &var(0))?;
        if let Some(Decided::Holds(t)) = self.decide(&inner, &here)? {
            return Ok(Some(t));
        }
        if above > self.last {
            return Ok(None);
        }
        let Some(Decided::Holds(zero)) = self.decide(&inner, &at(&inner, &Rc::new(Node::NatLit(0u8.into())))?)? else {
            return Ok(None);
        };
        let motive = lift_body(&m.quote(&inner, &here)?);
        let Some(rest) = self.numbers_from(&inner, above + 1, family)? else { return Ok(None) };
        // The successor has the number before, and what holds there.
        let step = lam(lam(lift(&rest, 1)));
        Ok(Some(Rc::new(Node::NatElim(motive, zero, step, var(0)))))
    }
}

/// A body over one variable, under one more binder outside of that variable.
fn lift_body(t: &Term) -> Term {
    rename(t, 1, 0, &mut |n| n.checked_add(1), &mut Some).unwrap_or_else(|| t.clone())
}

/// Whether a type is in a field of its own.
fn mentions(field: &Term, d: DataRef) -> bool {
    match &**field {
        Node::Data(e, _) => e.id == d.id,
        Node::Pi(_, b) => mentions(b, d),
        _ => false,
    }
}
