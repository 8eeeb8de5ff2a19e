//! A first-order language for goals about data: types, symbols and hash-consed terms. What computes, computes by case trees over the
//! arguments of a symbol, so a call that is stuck is stuck on one of its arguments.

use bfv_format::{DataRef, Prim};
use rustc_hash::FxHashMap;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Terms with more heads are left as they are.
pub const LARGEST: u32 = 2_000;
/// Terms up to this size together are compared by the order.
const ORDERED: u32 = 160;

/// A term.
pub type Id = u32;
/// A type.
pub type Ty = u32;
/// A symbol.
pub type Sym = u32;
/// A variable; no two binders share one.
pub type Var = u32;

/// A type without dependence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A type that the goal quantifies over.
    Var(u32),
    /// A type of the theory.
    Prim(Prim),
    /// A data type at its parameters.
    Data(DataRef, Vec<Ty>),
    /// Functions.
    Fun(Ty, Ty),
}

/// What a term is headed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Head {
    /// A variable.
    Var(Var),
    /// A symbol.
    Sym(Sym),
}

/// A head with its arguments.
#[derive(Clone, Debug)]
pub struct Node {
    /// The head.
    pub head: Head,
    /// The arguments.
    pub args: Rc<[Id]>,
    /// How many heads there are.
    pub size: u32,
}

impl Default for Node {
    fn default() -> Node {
        Node { head: Head::Var(u32::MAX), args: Rc::new([]), size: 1 }
    }
}

/// How a call computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// To a term over the formal arguments and fields.
    Leaf(Id),
    /// By the constructor of a formal argument or field: for each constructor its fields and the rest.
    Switch(Var, Vec<(Sym, Vec<Var>, Tree)>),
}

/// What a symbol stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A constructor by its number, of a type.
    Con(Ty, u32),
    /// A declaration at types.
    Const(u32, Vec<Ty>),
    /// An operation of the theory.
    Prim(Prim),
    /// An elimination: type of what is eliminated, type of the result, and at which argument that is.
    Elim(Ty, Ty, usize),
    /// A function for tests only, by its number.
    Table(u32),
}

/// A symbol.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// What it is.
    pub kind: Kind,
    /// The types of its arguments.
    pub params: Vec<Ty>,
    /// The type of what it gives.
    pub result: Ty,
    /// The formal arguments of the tree.
    pub formals: Vec<Var>,
    /// How it computes.
    pub tree: Option<Tree>,
    /// Larger for what is defined by others.
    pub rank: u32,
}

impl Default for Symbol {
    fn default() -> Symbol {
        Symbol { kind: Kind::Table(0), params: Vec::new(), result: 0, formals: Vec::new(), tree: None, rank: 0 }
    }
}

/// A head with its arguments, as a key.
#[derive(PartialEq, Eq)]
struct Applied(Head, Rc<[Id]>);

/// The same, of which the arguments may still belong to somebody else: what is known is found without a copy of them.
trait Spine {
    fn spine(&self) -> (Head, &[Id]);
}

impl Spine for Applied {
    fn spine(&self) -> (Head, &[Id]) {
        (self.0, &self.1)
    }
}

impl Spine for (Head, &[Id]) {
    fn spine(&self) -> (Head, &[Id]) {
        *self
    }
}

impl Hash for dyn Spine + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spine().hash(state);
    }
}

impl PartialEq for dyn Spine + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.spine() == other.spine()
    }
}

impl Eq for dyn Spine + '_ {}

impl Hash for Applied {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spine().hash(state);
    }
}

impl<'a> Borrow<dyn Spine + 'a> for Applied {
    fn borrow(&self) -> &(dyn Spine + 'a) {
        self
    }
}

/// Values of variables.
pub type Sub = Vec<(Var, Id)>;

/// All types, symbols and terms of one goal.
#[derive(Default)]
pub struct Lang {
    /// Types.
    pub types: Vec<Type>,
    /// Symbols.
    pub symbols: Vec<Symbol>,
    /// Types of variables.
    pub vars: Vec<Ty>,
    nodes: Vec<Node>,
    no_node: Node,
    no_symbol: Symbol,
    index: FxHashMap<Applied, Id>,
    normal: Vec<Option<Id>>,
    by_kind: FxHashMap<Kind, Sym>,
    /// Constructors by type.
    cons: FxHashMap<Ty, Rc<Vec<Sym>>>,
    /// Values for tests by type.
    pub(crate) samples: FxHashMap<Ty, Rc<Vec<Id>>>,
    /// Work done.
    pub work: u64,
    /// The work after which nothing is computed any more.
    pub most: u64,
}

