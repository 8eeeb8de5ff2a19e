//! From core terms to expressions. Types of arguments are kept as values, proofs are left out.

use crate::expr::{Branch, Expr, Function, Op};
use bfv_elab::mentions;
use bfv_format::{DataRef, Decl, Dim, Node, Prim, Term};
use bfv_kernel::Signature;
use num_bigint::BigInt;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Why a proof is absent. Nothing may depend on one.
pub const PROOF: &str = "a proof is no number";

pub struct Translator<'s> {
    signature: &'s Signature,
    /// The positions of the empty vector, and of the one with an element more.
    vectors: Option<(u32, u32)>,
    pub functions: Vec<Function>,
    known: BTreeMap<u32, usize>,
    /// Data types whose fields are being translated.
    within: Vec<u32>,
}

fn absent(why: &str) -> Expr {
    Expr::Absent(why.to_owned())
}

fn lam(level: usize, body: Expr) -> Expr {
    Expr::Lam(level, Rc::new(body))
}

impl<'s> Translator<'s> {
    pub fn new(signature: &'s Signature, vectors: Option<(u32, u32)>) -> Self {
        Translator { signature, vectors, functions: Vec::new(), known: BTreeMap::new(), within: Vec::new() }
    }

    /// The expression of a term. `env` has what its variables are, outermost first; new variables get levels from `depth` on.
    pub fn term(&mut self, t: &Term, env: &[Expr], depth: usize) -> Expr {
        match &**t {
            Node::Var(i) => {
                let at = usize::try_from(*i).ok().and_then(|i| env.len().checked_sub(i + 1));
                at.and_then(|n| env.get(n)).cloned().unwrap_or_else(|| absent("a variable is not bound"))
            }
            Node::Univ(_) => absent("a universe is no number"),
            Node::Const { .. } | Node::Prim(_) | Node::App(..) => self.spine(t, env, depth),
            Node::NatLit(n) => Expr::Whole(BigInt::from(n.clone())),
            Node::IntLit(n) => Expr::Whole(n.clone()),
            Node::RealLit(q) => Expr::Real(q.num.clone(), BigInt::from(q.den.clone())),
            Node::Pi(a, b) => self.pi(a, b, env, depth),
            Node::Lam(b) => lam(depth, self.under(b, 1, env, depth)),
            Node::Let(_, v, b) => {
                let body = lam(depth, self.under(b, 1, env, depth));
                Expr::App(Rc::new(body), Rc::new(self.term(v, env, depth)))
            }
            Node::Sigma(a, b) => {
                let a = self.term(a, env, depth);
                if mentions(b, 0) {
                    Expr::Op(Op::Exists, vec![a, lam(depth, self.under(b, 1, env, depth))])
                } else {
                    Expr::Op(Op::Both, vec![a, self.past(b, env, depth)])
                }
            }
            Node::Pair(a, b) => Expr::Op(Op::Pair, vec![self.term(a, env, depth), self.term(b, env, depth)]),
            Node::Fst(p) => self.unary(Op::First, p, env, depth),
            Node::Snd(p) => self.unary(Op::Second, p, env, depth),
            Node::Path(a, l, r) => {
                let (a, l, r) = (self.term(a, env, depth), self.term(l, env, depth), self.term(r, env, depth));
                match (&a, &r) {
                    (Expr::Op(Op::Booleans, _), Expr::Truth(true)) => Expr::Op(Op::Statement, vec![l]),
                    _ => Expr::Op(Op::Equal, vec![a, l, r]),
                }
            }
            Node::PApp(_, l, _, Dim::Zero) => self.term(l, env, depth),
            Node::PApp(_, _, r, Dim::One) => self.term(r, env, depth),
            Node::EmptyElim(..) => absent("a case cannot occur"),
            Node::BoolElim(_, yes, no, c) => {
                let [c, yes, no] = [c, yes, no].map(|t| Rc::new(self.term(t, env, depth)));
                Expr::If(c, yes, no)
            }
            Node::NatElim(_, zero, step, n) => self.recursion(zero, step, n, env, depth),
            Node::IntElim(_, positive, negative, n) => {
                Expr::Op(Op::BySign, [positive, negative, n].map(|t| self.term(t, env, depth)).into())
            }
            Node::Data(d, ps) => self.data(*d, ps, env, depth),
            Node::Con(_, c, _, fields, dims) => match usize::try_from(*c) {
                Ok(number) if dims.is_empty() => {
                    Expr::Con(number, fields.iter().map(|f| self.term(f, env, depth)).collect())
                }
                _ => absent("a path of a data type is no number"),
            },
            Node::DataElim(d, _, _, branches, s) => self.case(*d, branches, s, env, depth),
            Node::Rule(_) => absent(PROOF),
            Node::Coe(..) | Node::HCom(..) => absent("a transport along a path is not translated"),
            Node::Line(_) | Node::DLam(_) | Node::LApp(..) | Node::PApp(..) => absent("a path is no number"),
            Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => absent("a glued type is not translated"),
        }
    }

