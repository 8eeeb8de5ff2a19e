//! From a point to a term of type `statement -> Empty`: hypotheses are proved at the point by computing, and what is left is shown to be false.
//!
//! Values that differ are told apart by a family of types over them, which is `Unit` at one and `Empty` at the other; carried along the
//! equation, the element of `Unit` becomes one of `Empty`. The kernel judges the term.

use bfv_format::{DataRef, Dim, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Ivl, Machine, Res, V, Val};
use std::rc::Rc;

fn node(n: Node) -> Term {
    Rc::new(n)
}

fn prim(p: Prim) -> Term {
    node(Node::Prim(p))
}

fn apply(f: Term, args: &[Term]) -> Term {
    args.iter().fold(f, |f, a| node(Node::App(f, a.clone())))
}

/// How to come from two values to parts of them that differ.
enum Way {
    First,
    Second,
    /// A field of a constructor: data type, parameters, constructor, field, its type, its value where the constructor is another one.
    Field(DataRef, Vec<Term>, u32, usize, Term, Term),
}

/// What tells two values apart.
enum Apart {
    /// The constructor: data type, parameters, the constructor of the right one.
    Con(DataRef, Vec<Term>, u32),
    /// Whether the left one is true.
    Bool(bool),
    /// An order, the right value, whether the left one is less.
    Order(Prim, Term, bool),
}

/// Closes a statement at a point. The values of hypotheses are none.
pub fn close(m: &Machine<'_>, statement: &V, values: &[Option<Term>]) -> Res<Option<Term>> {
    let mut claim = node(Node::Var(0));
    let mut current = statement.clone();
    for value in values {
        let Val::Pi(dom, cod) = &*m.whnf(&current)? else { return Ok(None) };
        let arg = match value {
            Some(t) => t.clone(),
            None => match prove(m, dom)? {
                Some(t) => t,
                None => return Ok(None),
            },
        };
        current = m.inst(cod, m.eval(&Env::default(), &arg));
        claim = node(Node::App(claim, arg));
    }
    Ok(disprove(m, &current, claim)?.map(|t| node(Node::Lam(t))))
}

fn quote(m: &Machine<'_>, v: &V) -> Res<Term> {
    m.quote(&Ctx::default(), v)
}

/// A proof of a closed statement that holds, without variables.
fn prove(m: &Machine<'_>, statement: &V) -> Res<Option<Term>> {
    let unit = || m.value(Val::Prim(Prim::Star));
    match &*m.whnf(statement)? {
        Val::Prim(Prim::Unit) => Ok(Some(prim(Prim::Star))),
        Val::Path(line, a, b) => {
            let ty = m.dinst(line, Ivl::Zero);
            if !m.conv(&Ctx::default(), &ty, a, b)? {
                return Ok(None);
            }
            Ok(Some(node(Node::DLam(quote(m, a)?))))
        }
        Val::Sigma(p, q) => {
            let Some(first) = prove(m, p)? else { return Ok(None) };
            let q = m.inst(q, m.eval(&Env::default(), &first));
            Ok(prove(m, &q)?.map(|second| node(Node::Pair(first, second))))
        }
        Val::Pi(p, q) => {
            if let Some(absurd) = disprove(m, p, node(Node::Var(0)))? {
                // What follows does not depend on the proof, so any element serves to read it.
                let motive = quote(m, &m.inst(q, unit()))?;
                return Ok(Some(node(Node::Lam(node(Node::EmptyElim(motive, absurd))))));
            }
            Ok(prove(m, &m.inst(q, unit()))?.map(|t| node(Node::Lam(t))))
        }
        _ => Ok(None),
    }
}

/// A term of type `Empty` from a proof of a closed statement that fails.
fn disprove(m: &Machine<'_>, statement: &V, proof: Term) -> Res<Option<Term>> {
    match &*m.whnf(statement)? {
        Val::Prim(Prim::Empty) => Ok(Some(proof)),
        Val::Path(line, a, b) => {
            let ty = m.dinst(line, Ivl::Zero);
            let mut ways = Vec::new();
            let Some(apart) = apart(m, &ty, a, b, &mut ways)? else { return Ok(None) };
            let along = node(Node::PApp(proof, quote(m, a)?, quote(m, b)?, Dim::Var(0)));
            let Some(family) = family(m, &ways, &apart, along) else { return Ok(None) };
            Ok(Some(node(Node::Coe(Dim::Zero, Dim::One, family, prim(Prim::Star)))))
        }
        Val::Sigma(p, q) => {
            if let Some(t) = disprove(m, p, node(Node::Fst(proof.clone())))? {
                return Ok(Some(t));
            }
            let q = m.inst(q, m.value(Val::Prim(Prim::Star)));
            disprove(m, &q, node(Node::Snd(proof)))
        }
        Val::Pi(p, q) => {
            let Some(arg) = prove(m, p)? else { return Ok(None) };
            let q = m.inst(q, m.eval(&Env::default(), &arg));
            disprove(m, &q, node(Node::App(proof, arg)))
        }
        _ => Ok(None),
    }
}