impl Lang {
    /// The place of a type.
    pub fn ty(&mut self, t: Type) -> Ty {
        match self.types.iter().position(|u| *u == t) {
            Some(n) => place(n),
            None => {
                self.types.push(t);
                place(self.types.len()) - 1
            }
        }
    }
    /// A type.
    pub fn type_of_ty(&self, t: Ty) -> Type {
        self.types.get(slot(t)).cloned().unwrap_or(Type::Prim(Prim::Unit))
    }
    /// A new variable.
    pub fn fresh(&mut self, ty: Ty) -> Var {
        self.vars.push(ty);
        place(self.vars.len()) - 1
    }
    /// The type of a variable.
    pub fn var_ty(&self, v: Var) -> Ty {
        self.vars.get(slot(v)).copied().unwrap_or_default()
    }
    /// A new symbol, or the one of this kind.
    pub fn symbol(&mut self, kind: Kind, params: Vec<Ty>, result: Ty) -> (Sym, bool) {
        if let Some(s) = self.by_kind.get(&kind) {
            return (*s, false);
        }
        let s = self.new_symbol(kind.clone(), params, result);
        self.by_kind.insert(kind, s);
        (s, true)
    }
    /// A new symbol in any case.
    pub fn new_symbol(&mut self, kind: Kind, params: Vec<Ty>, result: Ty) -> Sym {
        self.symbols.push(Symbol { kind, params, result, formals: Vec::new(), tree: None, rank: 0 });
        place(self.symbols.len()) - 1
    }
    /// The symbol of a kind, if there is one.
    pub fn known(&self, kind: &Kind) -> Option<Sym> {
        self.by_kind.get(kind).copied()
    }
    /// A symbol.
    pub fn sym(&self, s: Sym) -> &Symbol {
        // Every symbol was given out by this language, so there is one.
        self.symbols.get(slot(s)).unwrap_or(&self.no_symbol)
    }
    /// Says how a symbol computes.
    pub fn define(&mut self, s: Sym, formals: Vec<Var>, tree: Tree) {
        let mut below = 0;
        let mut seen = BTreeSet::new();
        self.tree_symbols(&tree, &mut seen);
        for o in seen {
            if o != s {
                below = below.max(self.sym(o).rank);
            }
        }
        if let Some(x) = self.symbols.get_mut(slot(s)) {
            x.formals = formals;
            x.tree = Some(tree);
            x.rank = below + 1;
        }
    }
    fn tree_symbols(&self, tree: &Tree, seen: &mut BTreeSet<Sym>) {
        match tree {
            Tree::Leaf(t) => self.symbols_of(*t, seen),
            Tree::Switch(_, cases) => cases.iter().for_each(|c| self.tree_symbols(&c.2, seen)),
        }
    }
    /// The symbols of a term.
    pub fn symbols_of(&self, t: Id, seen: &mut BTreeSet<Sym>) {
        let n = self.node(t);
        if let Head::Sym(s) = n.head {
            seen.insert(s);
        }
        n.args.iter().for_each(|a| self.symbols_of(*a, seen));
    }
    /// The symbols that a symbol is defined by, with itself.
    pub fn closure(&self, roots: BTreeSet<Sym>) -> BTreeSet<Sym> {
        let mut todo: Vec<Sym> = roots.into_iter().collect();
        let mut out = BTreeSet::new();
        while let Some(s) = todo.pop() {
            if out.insert(s)
                && let Some(tree) = &self.sym(s).tree
            {
                let mut seen = BTreeSet::new();
                self.tree_symbols(tree, &mut seen);
                todo.extend(seen);
            }
        }
        out
    }