    fn unary(&mut self, op: Op, t: &Term, env: &[Expr], depth: usize) -> Expr {
        match self.term(t, env, depth) {
            gone @ Expr::Absent(_) => gone,
            e => Expr::Op(op, vec![e]),
        }
    }

    /// A term below some bindings, which get the levels from `depth` on.
    fn under(&mut self, t: &Term, bindings: usize, env: &[Expr], depth: usize) -> Expr {
        let inner: Vec<Expr> = env.iter().cloned().chain((depth..depth + bindings).map(Expr::Var)).collect();
        self.term(t, &inner, depth + bindings)
    }

    /// A term below a binding that it does not use.
    fn past(&mut self, t: &Term, env: &[Expr], depth: usize) -> Expr {
        let inner = [env, &[absent("a variable is not bound")]].concat();
        self.term(t, &inner, depth)
    }

    fn pi(&mut self, a: &Term, b: &Term, env: &[Expr], depth: usize) -> Expr {
        let a = self.term(a, env, depth);
        if mentions(b, 0) {
            return Expr::Op(Op::Forall, vec![a, lam(depth, self.under(b, 1, env, depth))]);
        }
        let b = self.past(b, env, depth);
        // That one number is not below another says how they are.
        if let (Expr::Op(Op::Statement, s), Expr::Op(Op::Empty, _)) = (&a, &b)
            && let [Expr::Op(Op::Less, sides)] = s.as_slice()
            && let [x, y] = sides.as_slice()
        {
            return Expr::Op(Op::Statement, vec![Expr::Op(Op::AtMost, vec![y.clone(), x.clone()])]);
        }
        Expr::Op(Op::Implies, vec![a, b])
    }

    fn recursion(&mut self, zero: &Term, step: &Term, n: &Term, env: &[Expr], depth: usize) -> Expr {
        let [zero, n] = [zero, n].map(|t| self.term(t, env, depth));
        if let Node::Lam(inner) = &**step
            && let Node::Lam(body) = &**inner
        {
            // A step that does not use the value before it is a case.
            return if mentions(body, 0) {
                let body = self.under(body, 2, env, depth);
                Expr::Op(Op::Recurse, vec![zero, lam(depth, lam(depth + 1, body)), n])
            } else {
                let inner = [env, &[Expr::Var(depth)]].concat();
                Expr::Op(Op::ByNumber, vec![zero, lam(depth, self.past(body, &inner, depth + 1)), n])
            };
        }
        Expr::Op(Op::Recurse, vec![zero, self.term(step, env, depth), n])
    }

    fn data(&mut self, d: DataRef, ps: &[Term], env: &[Expr], depth: usize) -> Expr {
        let signature = self.signature;
        let Some(Decl::Data(decl)) = signature.decl(d.id) else { return absent("a data type is missing") };
        if self.within.contains(&d.id) {
            return absent("a type has infinitely many elements");
        }
        if decl.constructors.iter().any(|c| c.dims > 0) {
            return absent("a type with paths is not translated");
        }
        let params: Vec<Expr> = ps.iter().map(|p| self.term(p, env, depth)).collect();
        self.within.push(d.id);
        let mut out = Vec::new();
        for c in &decl.constructors {
            let mut scope = params.clone();
            let mut types = Vec::new();
            for field in &c.fields {
                types.push(self.term(field, &scope, depth));
                scope.push(absent("a type of a field depends on another field"));
            }
            out.push(types);
        }
        self.within.pop();
        Expr::Data(out)
    }