/// Where two closed values of a type differ.
fn apart(m: &Machine<'_>, ty: &V, a: &V, b: &V, ways: &mut Vec<Way>) -> Res<Option<Apart>> {
    match (&*m.whnf(a)?, &*m.whnf(b)?) {
        (Val::Prim(Prim::True), Val::Prim(Prim::False)) => Ok(Some(Apart::Bool(true))),
        (Val::Prim(Prim::False), Val::Prim(Prim::True)) => Ok(Some(Apart::Bool(false))),
        (Val::NatLit(x), Val::NatLit(y)) if x != y => Ok(Some(Apart::Order(Prim::NatLtb, quote(m, b)?, x < y))),
        (Val::IntLit(x), Val::IntLit(y)) if x != y => Ok(Some(Apart::Order(Prim::IntLtb, quote(m, b)?, x < y))),
        (Val::Con(d, c, params, xs, _), Val::Con(_, e, _, ys, _)) => {
            let given: Vec<Term> = params.iter().map(|p| quote(m, p)).collect::<Res<_>>()?;
            if c != e {
                return Ok(Some(Apart::Con(*d, given, *e)));
            }
            for (n, (x, y)) in xs.iter().zip(ys.iter()).enumerate() {
                let of = m.field_type(*d, *c, params, xs.get(..n).unwrap_or(&[]))?;
                if m.conv(&Ctx::default(), &of, x, y)? {
                    continue;
                }
                ways.push(Way::Field(*d, given.clone(), *c, n, quote(m, &of)?, quote(m, x)?));
                return apart(m, &of, x, y, ways);
            }
            Ok(None)
        }
        (Val::Pair(x, y), Val::Pair(z, w)) => {
            let Val::Sigma(p, q) = &*m.whnf(ty)? else { return Ok(None) };
            if !m.conv(&Ctx::default(), p, x, z)? {
                ways.push(Way::First);
                return apart(m, p, x, z, ways);
            }
            ways.push(Way::Second);
            apart(m, &m.inst(q, x.clone()), y, w, ways)
        }
        _ => Ok(None),
    }
}

/// How many functions each branch of an eliminator has: fields, and hypotheses for fields of the same type.
fn branches(m: &Machine<'_>, d: DataRef) -> Option<Vec<usize>> {
    let decl = m.globals().data(d.id)?;
    let recursive = |t: &Term| {
        let mut t = t;
        while let Node::Pi(_, b) = &**t {
            t = b;
        }
        matches!(&**t, Node::Data(e, _) if e.id == d.id)
    };
    let count = |c: &bfv_format::Constructor| c.fields.len() + c.fields.iter().filter(|f| recursive(f)).count();
    Some(decl.constructors.iter().map(count).collect())
}

/// The eliminator with one branch of its own and all others the same; no branch but that one uses its arguments.
fn by_cases(
    m: &Machine<'_>,
    (d, params): (DataRef, &[Term]),
    motive: Term,
    con: u32,
    own: &dyn Fn(usize) -> Option<Term>,
    other: &Term,
    x: Term,
) -> Option<Term> {
    let mut all = Vec::new();
    for (n, count) in (0u32..).zip(branches(m, d)?) {
        let body = if n == con { own(count)? } else { other.clone() };
        all.push((0..count).fold(body, |b, _| node(Node::Lam(b))));
    }
    Some(node(Node::DataElim(d, params.to_vec(), motive, all, x)))
}

/// The family of types at a term: `Unit` where it is the left value, `Empty` where it is the right one.
fn family(m: &Machine<'_>, ways: &[Way], apart: &Apart, mut x: Term) -> Option<Term> {
    for way in ways {
        x = match way {
            Way::First => node(Node::Fst(x)),
            Way::Second => node(Node::Snd(x)),
            Way::Field(d, params, con, field, ty, other) => {
                let own = |count: usize| {
                    let index = count.checked_sub(field + 1)?;
                    Some(node(Node::Var(u32::try_from(index).ok()?)))
                };
                by_cases(m, (*d, params), ty.clone(), *con, &own, other, x)?
            }
        };
    }
    let universe = node(Node::Univ(0));
    let (unit, empty) = (prim(Prim::Unit), prim(Prim::Empty));
    Some(match apart {
        Apart::Con(d, params, right) => {
            by_cases(m, (*d, params), universe, *right, &|_| Some(empty.clone()), &unit, x)?
        }
        Apart::Bool(true) => node(Node::BoolElim(universe, unit, empty, x)),
        Apart::Bool(false) => node(Node::BoolElim(universe, empty, unit, x)),
        Apart::Order(less, right, below) => {
            let args = if *below { [x, right.clone()] } else { [right.clone(), x] };
            node(Node::BoolElim(universe, unit, empty, apply(prim(*less), &args)))
        }
    })
}
