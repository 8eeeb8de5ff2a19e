//! Reads kernel terms: definitions become case trees, with recursive calls folded back to the name.

use crate::lang::{Head, Id, Kind, Lang, Sub, Sym, Tree, Ty, Type, Var, slot};
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::Machine;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// The largest literal that is read as a term of successors.
const LITERAL: u32 = 40;

/// What a variable of a kernel term stands for.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A term.
    Term(Id),
    /// A type.
    Type(Ty),
    /// A function with its environment, innermost last.
    Closure(Term, Rc<Vec<Entry>>),
    /// A declaration that still takes types.
    Partial(u32, Vec<Ty>),
    /// Nothing that can be read.
    Opaque,
}

pub type Env = Vec<Entry>;

/// The position of a recursive definition while its body is read.
struct Selfcall {
    sym: Sym,
    formals: Vec<Var>,
}

/// Reads terms into a language.
pub struct Reader<'m> {
    m: &'m Machine<'m>,
    pub l: Lang,
    elims: FxHashMap<(Ty, Ty, Vec<Ty>, Tree), Sym>,
    pool: FxHashMap<(usize, Ty), Var>,
}

fn lookup(env: &Env, n: u32) -> Option<&Entry> {
    env.get(env.len().checked_sub(slot(n) + 1)?)
}

fn with(env: &Env, more: impl IntoIterator<Item = Entry>) -> Env {
    let mut env = env.clone();
    env.extend(more);
    env
}

/// An elimination: what is eliminated in which type, the motive, the branches.
struct Elimination<'t> {
    kind: Option<(DataRef, &'t [Term])>,
    prim: Prim,
    motive: &'t Term,
    branches: Vec<&'t Term>,
    of: &'t Term,
}

fn elimination(t: &Term) -> Option<Elimination<'_>> {
    Some(match &**t {
        Node::BoolElim(m, a, b, x) => {
            Elimination { kind: None, prim: Prim::Bool, motive: m, branches: vec![a, b], of: x }
        }
        Node::NatElim(m, a, b, x) => {
            Elimination { kind: None, prim: Prim::Nat, motive: m, branches: vec![a, b], of: x }
        }
        Node::DataElim(d, ps, m, bs, x) => {
            Elimination { kind: Some((*d, ps)), prim: Prim::Unit, motive: m, branches: bs.iter().collect(), of: x }
        }
        _ => return None,
    })
}