    /// A node.
    pub fn node(&self, t: Id) -> &Node {
        // As for symbols.
        self.nodes.get(slot(t)).unwrap_or(&self.no_node)
    }
    /// A term.
    pub fn app(&mut self, head: Head, args: Vec<Id>) -> Id {
        if let Some(t) = self.index.get(&(head, args.as_slice()) as &dyn Spine) {
            return *t;
        }
        let args: Rc<[Id]> = args.into();
        let size = args.iter().fold(1u32, |n, a| n.saturating_add(self.node(*a).size));
        let t = place(self.nodes.len());
        self.nodes.push(Node { head, args: args.clone(), size });
        self.normal.push(None);
        self.index.insert(Applied(head, args), t);
        self.work += 1;
        t
    }
    /// A variable as a term.
    pub fn var(&mut self, v: Var) -> Id {
        self.app(Head::Var(v), Vec::new())
    }
    /// A new variable as a term.
    pub fn fresh_term(&mut self, ty: Ty) -> (Var, Id) {
        let v = self.fresh(ty);
        (v, self.var(v))
    }
    /// The variable that a term is.
    pub fn as_var(&self, t: Id) -> Option<Var> {
        match self.node(t) {
            Node { head: Head::Var(v), args, .. } if args.is_empty() => Some(*v),
            _ => None,
        }
    }
    /// The constructor that a term is headed by.
    pub fn as_con(&self, t: Id) -> Option<Sym> {
        match self.node(t).head {
            Head::Sym(s) if matches!(self.sym(s).kind, Kind::Con(..)) => Some(s),
            _ => None,
        }
    }
    /// The type of a term.
    pub fn type_of(&self, t: Id) -> Ty {
        let n = self.node(t);
        let (mut ty, taken) = match n.head {
            Head::Var(v) => (self.var_ty(v), 0),
            Head::Sym(s) => {
                let s = self.sym(s);
                if n.args.len() < s.params.len() {
                    return self.partial(s, n.args.len());
                }
                (s.result, s.params.len())
            }
        };
        for _ in taken..n.args.len() {
            if let Type::Fun(_, b) = self.type_of_ty(ty) {
                ty = b;
            }
        }
        ty
    }
    fn partial(&self, s: &Symbol, given: usize) -> Ty {
        let mut ty = s.result;
        for p in s.params.iter().skip(given).rev() {
            let t = Type::Fun(*p, ty);
            ty = self.types.iter().position(|u| *u == t).map_or(0, place);
        }
        ty
    }
    /// Makes sure that the types of partial applications exist.
    pub fn partial_types(&mut self, s: Sym) {
        let (params, mut ty) = (self.sym(s).params.clone(), self.sym(s).result);
        for p in params.into_iter().rev() {
            ty = self.ty(Type::Fun(p, ty));
        }
    }
    /// Constructors of a type, where it has some that are known.
    pub fn cons_of(&self, ty: Ty) -> Option<Rc<Vec<Sym>>> {
        self.cons.get(&ty).cloned()
    }
    /// Notes the constructors of a type.
    pub fn set_cons(&mut self, ty: Ty, cons: Vec<Sym>) {
        self.cons.insert(ty, Rc::new(cons));
    }

    /// Whether a variable occurs.
    pub fn mentions(&self, t: Id, v: Var) -> bool {
        let n = self.node(t);
        n.head == Head::Var(v) || n.args.iter().any(|a| self.mentions(*a, v))
    }
    /// The variables of a term in the order in which they occur.
    pub fn free(&self, t: Id, out: &mut Vec<Var>) {
        let n = self.node(t);
        if let Head::Var(v) = n.head
            && !out.contains(&v)
        {
            out.push(v);
        }
        n.args.iter().for_each(|a| self.free(*a, out));
    }
    /// More arguments for a term.
    pub fn apply(&mut self, t: Id, more: &[Id]) -> Id {
        if more.is_empty() {
            return t;
        }
        let n = self.node(t);
        let (head, mut args) = (n.head, n.args.to_vec());
        args.extend(more);
        self.app(head, args)
    }
    /// Values put in for variables.
    pub fn subst(&mut self, t: Id, sub: &Sub) -> Id {
        if sub.is_empty() {
            return t;
        }
        let n = self.node(t).clone();
        let args: Vec<Id> = n.args.iter().map(|a| self.subst(*a, sub)).collect();
        if let Head::Var(v) = n.head
            && let Some((_, x)) = sub.iter().find(|(w, _)| *w == v)
        {
            return self.apply(*x, &args);
        }
        if args[..] == n.args[..] { t } else { self.app(n.head, args) }
    }
    /// A term put in for every occurrence of another one.
    pub fn replace(&mut self, t: Id, old: Id, new: Id) -> Id {
        if t == old {
            return new;
        }
        let n = self.node(t).clone();
        let args: Vec<Id> = n.args.iter().map(|a| self.replace(*a, old, new)).collect();
        if args[..] == n.args[..] { t } else { self.app(n.head, args) }
    }
    /// How often a term occurs in another.
    pub fn count(&self, t: Id, part: Id) -> usize {
        if t == part { 1 } else { self.node(t).args.iter().map(|a| self.count(*a, part)).sum() }
    }