    fn case(&mut self, d: DataRef, branches: &[Term], s: &Term, env: &[Expr], depth: usize) -> Expr {
        let signature = self.signature;
        let Some(Decl::Data(decl)) = signature.decl(d.id) else { return absent("a data type is missing") };
        let s = self.term(s, env, depth);
        if matches!(s, Expr::Absent(_)) {
            return s;
        }
        let mut out = Vec::new();
        for (c, branch) in decl.constructors.iter().zip(branches) {
            let fields = c.fields.len();
            let (mut body, mut peeled) = (branch, 0);
            while peeled < fields
                && let Node::Lam(inner) = &**body
            {
                body = inner;
                peeled += 1;
            }
            let bound = env.iter().cloned().chain((depth..depth + peeled).map(Expr::Var)).collect::<Vec<_>>();
            let mut body = self.term(body, &bound, depth + fields);
            for level in depth + peeled..depth + fields {
                body = Expr::App(Rc::new(body), Rc::new(Expr::Var(level)));
            }
            // The values at recursive fields come last.
            for _ in c.fields.iter().filter(|f| is_recursive(f, d.id)) {
                let gone = absent("recursion over a data type is not translated");
                body = Expr::App(Rc::new(body), Rc::new(gone));
            }
            out.push(Branch { fields, body });
        }
        Expr::Case(Rc::new(s), depth, out)
    }

    /// A head with its arguments: an operation, a definition, or anything else.
    fn spine(&mut self, t: &Term, env: &[Expr], depth: usize) -> Expr {
        let (mut head, mut args) = (t, Vec::new());
        while let Node::App(f, a) = &**head {
            args.push(a);
            head = f;
        }
        args.reverse();
        // What has no translation needs no arguments: a theorem has proofs for arguments, and much stands in them.
        let arity = match &**head {
            Node::Const { id, .. } => match self.signature.decl(*id) {
                Some(Decl::Def { .. }) => {
                    if let Some(items) = self.vector(*id, &args, env, depth) {
                        return Expr::Vector(items);
                    }
                    match self.function(*id) {
                        Ok(f) => return self.full(&args, self.params(f), env, depth, |args| Expr::Call(f, args)),
                        Err(why) => return Expr::Absent(why),
                    }
                }
                Some(Decl::Axiom { name, .. }) => {
                    return absent(&format!("{name} is given by axioms, and nothing computes it"));
                }
                _ => return absent(PROOF),
            },
            Node::Prim(p) => *p,
            _ => {
                let mut out = self.term(head, env, depth);
                for a in args {
                    if matches!(out, Expr::Absent(_)) {
                        return out;
                    }
                    out = Expr::App(Rc::new(out), Rc::new(self.term(a, env, depth)));
                }
                return out;
            }
        };
        self.primitive(arity, &args, env, depth)
    }

    fn primitive(&mut self, p: Prim, args: &[&Term], env: &[Expr], depth: usize) -> Expr {
        let constant = |op| Expr::Op(op, Vec::new());
        let binary = |op: Op| move |args: Vec<Expr>| Expr::Op(op, args);
        match p {
            Prim::Empty => constant(Op::Empty),
            Prim::Unit => constant(Op::Unit),
            Prim::Bool => constant(Op::Booleans),
            Prim::Nat | Prim::Int | Prim::Real => constant(Op::Numbers),
            Prim::Star => Expr::Star,
            Prim::True => Expr::Truth(true),
            Prim::False => Expr::Truth(false),
            Prim::NatAdd | Prim::IntAdd | Prim::RealAdd => self.full(args, 2, env, depth, binary(Op::Add)),
            Prim::IntSub | Prim::RealSub => self.full(args, 2, env, depth, binary(Op::Sub)),
            Prim::NatMul | Prim::IntMul | Prim::RealMul => self.full(args, 2, env, depth, product),
            Prim::NatSub => self.full(args, 2, env, depth, binary(Op::Monus)),
            Prim::NatLtb | Prim::IntLtb | Prim::RealLtb => self.full(args, 2, env, depth, binary(Op::Less)),
            Prim::RealInv => self.full(args, 1, env, depth, binary(Op::Inverse)),
            Prim::RealFloor => self.full(args, 1, env, depth, binary(Op::Floor)),
            Prim::RealOfNat | Prim::RealOfInt => self.full(args, 1, env, depth, binary(Op::ToReal)),
            Prim::IntPos => self.full(args, 1, env, depth, |mut args| args.pop().unwrap_or(Expr::Star)),
            Prim::Suc => self.full(args, 1, env, depth, |mut args| {
                args.push(Expr::Whole(1.into()));
                Expr::Op(Op::Add, args)
            }),
            Prim::IntNegSuc => self.full(args, 1, env, depth, |mut args| {
                args.insert(0, Expr::Whole((-1).into()));
                Expr::Op(Op::Sub, args)
            }),
        }
    }