impl<'m> Reader<'m> {
    pub fn new(m: &'m Machine<'m>) -> Reader<'m> {
        Reader { m, l: Lang::default(), elims: FxHashMap::default(), pool: FxHashMap::default() }
    }

    /// A type without dependence.
    pub fn ty(&mut self, t: &Term, env: &Env) -> Option<Ty> {
        let ty = match &**t {
            Node::Var(n) => match lookup(env, *n)? {
                Entry::Type(t) => return Some(*t),
                _ => return None,
            },
            Node::Prim(p @ (Prim::Bool | Prim::Nat | Prim::Int | Prim::Real | Prim::Unit)) => Type::Prim(*p),
            Node::Data(d, ps) => {
                let ps = ps.iter().map(|p| self.ty(p, env)).collect::<Option<_>>()?;
                Type::Data(*d, ps)
            }
            Node::Pi(a, b) => Type::Fun(self.ty(a, env)?, self.ty(b, &with(env, [Entry::Opaque]))?),
            Node::Const { id, shift: 0 } => return self.ty(&self.m.globals().const_body(*id)?, &Vec::new()),
            _ => return None,
        };
        let ty = self.l.ty(ty);
        self.constructors(ty)?;
        Some(ty)
    }

    /// Makes the constructors of a type.
    fn constructors(&mut self, ty: Ty) -> Option<()> {
        if self.l.cons_of(ty).is_some() {
            return Some(());
        }
        let con = |l: &mut Lang, n, params| l.symbol(Kind::Con(ty, n), params, ty).0;
        let cons = match self.l.type_of_ty(ty) {
            Type::Prim(Prim::Bool) => vec![con(&mut self.l, 0, vec![]), con(&mut self.l, 1, vec![])],
            Type::Prim(Prim::Nat) => vec![con(&mut self.l, 0, vec![]), con(&mut self.l, 1, vec![ty])],
            Type::Data(d, ps) => {
                let decl = self.m.globals().data(d.id)?;
                if decl.constructors.iter().any(|c| c.dims > 0) {
                    return Some(());
                }
                // While the fields are read the type counts as known.
                self.l.set_cons(ty, Vec::new());
                let mut out = Vec::new();
                for (n, c) in (0u32..).zip(&decl.constructors) {
                    let mut env: Env = ps.iter().map(|p| Entry::Type(*p)).collect();
                    let mut params = Vec::new();
                    for f in &c.fields {
                        params.push(self.ty(f, &env)?);
                        env.push(Entry::Opaque);
                    }
                    let c = con(&mut self.l, n, params);
                    out.push(c);
                }
                out
            }
            _ => return Some(()),
        };
        cons.iter().for_each(|c| self.l.partial_types(*c));
        self.l.set_cons(ty, cons);
        Some(())
    }

    /// A term of a type that can be read.
    pub fn term(&mut self, t: &Term, env: &Env) -> Option<Id> {
        let v = self.value(t, env, &[])?;
        self.embed(v)
    }

    /// The term that an entry is.
    fn embed(&mut self, e: Entry) -> Option<Id> {
        match e {
            Entry::Term(t) => Some(t),
            Entry::Partial(id, tys) => self.constant(id, tys),
            _ => None,
        }
    }

    /// A function with a type for its arguments: what is no term already becomes a symbol of its own.
    fn embed_at(&mut self, e: Entry, ty: Ty) -> Option<Id> {
        let Entry::Closure(body, env) = e else { return self.embed(e) };
        // A function is an elimination of nothing: its body with the captured variables and the argument as formals.
        let captured = self.captured(&body, &env, 1)?;
        let (mut counter, mut formals, mut sub) = (0, Vec::new(), Sub::new());
        for v in &captured {
            let w = self.slot_var(&mut counter, self.l.var_ty(*v));
            formals.push(w);
            sub.push((*v, self.l.var(w)));
        }
        let inner = self.renamed(&env, &sub);
        let (mut params, mut result) = (Vec::new(), ty);
        while let Type::Fun(a, b) = self.l.type_of_ty(result) {
            params.push(a);
            result = b;
        }
        let mut spine = Vec::new();
        for p in &params {
            let w = self.slot_var(&mut counter, *p);
            formals.push(w);
            spine.push(Entry::Term(self.l.var(w)));
        }
        let lam: Term = Rc::new(Node::Lam(body));
        let tree = self.tree(&lam, &inner, spine, &formals, None, &mut counter)?;
        let unit = self.l.ty(Type::Prim(Prim::Unit));
        let sym = self.lifted(unit, ty, captured.len(), formals, tree);
        let args = captured.iter().map(|v| self.l.var(*v)).collect();
        Some(self.l.app(Head::Sym(sym), args))
    }

    /// The symbol of a lifted elimination or function.
    fn lifted(&mut self, of: Ty, result: Ty, at: usize, formals: Vec<Var>, tree: Tree) -> Sym {
        let params: Vec<Ty> = formals.iter().map(|v| self.l.var_ty(*v)).collect();
        let key = (of, result, params.clone(), tree.clone());
        if let Some(s) = self.elims.get(&key) {
            return *s;
        }
        let mut last = result;
        let given = if matches!(self.l.type_of_ty(of), Type::Prim(Prim::Unit)) { at } else { at + 1 };
        for _ in given..formals.len() {
            if let Type::Fun(_, b) = self.l.type_of_ty(last) {
                last = b;
            }
        }
        let s = self.l.new_symbol(Kind::Elim(of, result, at), params, last);
        self.l.partial_types(s);
        self.l.define(s, formals, tree);
        self.elims.insert(key, s);
        s
    }

    pub fn slot_var(&mut self, counter: &mut usize, ty: Ty) -> Var {
        let key = (*counter, ty);
        *counter += 1;
        if let Some(v) = self.pool.get(&key) {
            return *v;
        }
        let v = self.l.fresh(ty);
        self.pool.insert(key, v);
        v
    }

    fn renamed(&mut self, env: &Env, sub: &Sub) -> Env {
        env.iter()
            .map(|e| match e {
                Entry::Term(t) => Entry::Term(self.l.subst(*t, sub)),
                Entry::Closure(b, inner) => Entry::Closure(b.clone(), Rc::new(self.renamed(inner, sub))),
                other => other.clone(),
            })
            .collect()
    }

    /// The variables behind what a term under some binders mentions of an environment.
    fn captured(&self, t: &Term, env: &Env, under: u32) -> Option<Vec<Var>> {
        let mut indices = Vec::new();
        bfv_search::shift::rename(
            t,
            0,
            0,
            &mut |n| {
                if let Some(n) = n.checked_sub(under) {
                    indices.push(n);
                }
                Some(n)
            },
            &mut Some,
        )?;
        let mut out = Vec::new();
        for n in indices {
            self.behind(lookup(env, n)?, &mut out);
        }
        Some(out)
    }
    fn behind(&self, e: &Entry, out: &mut Vec<Var>) {
        match e {
            Entry::Term(t) => self.l.free(*t, out),
            Entry::Closure(_, env) => env.iter().for_each(|e| self.behind(e, out)),
            _ => {}
        }
    }

    /// A declaration at its types, as a symbol.
    fn constant(&mut self, id: u32, tys: Vec<Ty>) -> Option<Id> {
        let kind = Kind::Const(id, tys.clone());
        if let Some(s) = self.l.known(&kind) {
            return Some(self.l.app(Head::Sym(s), Vec::new()));
        }
        let mut ty = self.m.globals().const_type(id)?;
        let mut env: Env = Vec::new();
        for t in &tys {
            let Node::Pi(_, b) = &*ty.clone() else { return None };
            env.push(Entry::Type(*t));
            ty = b.clone();
        }
        let mut params = Vec::new();
        while let Node::Pi(a, b) = &*ty.clone() {
            params.push(self.ty(a, &env)?);
            env.push(Entry::Opaque);
            ty = b.clone();
        }
        let mut result = self.ty(&ty, &env)?;
        // A type that is a definition may hide arguments.
        while let Type::Fun(a, b) = self.l.type_of_ty(result) {
            params.push(a);
            result = b;
        }
        let (sym, _) = self.l.symbol(kind, params.clone(), result);
        self.l.partial_types(sym);
        if let Some(body) = self.m.globals().const_body(id) {
            let mut counter = 0;
            let formals: Vec<Var> = params.iter().map(|p| self.slot_var(&mut counter, *p)).collect();
            let mut spine: Vec<Entry> = tys.iter().map(|t| Entry::Type(*t)).collect();
            for v in &formals {
                spine.push(Entry::Term(self.l.var(*v)));
            }
            let me = Selfcall { sym, formals: formals.clone() };
            if let Some(tree) = self.tree(&body, &Vec::new(), spine, &formals, Some(&me), &mut counter) {
                self.l.define(sym, formals, tree);
            }
        }
        Some(self.l.app(Head::Sym(sym), Vec::new()))
    }

    /// How many types a declaration takes first.
    fn types_taken(&self, id: u32) -> usize {
        let mut n = 0;
        let Some(mut ty) = self.m.globals().const_type(id) else { return 0 };
        while let Node::Pi(a, b) = &*ty.clone() {
            if !matches!(&**a, Node::Univ(_)) {
                break;
            }
            n += 1;
            ty = b.clone();
        }
        n
    }

    /// What a term applied to arguments computes to, as a case tree over the variables in `slots`.
    fn tree(
        &mut self,
        t: &Term,
        env: &Env,
        mut spine: Vec<Entry>,
        slots: &[Var],
        me: Option<&Selfcall>,
        counter: &mut usize,
    ) -> Option<Tree> {
        match &**t {
            Node::App(f, a) => {
                let a = self.lazily(a, env)?;
                spine.insert(0, a);
                return self.tree(f, env, spine, slots, me, counter);
            }
            Node::Lam(b) if !spine.is_empty() => {
                let a = spine.remove(0);
                return self.tree(b, &with(env, [a]), spine, slots, me, counter);
            }
            Node::Let(_, v, b) => {
                let v = self.lazily(v, env)?;
                return self.tree(b, &with(env, [v]), spine, slots, me, counter);
            }
            Node::Var(n) => {
                if let Entry::Closure(b, inner) = lookup(env, *n)?.clone()
                    && !spine.is_empty()
                {
                    let a = spine.remove(0);
                    return self.tree(&b, &with(&inner, [a]), spine, slots, me, counter);
                }
            }
            _ => {}
        }
        if let Some(e) = elimination(t) {
            let x = self.term(e.of, env)?;
            let x = self.l.nf(x);
            if let Some(c) = self.l.as_con(x) {
                let branch = self.branch_number(c)?;
                let fields = self.l.node(x).args.to_vec();
                let recursive = self.recursive(c);
                spine.splice(0..0, fields.into_iter().map(Entry::Term).chain(recursive.iter().map(|_| Entry::Opaque)));
                return self.tree(e.branches.get(branch)?, env, spine, slots, me, counter);
            }
            if let Some(v) = self.l.as_var(x)
                && slots.contains(&v)
            {
                let ty = self.l.var_ty(v);
                let cons = self.l.cons_of(ty)?;
                // The elimination of a field is the call itself where the definition is this elimination, at the arguments after it.
                let call = me.and_then(|me| {
                    let at = me.formals.iter().position(|f| *f == v)?;
                    let rest = me.formals.get(at + 1..)?;
                    let same = rest.len() == spine.len()
                        && rest
                            .iter()
                            .zip(&spine)
                            .all(|(f, e)| matches!(e, Entry::Term(t) if self.l.as_var(*t) == Some(*f)));
                    same.then(|| (me.sym, me.formals.get(..at).map(<[Var]>::to_vec).unwrap_or_default()))
                });
                let mut cases = Vec::new();
                for (n, c) in cons.iter().enumerate() {
                    let params = self.l.sym(*c).params.clone();
                    let fields: Vec<Var> = params.iter().map(|p| self.slot_var(counter, *p)).collect();
                    let mut given: Vec<Entry> = Vec::new();
                    for f in &fields {
                        given.push(Entry::Term(self.l.var(*f)));
                    }
                    for r in self.recursive(*c) {
                        let field = fields.get(r).copied()?;
                        given.push(match &call {
                            Some((sym, before)) if self.l.var_ty(field) == ty => {
                                let mut args: Vec<Id> = before.iter().map(|f| self.l.var(*f)).collect();
                                args.push(self.l.var(field));
                                Entry::Term(self.l.app(Head::Sym(*sym), args))
                            }
                            _ => Entry::Opaque,
                        });
                    }
                    // What is known of the variable from here on.
                    let args: Vec<Id> = fields.iter().map(|f| self.l.var(*f)).collect();
                    let known = self.l.app(Head::Sym(*c), args);
                    let sub = vec![(v, known)];
                    let inner = self.renamed(env, &sub);
                    given.extend(self.renamed(&spine, &sub));
                    let mut slots = slots.to_vec();
                    slots.extend(&fields);
                    let tree = self.tree(e.branches.get(n)?, &inner, given, &slots, None, counter)?;
                    cases.push((*c, fields, tree));
                }
                return Some(Tree::Switch(v, cases));
            }
        }
        let v = self.value(t, env, &spine)?;
        let t = self.embed(v)?;
        Some(Tree::Leaf(t))
    }

    fn branch_number(&self, c: Sym) -> Option<usize> {
        match self.l.sym(c).kind {
            Kind::Con(_, n) => Some(slot(n)),
            _ => None,
        }
    }

    /// The fields of a constructor for which an eliminator gives a value.
    pub fn recursive(&self, c: Sym) -> Vec<usize> {
        recursive(&self.l, c)
    }

    /// An argument, which is looked at when it is needed.
    fn lazily(&mut self, t: &Term, env: &Env) -> Option<Entry> {
        match &**t {
            Node::Lam(b) => Some(Entry::Closure(b.clone(), Rc::new(env.clone()))),
            Node::Var(n) => lookup(env, *n).cloned(),
            _ => match self.ty_quietly(t, env) {
                Some(ty) => Some(Entry::Type(ty)),
                None => self.value(t, env, &[]),
            },
        }
    }

    fn ty_quietly(&mut self, t: &Term, env: &Env) -> Option<Ty> {
        match &**t {
            Node::Prim(Prim::Bool | Prim::Nat | Prim::Int | Prim::Real | Prim::Unit)
            | Node::Data(..)
            | Node::Pi(..) => self.ty(t, env),
            _ => None,
        }
    }

    /// A term applied to arguments.
    fn value(&mut self, t: &Term, env: &Env, spine: &[Entry]) -> Option<Entry> {
        let head = match &**t {
            Node::App(f, a) => {
                let a = self.lazily(a, env)?;
                let mut all = vec![a];
                all.extend_from_slice(spine);
                return self.value(f, env, &all);
            }
            Node::Lam(b) => {
                let Some((a, rest)) = spine.split_first() else {
                    return Some(Entry::Closure(b.clone(), Rc::new(env.clone())));
                };
                return self.value(b, &with(env, [a.clone()]), rest);
            }
            Node::Let(_, v, b) => {
                let v = self.lazily(v, env)?;
                return self.value(b, &with(env, [v]), spine);
            }
            Node::Var(n) => match lookup(env, *n)?.clone() {
                Entry::Closure(b, inner) => {
                    let Some((a, rest)) = spine.split_first() else { return Some(Entry::Closure(b, inner)) };
                    return self.value(&b, &with(&inner, [a.clone()]), rest);
                }
                e => e,
            },
            Node::Const { id, shift: 0 } => Entry::Partial(*id, Vec::new()),
            Node::Prim(p) => Entry::Term(self.prim(*p)?),
            Node::NatLit(n) => {
                let n = u32::try_from(n).ok().filter(|n| *n <= LITERAL)?;
                let ty = self.nat()?;
                let cons = self.l.cons_of(ty)?;
                let (zero, suc) = (*cons.first()?, *cons.get(1)?);
                let zero = self.l.app(Head::Sym(zero), Vec::new());
                Entry::Term((0..n).fold(zero, |t, _| self.l.app(Head::Sym(suc), vec![t])))
            }
            Node::Con(d, c, ps, fields, dims) if dims.is_empty() => {
                let ps = ps.iter().map(|p| self.ty(p, env)).collect::<Option<_>>()?;
                let ty = self.l.ty(Type::Data(*d, ps));
                self.constructors(ty)?;
                let con = *self.l.cons_of(ty)?.get(slot(*c))?;
                let params = self.l.sym(con).params.clone();
                let mut args = Vec::new();
                for (f, p) in fields.iter().zip(params) {
                    let v = self.lazily(f, env)?;
                    args.push(self.embed_at(v, p)?);
                }
                Entry::Term(self.l.app(Head::Sym(con), args))
            }
            _ => return self.eliminated(t, env, spine),
        };
        self.applied(head, spine)
    }

    fn applied(&mut self, mut head: Entry, spine: &[Entry]) -> Option<Entry> {
        for e in spine {
            head = match (head, e) {
                (Entry::Partial(id, mut tys), Entry::Type(t)) if tys.len() < self.types_taken(id) => {
                    tys.push(*t);
                    Entry::Partial(id, tys)
                }
                (head, e) => {
                    let f = self.embed(head)?;
                    let Type::Fun(a, _) = self.l.type_of_ty(self.l.type_of(f)) else { return None };
                    let x = self.embed_at(e.clone(), a)?;
                    Entry::Term(self.l.apply(f, &[x]))
                }
            };
        }
        match head {
            Entry::Partial(id, tys) if tys.len() == self.types_taken(id) => Some(Entry::Term(self.constant(id, tys)?)),
            other => Some(other),
        }
    }

    /// An elimination that is no case of a definition: a symbol of its own, which takes what it mentions.
    fn eliminated(&mut self, t: &Term, env: &Env, spine: &[Entry]) -> Option<Entry> {
        let e = elimination(t)?;
        let x = self.term(e.of, env)?;
        let of = match (e.kind, e.prim) {
            (Some((d, ps)), _) => {
                let ps = ps.iter().map(|p| self.ty(p, env)).collect::<Option<_>>()?;
                self.l.ty(Type::Data(d, ps))
            }
            (None, p) => self.l.ty(Type::Prim(p)),
        };
        self.constructors(of)?;
        let result = self.ty(e.motive, &with(env, [Entry::Opaque]))?;
        let mut captured = Vec::new();
        for b in &e.branches {
            for v in self.captured(b, env, 0)? {
                if !captured.contains(&v) {
                    captured.push(v);
                }
            }
        }
        let (mut counter, mut formals, mut sub) = (0, Vec::new(), Sub::new());
        for v in &captured {
            let w = self.slot_var(&mut counter, self.l.var_ty(*v));
            formals.push(w);
            sub.push((*v, self.l.var(w)));
        }
        let mut inner = self.renamed(env, &sub);
        let at = formals.len();
        let scrutinee = self.slot_var(&mut counter, of);
        formals.push(scrutinee);
        let mut last = result;
        let mut extra = Vec::new();
        while let Type::Fun(a, b) = self.l.type_of_ty(last) {
            let w = self.slot_var(&mut counter, a);
            formals.push(w);
            extra.push(Entry::Term(self.l.var(w)));
            last = b;
        }
        inner.push(Entry::Term(self.l.var(scrutinee)));
        // The same elimination with the formal argument in place of what is eliminated, under one more variable.
        let up = |t: &Term| bfv_search::shift::rename(t, 0, 0, &mut |n| n.checked_add(1), &mut Some);
        let branches = e.branches.iter().map(|b| up(b)).collect::<Option<Vec<_>>>()?;
        let of_var: Term = Rc::new(Node::Var(0));
        let motive = e.motive.clone();
        let again: Term = Rc::new(match (&**t, branches.as_slice()) {
            (Node::BoolElim(..), [a, b]) => Node::BoolElim(motive, a.clone(), b.clone(), of_var),
            (Node::NatElim(..), [a, b]) => Node::NatElim(motive, a.clone(), b.clone(), of_var),
            (Node::DataElim(d, ps, ..), _) => Node::DataElim(*d, ps.clone(), motive, branches, of_var),
            _ => return None,
        });
        let tree = self.tree(&again, &inner, extra, &formals, None, &mut counter)?;
        let sym = self.lifted(of, result, at, formals, tree);
        let mut args: Vec<Id> = captured.iter().map(|v| self.l.var(*v)).collect();
        args.push(x);
        let t = self.l.app(Head::Sym(sym), args);
        self.applied(Entry::Term(t), spine)
    }
}

/// The fields of a constructor that are of its own type, or functions into it.
pub fn recursive(l: &Lang, c: Sym) -> Vec<usize> {
    let sym = l.sym(c);
    let into = |mut ty: Ty| {
        while let Type::Fun(_, b) = l.type_of_ty(ty) {
            ty = b;
        }
        ty == sym.result
    };
    (0..sym.params.len()).filter(|n| sym.params.get(*n).is_some_and(|p| into(*p))).collect()
}
