//! Proofs as kernel terms. Equations are paths; a goal is rewritten by coercion along a path.

use crate::lang::{Head, Id, Kind, Lang, Sub, Sym, Tree, Ty, Type, Var};
use crate::proof::{Clause, Fact, Induction, Lit, Name, Proof, Step};
use crate::read::recursive;
use bfv_format::{Dim, Node, Prim, Term};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Writes terms in a scope; levels count from the outside.
pub struct Writer<'l> {
    pub l: &'l mut Lang,
    /// Levels of types that the goal quantifies over.
    pub types: FxHashMap<u32, u32>,
    /// Levels of variables.
    pub vars: FxHashMap<Var, u32>,
    /// Levels of hypotheses.
    pub names: FxHashMap<Name, u32>,
    /// How many variables are bound.
    pub depth: u32,
    /// The hole that is a place on a path now.
    hole: Option<Step>,
}

fn n(node: Node) -> Term {
    Rc::new(node)
}
fn lams(t: Term, k: u32) -> Term {
    (0..k).fold(t, |t, _| n(Node::Lam(t)))
}

impl<'l> Writer<'l> {
    pub fn new(l: &'l mut Lang) -> Writer<'l> {
        Writer {
            l,
            types: FxHashMap::default(),
            vars: FxHashMap::default(),
            names: FxHashMap::default(),
            depth: 0,
            hole: None,
        }
    }

    fn at(&self, level: u32) -> Option<Term> {
        Some(n(Node::Var(self.depth.checked_sub(level)?.checked_sub(1)?)))
    }
    pub fn bind_var(&mut self, v: Var) {
        self.vars.insert(v, self.depth);
        self.depth += 1;
    }
    pub fn bind_name(&mut self, name: Name) {
        self.names.insert(name, self.depth);
        self.depth += 1;
    }
    fn under<T>(&mut self, by: u32, f: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += by;
        let out = f(self);
        self.depth -= by;
        out
    }

    pub fn ty(&self, t: Ty) -> Option<Term> {
        Some(n(match self.l.type_of_ty(t) {
            Type::Var(k) => return self.at(*self.types.get(&k)?),
            Type::Prim(p) => Node::Prim(p),
            Type::Data(d, ps) => Node::Data(d, ps.iter().map(|p| self.ty(*p)).collect::<Option<_>>()?),
            Type::Fun(a, b) => {
                let a = self.ty(a)?;
                let deeper = self.ty(b)?;
                Node::Pi(a, bfv_search::shift::rename(&deeper, 0, 0, &mut |i| i.checked_add(1), &mut Some)?)
            }
        }))
    }
    /// A type under so many more variables.
    fn ty_under(&mut self, t: Ty, by: u32) -> Option<Term> {
        self.under(by, |w| w.ty(t))
    }

    pub fn term(&mut self, t: Id) -> Option<Term> {
        let node = self.l.node(t).clone();
        if let Head::Var(v) = node.head {
            let head = match &self.hole {
                Some(step) if step.hole == v => {
                    let step = step.clone();
                    self.place(&step)?
                }
                _ => self.at(*self.vars.get(&v)?)?,
            };
            return self.applied(head, &node.args);
        }
        let Head::Sym(s) = node.head else { return None };
        let sym = self.l.sym(s).clone();
        let needed = match sym.kind {
            Kind::Const(..) | Kind::Prim(_) => 0,
            Kind::Elim(of, _, at) if matches!(self.l.type_of_ty(of), Type::Prim(Prim::Unit)) => at,
            Kind::Elim(_, _, at) => at + 1,
            _ => sym.params.len(),
        };
        if node.args.len() < needed {
            // Not all arguments yet: a function of the others.
            let missing: Vec<Var> = sym.params.iter().skip(node.args.len()).map(|p| self.l.fresh(*p)).collect();
            let more: Vec<Id> = missing.iter().map(|v| self.l.var(*v)).collect();
            let full = self.l.apply(t, &more);
            let depth = self.depth;
            missing.iter().for_each(|v| self.bind_var(*v));
            let body = self.term(full);
            self.depth = depth;
            return Some(lams(body?, u32::try_from(missing.len()).ok()?));
        }
        match &sym.kind {
            Kind::Con(ty, c) => match (self.l.type_of_ty(*ty), c) {
                (Type::Prim(Prim::Bool), 0) => Some(n(Node::Prim(Prim::True))),
                (Type::Prim(Prim::Bool), _) => Some(n(Node::Prim(Prim::False))),
                (Type::Prim(_), 0) => Some(n(Node::NatLit(0u8.into()))),
                (Type::Prim(_), _) => self.applied(n(Node::Prim(Prim::Suc)), &node.args),
                (Type::Data(d, ps), c) => {
                    let ps = ps.iter().map(|p| self.ty(*p)).collect::<Option<_>>()?;
                    let fields = node.args.iter().map(|a| self.term(*a)).collect::<Option<_>>()?;
                    Some(n(Node::Con(d, *c, ps, fields, Vec::new())))
                }
                _ => None,
            },
            Kind::Const(id, tys) => {
                let mut head = n(Node::Const { id: *id, shift: 0 });
                for t in tys {
                    head = n(Node::App(head, self.ty(*t)?));
                }
                self.applied(head, &node.args)
            }
            Kind::Prim(p) => self.applied(n(Node::Prim(*p)), &node.args),
            Kind::Elim(of, result, at) => {
                let sub: Sub = sym.formals.iter().copied().zip(node.args.iter().copied()).collect();
                let tree = sym.tree.as_ref()?;
                let function = matches!(self.l.type_of_ty(*of), Type::Prim(Prim::Unit));
                let given = if function { *at } else { *at + 1 };
                let extra: Vec<Var> = sym.formals.iter().skip(given).copied().collect();
                let head = if function && node.args.len() >= sym.formals.len() {
                    // A function at all of its arguments is its body there.
                    let head = self.tree(tree, &sub)?;
                    return self.applied(head, node.args.get(sym.formals.len()..)?);
                } else if function {
                    self.branch(tree, &sub, &[], 0, &extra)?
                } else {
                    let Tree::Switch(_, cases) = tree else { return None };
                    let x = self.term(*node.args.get(*at)?)?;
                    self.elim(*of, *result, cases, &sub, &extra, x)?
                };
                self.applied(head, node.args.get(given..)?)
            }
            Kind::Table(_) => None,
        }
    }

    fn applied(&mut self, mut head: Term, args: &[Id]) -> Option<Term> {
        for a in args {
            head = n(Node::App(head, self.term(*a)?));
        }
        Some(head)
    }

    /// A branch: a function of fields, of what the eliminator gives for recursive ones, and of further arguments.
    fn branch(&mut self, tree: &Tree, sub: &Sub, fields: &[Var], given: u32, extra: &[Var]) -> Option<Term> {
        let depth = self.depth;
        let mut sub = sub.clone();
        let mut bind = |w: &mut Self, v: &Var| {
            let ty = w.l.var_ty(*v);
            let (fresh, t) = w.l.fresh_term(ty);
            w.bind_var(fresh);
            sub.retain(|(x, _)| x != v);
            sub.push((*v, t));
        };
        fields.iter().for_each(|f| bind(self, f));
        self.depth += given;
        extra.iter().for_each(|f| bind(self, f));
        let bound = self.depth - depth;
        let body = self.tree(tree, &sub);
        self.depth = depth;
        Some(lams(body?, bound))
    }

    fn tree(&mut self, tree: &Tree, sub: &Sub) -> Option<Term> {
        match tree {
            Tree::Leaf(t) => {
                // What is put in may be a function that computes now.
                let t = self.l.subst(*t, sub);
                let t = self.l.nf(t);
                self.term(t)
            }
            Tree::Switch(v, cases) => {
                let x = sub.iter().find(|(w, _)| w == v)?.1;
                let ty = self.l.var_ty(*v);
                // Below a case nothing but the result is known, so the motive is the type of a leaf.
                let result = self.result(tree)?;
                let x = self.term(x)?;
                self.elim(ty, result, cases, sub, &[], x)
            }
        }
    }
    fn result(&self, tree: &Tree) -> Option<Ty> {
        match tree {
            Tree::Leaf(t) => Some(self.l.type_of(*t)),
            Tree::Switch(_, cases) => self.result(&cases.first()?.2),
        }
    }

    fn elim(
        &mut self,
        of: Ty,
        result: Ty,
        cases: &[(Sym, Vec<Var>, Tree)],
        sub: &Sub,
        extra: &[Var],
        x: Term,
    ) -> Option<Term> {
        let motive = self.ty_under(result, 1)?;
        let mut branches = Vec::new();
        for (c, fields, tree) in cases {
            let given = u32::try_from(recursive(self.l, *c).len()).ok()?;
            branches.push(self.branch(tree, sub, fields, given, extra)?);
        }
        self.eliminator(of, motive, branches, x)
    }

    fn eliminator(&self, of: Ty, motive: Term, branches: Vec<Term>, x: Term) -> Option<Term> {
        Some(n(match (self.l.type_of_ty(of), branches.as_slice()) {
            (Type::Prim(Prim::Bool), [a, b]) => Node::BoolElim(motive, a.clone(), b.clone(), x),
            (Type::Prim(Prim::Nat), [a, b]) => Node::NatElim(motive, a.clone(), b.clone(), x),
            (Type::Data(d, ps), _) => {
                let ps = ps.iter().map(|p| self.ty(*p)).collect::<Option<_>>()?;
                Node::DataElim(d, ps, motive, branches, x)
            }
            _ => return None,
        }))
    }

    pub fn lit(&mut self, lit: Lit) -> Option<Term> {
        Some(match lit {
            Lit::Bot => n(Node::Prim(Prim::Empty)),
            Lit::Eq(a, b) => {
                let ty = self.ty(self.l.type_of(a))?;
                n(Node::Path(ty, self.term(a)?, self.term(b)?))
            }
        })
    }

    /// A statement as a type.
    pub fn clause(&mut self, c: &Clause) -> Option<Term> {
        let depth = self.depth;
        let mut doms = Vec::new();
        for v in &c.vars {
            doms.push(self.ty(self.l.var_ty(*v))?);
            self.bind_var(*v);
        }
        for p in &c.prems {
            doms.push(self.clause(p)?);
            self.depth += 1;
        }
        let concl = self.lit(c.concl);
        self.depth = depth;
        Some(doms.into_iter().rev().fold(concl?, |t, d| n(Node::Pi(d, t))))
    }

    pub fn fact(&mut self, f: &Fact) -> Option<Term> {
        match f {
            Fact::Inst(name, args, prems) => {
                let head = self.at(*self.names.get(name)?)?;
                let mut t = self.applied(head, args)?;
                for p in prems {
                    t = n(Node::App(t, self.proof(p)?));
                }
                Some(t)
            }
            Fact::Field(fact, a, b, k) => {
                let con = self.l.as_con(*a)?;
                let default = *self.l.node(*a).args.get(*k)?;
                let ty = self.l.sym(con).result;
                let field_ty = *self.l.sym(con).params.get(*k)?;
                let motive = self.ty_under(field_ty, 1)?;
                let mut branches = Vec::new();
                for c in self.l.cons_of(ty)?.iter() {
                    let fields = u32::try_from(self.l.sym(*c).params.len()).ok()?;
                    let bound = fields + u32::try_from(recursive(self.l, *c).len()).ok()?;
                    let body = if *c == con {
                        n(Node::Var(bound - 1 - u32::try_from(*k).ok()?))
                    } else {
                        self.under(bound, |w| w.term(default))?
                    };
                    branches.push(lams(body, bound));
                }
                let p = self.fact(fact)?;
                let x = n(Node::PApp(p, self.term(*a)?, self.term(*b)?, Dim::Var(0)));
                // The sides of the path, as its ends, are computed by the kernel.
                Some(n(Node::DLam(self.eliminator(ty, motive, branches, x)?)))
            }
            Fact::Along(clause, step, from) => {
                let from = self.fact(from)?;
                let line = self.along(step, |w| w.clause(clause))?;
                let (r, s) = if step.back { (Dim::One, Dim::Zero) } else { (Dim::Zero, Dim::One) };
                Some(n(Node::Coe(r, s, line, from)))
            }
        }
    }

    fn along<T>(&mut self, step: &Step, f: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let outer = self.hole.replace(step.clone());
        let out = f(self);
        self.hole = outer;
        out
    }

    /// What an equation is at the dimension of the innermost line.
    fn place(&mut self, step: &Step) -> Option<Term> {
        let outer = self.hole.take();
        let p = self.fact(&step.fact);
        let (a, b) = if step.back { (step.to, step.from) } else { (step.from, step.to) };
        let (a, b) = (self.term(a), self.term(b));
        self.hole = outer;
        Some(n(Node::PApp(p?, a?, b?, Dim::Var(0))))
    }

    /// A type whose element follows from falsity.
    fn absurd(&mut self, goal: Lit, falsity: Term) -> Option<Term> {
        if goal == Lit::Bot {
            return Some(falsity);
        }
        let motive = self.under(1, |w| w.lit(goal))?;
        Some(n(Node::EmptyElim(motive, falsity)))
    }

    pub fn proof(&mut self, p: &Proof) -> Option<Term> {
        match p {
            Proof::Refl(t) => Some(n(Node::DLam(self.term(*t)?))),
            Proof::Rewrite(goal, step, rest) => {
                let rest = self.proof(rest)?;
                let line = self.along(step, |w| w.lit(*goal))?;
                let (r, s) = if step.back { (Dim::Zero, Dim::One) } else { (Dim::One, Dim::Zero) };
                Some(n(Node::Coe(r, s, line, rest)))
            }
            Proof::Fields(a, b, proofs) => {
                let con = self.l.as_con(*a)?;
                let (xs, ys) = (self.l.node(*a).args.clone(), self.l.node(*b).args.clone());
                let mut fields = Vec::new();
                for ((x, y), p) in xs.iter().zip(ys.iter()).zip(proofs) {
                    fields.push(if x == y {
                        self.term(*x)?
                    } else {
                        let ty = self.ty(self.l.type_of(*x))?;
                        let p = self.proof(p)?;
                        let (x, y) = (self.term(*x)?, self.term(*y)?);
                        // A proof need not be something whose type can be read off.
                        let path = n(Node::Path(ty, x.clone(), y.clone()));
                        let up = bfv_search::shift::rename(&n(Node::Var(0)), 0, 0, &mut Some, &mut Some)?;
                        let named = n(Node::Let(path, p, up));
                        n(Node::PApp(named, x, y, Dim::Var(0)))
                    });
                }
                let ty = self.l.sym(con).result;
                let number = match self.l.sym(con).kind {
                    Kind::Con(_, c) => c,
                    _ => return None,
                };
                let body = match self.l.type_of_ty(ty) {
                    Type::Data(d, ps) => {
                        let ps = ps.iter().map(|p| self.ty(*p)).collect::<Option<_>>()?;
                        Node::Con(d, number, ps, fields, Vec::new())
                    }
                    _ => Node::App(n(Node::Prim(Prim::Suc)), fields.pop()?),
                };
                Some(n(Node::DLam(n(body))))
            }
            Proof::Let(name, statement, fact, rest) => {
                let (ty, value) = (self.clause(statement)?, self.fact(fact)?);
                self.let_in(*name, ty, value, rest)
            }
            Proof::Lemma(name, statement, proof, rest) => {
                let (ty, value) = (self.clause(statement)?, self.proof(proof)?);
                self.let_in(*name, ty, value, rest)
            }
            Proof::Intro(vars, names, rest) => {
                let depth = self.depth;
                vars.iter().for_each(|v| self.bind_var(*v));
                names.iter().for_each(|h| self.bind_name(*h));
                let body = self.proof(rest);
                let bound = self.depth - depth;
                self.depth = depth;
                Some(lams(body?, bound))
            }
            Proof::Clash(fact, a, b, goal) => {
                let (con, ty) = (self.l.as_con(*a)?, self.l.type_of(*a));
                let mut branches = Vec::new();
                for c in self.l.cons_of(ty)?.iter() {
                    let fields = u32::try_from(self.l.sym(*c).params.len()).ok()?;
                    let bound = fields + u32::try_from(recursive(self.l, *c).len()).ok()?;
                    branches.push(lams(n(Node::Prim(if *c == con { Prim::Unit } else { Prim::Empty })), bound));
                }
                let p = self.fact(fact)?;
                let x = n(Node::PApp(p, self.term(*a)?, self.term(*b)?, Dim::Var(0)));
                let line = self.eliminator(ty, n(Node::Univ(0)), branches, x)?;
                self.absurd(*goal, n(Node::Coe(Dim::Zero, Dim::One, line, n(Node::Prim(Prim::Star)))))
            }
            Proof::Absurd(fact, goal) => {
                let falsity = self.fact(fact)?;
                self.absurd(*goal, falsity)
            }
            Proof::Exact(fact) => self.fact(fact),
            Proof::Split(x, goal, cases) => {
                let ty = self.l.type_of(*x);
                let path_ty = self.ty_under(ty, 1)?;
                let side = self.under(1, |w| w.term(*x))?;
                let motive = self.under(2, |w| w.lit(*goal))?;
                let motive = n(Node::Pi(n(Node::Path(path_ty, side, n(Node::Var(0)))), motive));
                let mut branches = Vec::new();
                for ((fields, name, p), c) in cases.iter().zip(self.l.cons_of(ty)?.iter()) {
                    let depth = self.depth;
                    fields.iter().for_each(|f| self.bind_var(*f));
                    self.depth += u32::try_from(recursive(self.l, *c).len()).ok()?;
                    self.bind_name(*name);
                    let bound = self.depth - depth;
                    let body = self.proof(p);
                    self.depth = depth;
                    branches.push(lams(body?, bound));
                }
                let scrutinee = self.term(*x)?;
                let elim = self.eliminator(ty, motive, branches, scrutinee.clone())?;
                Some(n(Node::App(elim, n(Node::DLam(scrutinee)))))
            }
            Proof::Induct(i) => self.induction(i),
        }
    }

    fn let_in(&mut self, name: Name, ty: Term, value: Term, rest: &Proof) -> Option<Term> {
        let depth = self.depth;
        self.bind_name(name);
        let body = self.proof(rest);
        self.depth = depth;
        Some(n(Node::Let(ty, value, body?)))
    }

    fn induction(&mut self, i: &Induction) -> Option<Term> {
        let ty = self.l.var_ty(i.on);
        let outer = self.vars.clone();
        let x = self.at(*self.vars.get(&i.on)?)?;
        let others = i.others.iter().map(|v| self.at(*outer.get(v)?)).collect::<Option<Vec<_>>>()?;
        let hyps = i.hyps.iter().map(|(h, _)| self.at(*self.names.get(h)?)).collect::<Option<Vec<_>>>()?;
        let depth = self.depth;
        self.bind_var(i.on);
        let statement =
            Clause { vars: i.others.clone(), prems: i.hyps.iter().map(|h| h.1.clone()).collect(), concl: i.goal };
        let motive = self.clause(&statement);
        self.depth = depth;
        self.vars = outer;
        let motive = motive?;
        let mut branches = Vec::new();
        for case in &i.cases {
            case.fields.iter().for_each(|v| self.bind_var(*v));
            case.ihs.iter().for_each(|h| self.bind_name(*h));
            case.others.iter().for_each(|v| self.bind_var(*v));
            case.hyps.iter().for_each(|h| self.bind_name(*h));
            let bound = self.depth - depth;
            let body = self.proof(&case.proof);
            self.depth = depth;
            branches.push(lams(body?, bound));
        }
        let mut t = self.eliminator(ty, motive, branches, x)?;
        for a in others.into_iter().chain(hyps) {
            t = n(Node::App(t, a));
        }
        Some(t)
    }
}