    /// Something of so many arguments, applied to those that there are: functions of the missing ones, or the result applied to what is left.
    fn full(
        &mut self,
        args: &[&Term],
        arity: usize,
        env: &[Expr],
        depth: usize,
        make: impl Fn(Vec<Expr>) -> Expr,
    ) -> Expr {
        let given: Vec<Expr> = args.iter().map(|a| self.term(a, env, depth)).collect();
        let (own, more) = given.split_at(arity.min(given.len()));
        let missing = arity - own.len();
        let all = own.iter().cloned().chain((depth..depth + missing).map(Expr::Var)).collect();
        let made = (depth..depth + missing).rev().fold(make(all), |body, level| lam(level, body));
        more.iter().fold(made, |f, a| Expr::App(Rc::new(f), Rc::new(a.clone())))
    }

    /// The items of a vector that is written out.
    fn vector(&mut self, id: u32, args: &[&Term], env: &[Expr], depth: usize) -> Option<Vec<Expr>> {
        let (nil, cons) = self.vectors?;
        match args {
            [_] if id == nil => Some(Vec::new()),
            [_, _, item, rest] if id == cons => {
                let Expr::Vector(more) = self.term(rest, env, depth) else { return None };
                Some(std::iter::once(self.term(item, env, depth)).chain(more).collect())
            }
            _ => None,
        }
    }

    fn params(&self, function: usize) -> usize {
        self.functions.get(function).map_or(0, |f| f.params)
    }

    /// The function of a definition; why there is none otherwise.
    fn function(&mut self, id: u32) -> Result<usize, String> {
        let at = match self.known.get(&id) {
            Some(at) => *at,
            None => {
                let signature = self.signature;
                let Some(Decl::Def { name, body, .. }) = signature.decl(id) else { return Err(PROOF.to_owned()) };
                let (mut inner, mut params) = (body, 0);
                while let Node::Lam(b) = &**inner {
                    inner = b;
                    params += 1;
                }
                let within = std::mem::take(&mut self.within);
                let body = self.under(inner, params, &[], 0);
                self.within = within;
                self.functions.push(Function { name: name.clone(), params, body });
                self.known.insert(id, self.functions.len() - 1);
                self.functions.len() - 1
            }
        };
        match self.functions.get(at).map(|f| &f.body) {
            Some(Expr::Absent(why)) => Err(why.clone()),
            _ => Ok(at),
        }
    }
}

/// A product. That of a number and the inverse of one is how a fraction is written.
fn product(args: Vec<Expr>) -> Expr {
    if let [Expr::Real(n, one), Expr::Op(Op::Inverse, inner)] = args.as_slice()
        && let [Expr::Real(d, same)] = inner.as_slice()
        && *one == 1.into()
        && *same == 1.into()
        && *d > 0.into()
    {
        return Expr::Real(n.clone(), d.clone());
    }
    Expr::Op(Op::Mul, args)
}

/// Whether the type of a field is recursive: the data type under any number of arrows.
fn is_recursive(field: &Term, id: u32) -> bool {
    match &**field {
        Node::Pi(_, b) => is_recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}
