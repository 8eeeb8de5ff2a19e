//! From kernel values to arithmetic trees. What is no arithmetic becomes an atom; atoms are told apart by conversion.

use bfv_format::{Arith, Node, Op, Prim, Rational, Sort, Term};
use bfv_kernel::{Ctx, Elim, Head, Machine, Neutral, Res, V, Val};

/// Atoms met so far, with their values and how they read back.
pub struct Atoms {
    pub list: Vec<(Sort, Term)>,
    values: Vec<V>,
    /// Whether each is plain: two plain ones that differ as terms differ, so the evaluator need not be asked.
    plain: Vec<bool>,
    /// Whether definitions that compute to arithmetic are looked through.
    unfold: bool,
}

impl Atoms {
    pub fn new(unfold: bool) -> Self {
        Atoms { list: Vec::new(), values: Vec::new(), plain: Vec::new(), unfold }
    }

    fn find(&mut self, m: &Machine<'_>, ctx: &Ctx, sort: Sort, v: &V) -> Res<u32> {
        let term = m.quote(ctx, v)?;
        let ty = m.value(Val::Prim(carrier(sort)));
        let plain = is_plain(&term);
        for (n, (((s, t), w), p)) in (0u32..).zip(self.list.iter().zip(&self.values).zip(&self.plain)) {
            // Comparing definitions by what they compute to belongs to looking through them.
            if *s == sort && (*t == term || (self.unfold && !(plain && *p) && m.conv(ctx, &ty, v, w)?)) {
                return Ok(n);
            }
        }
        self.plain.push(plain);
        let n = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push((sort, term));
        self.values.push(v.clone());
        Ok(n)
    }
}

/// Whether a term is made of variables, constructors and literals under application alone, so that nothing in it can compute.
fn is_plain(t: &Term) -> bool {
    match &**t {
        Node::Var(_)
        | Node::Prim(Prim::Star | Prim::True | Prim::False)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => true,
        Node::App(f, a) => is_plain(f) && is_plain(a),
        Node::Data(_, ps) => ps.iter().all(is_plain),
        // Parameters of a constructor are types, which the fields determine where types agree.
        Node::Con(_, _, _, fields, _) => fields.iter().all(is_plain),
        _ => false,
    }
}

/// The built-in type of a sort.
pub fn carrier(s: Sort) -> Prim {
    match s {
        Sort::Nat => Prim::Nat,
        Sort::Int => Prim::Int,
        Sort::Real => Prim::Real,
    }
}

fn literal(sort: Sort, num: num_bigint::BigInt) -> Op {
    Op::Lit(sort, Rational { num, den: 1u8.into() })
}

/// The tree of a value of a sort.
pub fn tree(m: &Machine<'_>, ctx: &Ctx, atoms: &mut Atoms, sort: Sort, v: &V, out: &mut Arith) -> Res<()> {
    let folded = m.folded(v)?;
    // A definition is looked through when what it computes to is arithmetic.
    let seen = match &*folded {
        Val::Neutral(Neutral { head: Head::Const(..), unfolded: Some(_), .. }) if atoms.unfold => {
            let w = m.whnf(v)?;
            match &*w {
                Val::Neutral(Neutral { head: Head::Prim(p), .. }) if operation(*p).is_some() => w,
                Val::Neutral(_) => folded,
                _ => w,
            }
        }
        _ => folded,
    };
    match &*seen {
        Val::NatLit(n) => out.push(literal(sort, n.clone().into())),
        Val::IntLit(n) => out.push(literal(sort, n.clone())),
        Val::RealLit(q) => out.push(Op::Lit(sort, q.clone())),
        Val::Suc(n, x) => {
            tree(m, ctx, atoms, Sort::Nat, x, out)?;
            out.push(literal(Sort::Nat, n.clone().into()));
            out.push(Op::Add);
        }
        Val::IntPos(x) => {
            tree(m, ctx, atoms, Sort::Nat, x, out)?;
            out.push(Op::NatToInt);
        }
        Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (operation(*p), spine.as_slice()) {
            (Some((op, s)), [Elim::App(a), Elim::App(b)]) => {
                tree(m, ctx, atoms, s, a, out)?;
                tree(m, ctx, atoms, s, b, out)?;
                out.push(op);
            }
            (Some((op, s)), [Elim::App(a)]) => {
                tree(m, ctx, atoms, s, a, out)?;
                out.push(op);
            }
            _ => out.push(Op::Atom(sort, atoms.find(m, ctx, sort, v)?)),
        },
        _ => out.push(Op::Atom(sort, atoms.find(m, ctx, sort, v)?)),
    }
    Ok(())
}