    /// The term that a term computes to.
    pub fn nf(&mut self, t: Id) -> Id {
        if let Some(Some(n)) = self.normal.get(slot(t)) {
            return *n;
        }
        // What is not computed is still the same term.
        if self.work >= self.most || self.node(t).size > LARGEST {
            return t;
        }
        self.work += 1;
        let n = self.node(t).clone();
        let args: Vec<Id> = n.args.iter().map(|a| self.nf(*a)).collect();
        let out = match self.step(n.head, &args) {
            Some(next) => self.nf(next),
            None => self.app(n.head, args),
        };
        if self.work >= self.most {
            return out;
        }
        if let Some(place) = self.normal.get_mut(slot(t)) {
            *place = Some(out);
        }
        if let Some(place) = self.normal.get_mut(slot(out)) {
            *place = Some(out);
        }
        out
    }
    /// One step at the head, with arguments that have been computed.
    fn step(&mut self, head: Head, args: &[Id]) -> Option<Id> {
        let Head::Sym(s) = head else { return None };
        let sym = self.sym(s);
        let arity = sym.params.len();
        if args.len() < arity {
            return None;
        }
        if let Kind::Table(seed) = sym.kind {
            let ty = sym.result;
            return crate::sample::table(self, seed, ty, args);
        }
        let tree = sym.tree.as_ref()?;
        let mut sub: Sub = sym.formals.iter().copied().zip(args.iter().copied()).collect();
        let mut tree = tree;
        let leaf = loop {
            match tree {
                Tree::Leaf(t) => break *t,
                Tree::Switch(v, cases) => {
                    let x = sub.iter().find(|(w, _)| w == v)?.1;
                    let con = self.as_con(x)?;
                    let (_, fields, next) = cases.iter().find(|c| c.0 == con)?;
                    let values = self.node(x).args.clone();
                    sub.extend(fields.iter().copied().zip(values.iter().copied()));
                    tree = next;
                }
            }
        };
        let t = self.subst(leaf, &sub);
        Some(self.apply(t, args.get(arity..).unwrap_or(&[])))
    }
    /// What a computed call is stuck on.
    pub fn stuck(&self, t: Id) -> Option<Id> {
        let n = self.node(t);
        let Head::Sym(s) = n.head else { return None };
        let sym = self.sym(s);
        if n.args.len() < sym.params.len() {
            return None;
        }
        let mut tree = sym.tree.as_ref()?;
        let mut sub: Sub = sym.formals.iter().copied().zip(n.args.iter().copied()).collect();
        loop {
            let Tree::Switch(v, cases) = tree else { return None };
            let x = sub.iter().find(|(w, _)| w == v)?.1;
            let Some(con) = self.as_con(x) else { return Some(x) };
            let (_, fields, next) = cases.iter().find(|c| c.0 == con)?;
            sub.extend(fields.iter().copied().zip(self.node(x).args.iter().copied()));
            tree = next;
        }
    }

    fn rank(&self, n: &Node) -> (u32, u32, u32) {
        match n.head {
            Head::Var(v) if n.args.is_empty() => (0, 0, v),
            // What an unknown function gives is larger than a constructor, which it may turn out to be.
            Head::Var(v) => (2, 0, v),
            Head::Sym(s) => match self.sym(s).kind {
                Kind::Con(..) => (1, 0, s),
                _ => (3, self.sym(s).rank, s),
            },
        }
    }
    /// Whether a term is larger than another in the lexicographic path order, in which variables are constants: total, and rewriting to
    /// what is smaller ends (Kamin and Levy, 1980).
    pub fn larger(&self, a: Id, b: Id) -> bool {
        if a == b {
            return false;
        }
        let (x, y) = (self.node(a), self.node(b));
        // The order takes long on large terms; the number of rewriting steps is limited anyway.
        if x.size.saturating_add(y.size) > ORDERED {
            return x.size > y.size;
        }
        if x.args.iter().any(|s| *s == b || self.larger(*s, b)) {
            return true;
        }
        let all = |from: usize| y.args.iter().skip(from).all(|s| self.larger(a, *s));
        if x.head != y.head {
            return self.rank(x) > self.rank(y) && all(0);
        }
        for (n, (s, t)) in x.args.iter().zip(y.args.iter()).enumerate() {
            if s != t {
                return self.larger(*s, *t) && all(n + 1);
            }
        }
        x.args.len() > y.args.len() && all(0)
    }

    /// Matches a pattern with variables that may be filled in.
    pub fn matches(&mut self, pattern: Id, t: Id, vars: &[Var], sub: &mut Sub) -> bool {
        let p = self.node(pattern).clone();
        if let Head::Var(v) = p.head
            && vars.contains(&v)
        {
            if p.args.is_empty() {
                if let Some((_, x)) = sub.iter().find(|(w, _)| *w == v) {
                    return *x == t;
                }
                if self.type_of(t) != self.var_ty(v) {
                    return false;
                }
                sub.push((v, t));
                return true;
            }
            let n = self.node(t).clone();
            let Some(given) = n.args.len().checked_sub(p.args.len()) else { return false };
            let f = self.app(n.head, n.args.iter().take(given).copied().collect());
            match sub.iter().find(|(w, _)| *w == v) {
                Some((_, x)) if *x != f => return false,
                Some(_) => {}
                None if self.type_of(f) != self.var_ty(v) => return false,
                None => sub.push((v, f)),
            }
            return p.args.iter().zip(n.args.iter().skip(given)).all(|(a, b)| self.matches(*a, *b, vars, sub));
        }
        let n = self.node(t).clone();
        p.head == n.head
            && p.args.len() == n.args.len()
            && p.args.iter().zip(n.args.iter()).all(|(a, b)| self.matches(*a, *b, vars, sub))
    }
}

/// The place of a number.
pub fn slot(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
/// The number of a place.
pub fn place(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