/// The instruction of an operation, and the sort of its operands.
fn operation(p: Prim) -> Option<(Op, Sort)> {
    Some(match p {
        Prim::NatAdd => (Op::Add, Sort::Nat),
        Prim::NatMul => (Op::Mul, Sort::Nat),
        Prim::IntAdd => (Op::Add, Sort::Int),
        Prim::IntSub => (Op::Sub, Sort::Int),
        Prim::IntMul => (Op::Mul, Sort::Int),
        Prim::RealAdd => (Op::Add, Sort::Real),
        Prim::RealSub => (Op::Sub, Sort::Real),
        Prim::RealMul => (Op::Mul, Sort::Real),
        Prim::RealOfNat => (Op::NatToReal, Sort::Nat),
        Prim::RealOfInt => (Op::IntToReal, Sort::Int),
        _ => return None,
    })
}

/// What a type states about numbers.
pub enum Atomic {
    /// `a < b`, `a <= b` or `a = b` with the values.
    Relation(Sort, bfv_format::Relation, V, V),
    /// The same between literals, which computed to true or false already.
    Decided(bool),
}

/// Recognises `a < b` in `Path Bool (ltb a b) true`.
pub fn strict(m: &Machine<'_>, ty: &V) -> Res<Option<Atomic>> {
    use bfv_format::Relation::Lt;
    let w = m.whnf(ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let at = m.whnf(&m.dinst(line, bfv_kernel::Ivl::Zero))?;
    if !matches!(&*at, Val::Prim(Prim::Bool)) || !matches!(&*m.whnf(b)?, Val::Prim(Prim::True)) {
        return Ok(None);
    }
    // Comparisons of definitions are taken as they stand; looking through them is the business of `tree`.
    Ok(match &*m.folded(a)? {
        Val::Prim(Prim::True) => Some(Atomic::Decided(true)),
        Val::Prim(Prim::False) => Some(Atomic::Decided(false)),
        Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (p, spine.as_slice()) {
            (Prim::NatLtb, [Elim::App(x), Elim::App(y)]) => Some(Atomic::Relation(Sort::Nat, Lt, x.clone(), y.clone())),
            (Prim::IntLtb, [Elim::App(x), Elim::App(y)]) => Some(Atomic::Relation(Sort::Int, Lt, x.clone(), y.clone())),
            (Prim::RealLtb, [Elim::App(x), Elim::App(y)]) => {
                Some(Atomic::Relation(Sort::Real, Lt, x.clone(), y.clone()))
            }
            _ => None,
        },
        // A definition that computes to a truth value, such as an element of a given vector.
        Val::Neutral(Neutral { head: Head::Const(..), unfolded: Some(_), .. }) => match &*m.whnf(a)? {
            Val::Prim(Prim::True) => Some(Atomic::Decided(true)),
            Val::Prim(Prim::False) => Some(Atomic::Decided(false)),
            _ => None,
        },
        _ => None,
    })
}

/// The negated type, when a type is a negation.
pub fn negated(m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<Option<V>> {
    let w = m.whnf(ty)?;
    let Val::Pi(dom, cod) = &*w else { return Ok(None) };
    let (_, x) = m.bind(ctx, dom.clone());
    Ok(matches!(&*m.whnf(&m.inst(cod, x))?, Val::Prim(Prim::Empty)).then(|| dom.clone()))
}

/// Recognises an equation of numbers.
pub fn equation(m: &Machine<'_>, ty: &V) -> Res<Option<(Sort, V, V)>> {
    let w = m.whnf(ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let sort = match &*m.whnf(&m.dinst(line, bfv_kernel::Ivl::Zero))? {
        Val::Prim(Prim::Nat) => Sort::Nat,
        Val::Prim(Prim::Int) => Sort::Int,
        Val::Prim(Prim::Real) => Sort::Real,
        _ => return Ok(None),
    };
    Ok(Some((sort, a.clone(), b.clone())))
}
