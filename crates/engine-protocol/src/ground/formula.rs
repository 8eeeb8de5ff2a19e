//! Statements as the prover sees them: connectives over atoms. A quantified statement is an atom, too.

use crate::ground::library::Library;
use crate::ground::linear::Linear;
use crate::ground::proof::{P, Proof, free, numbered};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, DClo, Elim, Env, Head, Ivl, Machine, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A statement, shared.
pub type F = Rc<Formula>;

/// A statement: its type, and what it is made of.
pub struct Formula {
    pub ty: V,
    pub kind: Kind,
}

/// Something with a truth value put in where it waits for one.
type Instead<'r> = Box<dyn Fn(&V) -> V + 'r>;

/// Truth values are looked for so deep in arguments.
const NESTED: u32 = 3;

/// What a statement is made of.
pub enum Kind {
    /// With its proof.
    True(P),
    /// `Empty`
    False,
    /// `false = true`
    Absurd,
    /// By its position in the table.
    Atom(usize),
    Not(F),
    And(F, F),
    Implies(F, F),
    /// Another way to say the same: functions to the other statement and back.
    Same {
        other: F,
        to: P,
        back: P,
    },
}

/// What an atom says.
#[derive(Clone)]
pub enum Says {
    /// That a truth value, numbered, is true.
    Bool(Term),
    /// That two elements of a type, numbered, are equal; for positions, the number of them.
    Equal { of: Option<Term>, left: Term, right: Term },
    /// For every element of a type.
    All(V, Clo),
    /// Something that is not looked into.
    Opaque,
}

/// A statement without connectives.
pub struct Atom {
    /// Its type with all definitions put in, numbered: the same for equal atoms.
    pub key: Term,
    pub ty: V,
    pub says: Says,
    /// The type as it is written in proofs, numbered.
    pub written: Term,
    /// Whether arithmetic reads it.
    pub number: bool,
    /// Numbers of the variables in it.
    pub mentions: BTreeSet<u32>,
    /// Of what the truth value is an application, and to how many arguments.
    pub head: Option<(Term, usize)>,
    /// The difference of the sides of an order or an equation of numbers, the larger minus the smaller one.
    pub linear: Option<Linear>,
    /// The sides of an order of numbers, the smaller one first, numbered.
    pub order: Option<(Term, Term)>,
    /// Sets of workers whose sizes it compares: what stands on the smaller and on the larger side.
    pub sizes: [Vec<Size>; 2],
}

/// What arithmetic does not see through by itself.
pub enum Size {
    /// The size of a set.
    Set(Rc<Set>),
    /// A difference of two natural numbers, numbered.
    Difference(Term, Term),
}

/// A set of workers: a predicate on the positions below a number.
pub struct Set {
    /// How many positions there are.
    pub of: Term,
    /// The predicate, numbered.
    pub holds: Term,
    /// The same with all definitions put in.
    pub key: Term,
}

/// Reads statements. Variables are never taken back, so that what was read once stays read.
pub struct Reader<'g> {
    pub m: &'g Machine<'g>,
    pub lib: Library,
    /// All variables, by level.
    pub ctx: Ctx,
    env: Env,
    pub atoms: Vec<Atom>,
    table: HashMap<Term, usize>,
    /// Numbers that arithmetic does not look into.
    unknowns: HashMap<Term, u32>,
}

impl<'g> Reader<'g> {
    pub fn new(m: &'g Machine<'g>, lib: Library, ctx: &Ctx) -> Self {
        let mut reader = Reader {
            m,
            lib,
            ctx: ctx.clone(),
            env: Env::default(),
            atoms: Vec::new(),
            table: HashMap::new(),
            unknowns: HashMap::new(),
        };
        for (level, ty) in (0u32..).zip(&ctx.types) {
            reader.env.terms = reader.env.terms.push(m.var(level, ty.clone()));
        }
        reader
    }

    pub fn depth(&self) -> u32 {
        u32::try_from(self.ctx.types.len()).unwrap_or(u32::MAX)
    }

    /// A new variable: its number and its value.
    pub fn variable(&mut self, ty: V) -> (u32, V) {
        let level = self.depth();
        let (ctx, x) = self.m.bind(&self.ctx, ty);
        self.ctx = ctx;
        self.env.terms = self.env.terms.push(x.clone());
        (level, x)
    }

    /// The value of a numbered term without facts.
    pub fn value(&self, t: &Term) -> Option<V> {
        let depth = self.depth();
        let indexed = rename(t, 0, 0, &mut |n| depth.checked_sub(1)?.checked_sub(n), &mut Some)?;
        Some(self.m.eval(&self.env, &indexed))
    }

    /// A value as a numbered term, definitions left as they are.
    pub fn term(&self, v: &V) -> Res<Option<Term>> {
        Ok(numbered(&self.m.quote(&self.ctx, v)?, self.depth()))
    }

    /// A value as a numbered term with all definitions put in but those that the prover knows by name. Equal values give equal terms.
    pub fn key(&self, v: &V) -> Res<Option<Term>> {
        match self.canonical(v, 0)? {
            Some(t) => Ok(Some(t)),
            None => Ok(numbered(&self.m.normal(&self.ctx, v)?, self.depth())),
        }
    }

    fn canonical(&self, v: &V, under: u32) -> Res<Option<Term>> {
        let m = self.m;
        macro_rules! go {
            ($v:expr) => {
                match self.canonical($v, under)? {
                    Some(t) => t,
                    None => return Ok(None),
                }
            };
        }
        macro_rules! inside {
            ($c:expr) => {{
                let x = m.var(self.depth() + under, m.value(Val::Univ(0)));
                match self.canonical(&m.inst($c, x), under + 1)? {
                    Some(t) => t,
                    None => return Ok(None),
                }
            }};
        }
        macro_rules! all {
            ($vs:expr) => {{
                let mut out = Vec::new();
                for v in $vs.iter() {
                    out.push(go!(v));
                }
                out
            }};
        }
        let w = self.headed(v, &self.kept())?;
        Ok(Some(Rc::new(match &*w {
            Val::Univ(n) => Node::Univ(*n),
            Val::Prim(p) => Node::Prim(*p),
            Val::NatLit(n) => Node::NatLit(n.clone()),
            Val::IntLit(n) => Node::IntLit(n.clone()),
            Val::RealLit(q) => Node::RealLit(q.clone()),
            Val::Pi(a, c) => Node::Pi(go!(a), inside!(c)),
            Val::Sigma(a, c) => Node::Sigma(go!(a), inside!(c)),
            Val::Lam(c) => Node::Lam(inside!(c)),
            Val::Pair(a, b) => Node::Pair(go!(a), go!(b)),
            Val::Path(line, a, b) => {
                let (from, to) = (go!(&m.dinst(line, Ivl::Zero)), go!(&m.dinst(line, Ivl::One)));
                if from != to {
                    return Ok(None);
                }
                Node::Path(from, go!(a), go!(b))
            }
            Val::Suc(n, x) => {
                let add = Rc::new(Node::App(Rc::new(Node::Prim(Prim::NatAdd)), go!(x)));
                Node::App(add, Rc::new(Node::NatLit(n.clone())))
            }
            Val::Data(d, ps) => Node::Data(*d, all!(ps)),
            Val::Con(d, c, ps, xs, dims) if dims.is_empty() => Node::Con(*d, *c, all!(ps), all!(xs), Vec::new()),
            Val::Neutral(Neutral { head, spine, .. }) => {
                let mut t: Term = Rc::new(match head {
                    Head::Var(level, _) => match level.checked_sub(self.depth()) {
                        None => Node::Var(level + under),
                        Some(bound) => match under.checked_sub(bound + 1) {
                            Some(n) => Node::Var(n),
                            None => return Ok(None),
                        },
                    },
                    Head::Const(id, shift) => Node::Const { id: *id, shift: *shift },
                    Head::Prim(p) => Node::Prim(*p),
                    _ => return Ok(None),
                });
                for e in spine.iter() {
                    t = Rc::new(match e {
                        Elim::App(x) => Node::App(t, go!(x)),
                        Elim::Fst => Node::Fst(t),
                        Elim::Snd => Node::Snd(t),
                        Elim::BoolElim(cases) => Node::BoolElim(inside!(&cases.0), go!(&cases.1), go!(&cases.2), t),
                        Elim::NatElim(cases) => Node::NatElim(inside!(&cases.0), go!(&cases.1), go!(&cases.2), t),
                        Elim::DataElim(cases) => {
                            let (d, ps, motive, branches) = &**cases;
                            Node::DataElim(*d, all!(ps), inside!(motive), all!(branches), t)
                        }
                        _ => return Ok(None),
                    });
                }
                return Ok(Some(t));
            }
            _ => return Ok(None),
        })))
    }

    /// The definitions that stay.
    fn kept(&self) -> [u32; 4] {
        [self.lib.number_test, self.lib.fin_test, self.lib.card, self.lib.fin]
    }

    /// Weak head normal form in which some definitions stay: those that the prover knows by name.
    fn headed(&self, v: &V, keep: &[u32]) -> Res<Rc<Val>> {
        self.m.folded(&self.reduced(v, keep)?)
    }

    /// Definitions are put in one elimination after the other: the evaluator would put all of them in at once.
    fn reduced(&self, v: &V, keep: &[u32]) -> Res<V> {
        let m = self.m;
        let mut v = v.clone();
        loop {
            let w = m.folded(&v)?;
            let Val::Neutral(Neutral { head, spine, unfolded: Some(u) }) = &*w else { return Ok(v) };
            let next = match head {
                Head::Const(id, _) if keep.contains(id) => return Ok(v),
                Head::Const(id, shift) => match m.globals().const_body(*id) {
                    Some(body) => {
                        let mut at = m.eval(&Env { shift: *shift, ..Env::default() }, &body);
                        for e in spine.iter() {
                            at = m.elim(&self.reduced(&at, keep)?, e.clone());
                        }
                        at
                    }
                    None => u.clone(),
                },
                _ => u.clone(),
            };
            v = next;
        }
    }

    /// What is stuck, with its first eliminations only.
    fn first(&self, n: &Neutral, eliminations: usize) -> V {
        let m = self.m;
        let head = match &n.head {
            Head::Var(level, ty) => m.var(*level, ty.clone()),
            Head::Const(id, shift) => m.eval(&Env::default(), &Rc::new(Node::Const { id: *id, shift: *shift })),
            Head::Prim(p) => m.eval(&Env::default(), &Rc::new(Node::Prim(*p))),
            head => {
                m.value(Val::Neutral(Neutral { head: head.clone(), spine: [].into_iter().collect(), unfolded: None }))
            }
        };
        n.spine.iter().take(eliminations).fold(head, |v, e| m.elim(&v, e.clone()))
    }

    /// A truth value that something stuck waits for, and what that is with another one in its place.
    fn waits_for<'r>(&'r self, n: &Neutral, depth: u32) -> Res<Option<(V, Instead<'r>)>> {
        let m = self.m;
        if let Some(at) = n.spine.iter().position(|e| matches!(e, Elim::BoolElim(_))) {
            let rest: Vec<Elim> = n.spine.iter().skip(at).cloned().collect();
            let instead = move |b: &V| rest.iter().fold(b.clone(), |v, e| m.elim(&v, e.clone()));
            return Ok(Some((self.first(n, at), Box::new(instead))));
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        for (at, e) in n.spine.iter().enumerate() {
            let Elim::App(arg) = e else { continue };
            let w = self.headed(arg, &self.kept())?;
            let Val::Neutral(inner) = &*w else { continue };
            if let Some((c, inside)) = self.waits_for(inner, depth)? {
                let (before, rest): (V, Vec<Elim>) =
                    (self.first(n, at), n.spine.iter().skip(at + 1).cloned().collect());
                let instead = move |b: &V| rest.iter().fold(m.apply(&before, inside(b)), |v, e| m.elim(&v, e.clone()));
                return Ok(Some((c, Box::new(instead))));
            }
        }
        Ok(None)
    }

    /// A truth value that a stuck one waits for, the function of it that the stuck one is, numbered, and what that gives for the two.
    fn choice(&self, n: &Neutral) -> Res<Option<(V, Term, V, V)>> {
        let m = self.m;
        let Some((c, instead)) = self.waits_for(n, NESTED)? else { return Ok(None) };
        let value = |p| m.value(Val::Prim(p));
        let (inner, x) = m.bind(&self.ctx, value(Prim::Bool));
        let body = m.quote(&inner, &instead(&x))?;
        let of = numbered(&Rc::new(Node::Lam(body)), self.depth());
        Ok(of.map(|of| (c, of, instead(&value(Prim::True)), instead(&value(Prim::False)))))
    }

    /// A test of equality that a truth value waits for: its sides, numbered, and what the truth value is where they are equal.
    pub fn tested(&self, v: &V) -> Res<Option<(Term, Term, V)>> {
        let w = self.headed(v, &self.kept())?;
        let Val::Neutral(n) = &*w else { return Ok(None) };
        let Some((c, instead)) = self.waits_for(n, NESTED)? else { return Ok(None) };
        let c = self.headed(&c, &self.kept())?;
        let sides = match &*c {
            Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) => match &**spine {
                [Elim::App(a), Elim::App(b)] if *id == self.lib.number_test => Some((a.clone(), b.clone())),
                [_, Elim::App(a), Elim::App(b)] if *id == self.lib.fin_test => Some((a.clone(), b.clone())),
                _ => None,
            },
            _ => None,
        };
        let Some((a, b)) = sides else { return Ok(None) };
        let (Some(a), Some(b)) = (self.key(&a)?, self.key(&b)?) else { return Ok(None) };
        Ok(Some((a, b, instead(&self.m.value(Val::Prim(Prim::True))))))
    }

    fn waits(&self, v: &V) -> Res<bool> {
        Ok(match &*self.headed(v, &self.kept())? {
            Val::Neutral(n) => self.waits_for(n, NESTED)?.is_some(),
            _ => false,
        })
    }

    fn equation(&self, of: Prim, a: &V, b: V) -> V {
        let m = self.m;
        m.value(Val::Path(DClo::Abs(m.fresh_dim(), m.value(Val::Prim(of))), a.clone(), b))
    }

    /// That a truth value is true, as a type.
    pub fn truth(&self, b: &V) -> V {
        self.equation(Prim::Bool, b, self.m.value(Val::Prim(Prim::True)))
    }

    /// Whether elements of a type carry nothing, so that the type is read as a statement.
    pub fn is_statement(&self, ty: &V) -> Res<bool> {
        let m = self.m;
        let dummy = || m.value(Val::Prim(Prim::Star));
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Empty | Prim::Unit) | Val::Path(..) => true,
            Val::Sigma(a, b) => self.is_statement(a)? && self.is_statement(&m.inst(b, dummy()))?,
            Val::Pi(a, b) => {
                // Only the head of what the function gives is looked at, and no head depends on data here.
                let x = m.var(u32::MAX, a.clone());
                self.is_statement(&m.inst(b, x))?
            }
            _ => false,
        })
    }

    /// Reads a type as a statement. None where a term cannot be handled.
    pub fn read(&mut self, ty: &V) -> Res<Option<F>> {
        let m = self.m;
        let make = |kind| Ok(Some(Rc::new(Formula { ty: ty.clone(), kind })));
        let w = m.whnf(ty)?;
        match &*w {
            Val::Prim(Prim::Empty) => make(Kind::False),
            Val::Prim(Prim::Unit) => make(Kind::True(Proof::data(Rc::new(Node::Prim(Prim::Star))))),
            Val::Path(line, a, b) => {
                let of = m.dinst(line, Ivl::Zero);
                match &*self.headed(&of, &self.kept())? {
                    Val::Prim(Prim::Bool) => self.read_bool(ty, a, b),
                    Val::Prim(Prim::Nat) => self.read_equal(ty, None, &of, a, b),
                    Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) if *id == self.lib.fin => {
                        let Some(Elim::App(n)) = spine.first() else { return self.opaque(ty) };
                        let n = n.clone();
                        self.read_equal(ty, Some(&n), &of, a, b)
                    }
                    _ => self.opaque(ty),
                }
            }
            Val::Sigma(a, b) if self.is_statement(a)? => {
                let rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
                let (Some(x), Some(y)) = (self.read(a)?, self.read(&rest)?) else { return Ok(None) };
                make(Kind::And(x, y))
            }
            Val::Pi(a, b) if self.is_statement(a)? => {
                let rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
                let Some(x) = self.read(a)? else { return Ok(None) };
                if matches!(&*m.whnf(&rest)?, Val::Prim(Prim::Empty)) {
                    return make(Kind::Not(x));
                }
                let Some(y) = self.read(&rest)? else { return Ok(None) };
                make(Kind::Implies(x, y))
            }
            Val::Pi(a, b) => {
                let says = Says::All(a.clone(), b.clone());
                self.atom(ty, ty, says, false)
            }
            _ => self.opaque(ty),
        }
    }

    fn opaque(&mut self, ty: &V) -> Res<Option<F>> {
        self.atom(ty, ty, Says::Opaque, false)
    }

    fn atom(&mut self, ty: &V, keyed: &V, says: Says, number: bool) -> Res<Option<F>> {
        let (Some(key), Some(written)) = (self.key(keyed)?, self.term(ty)?) else { return Ok(None) };
        let id = match self.table.get(&key) {
            Some(id) => *id,
            None => {
                let (mut mentions, mut inside) = (BTreeSet::new(), BTreeSet::new());
                free(&key, &mut mentions);
                free(&written, &mut inside);
                // What computes away may mention variables that are out of sight where an equal atom is met again.
                let (written, says, ty) = if inside.is_subset(&mentions) {
                    (written, says, ty.clone())
                } else {
                    let says = match (says, &*key) {
                        (Says::Bool(_), Node::Path(_, of, _)) => Says::Bool(of.clone()),
                        (Says::Equal { of, .. }, Node::Path(_, left, right)) => {
                            Says::Equal { of, left: left.clone(), right: right.clone() }
                        }
                        (says, _) => says,
                    };
                    let Some(ty) = self.value(&key) else { return Ok(None) };
                    let says = match (says, &*self.m.whnf(&ty)?) {
                        (Says::All(..), Val::Pi(dom, body)) => Says::All(dom.clone(), body.clone()),
                        (says, _) => says,
                    };
                    (key.clone(), says, ty)
                };
                let id = self.atoms.len();
                self.table.insert(key.clone(), id);
                let sizes = [Vec::new(), Vec::new()];
                let head = head(&key);
                let (linear, order) = (None, None);
                self.atoms.push(Atom { key, ty, says, written, number, mentions, head, linear, order, sizes });
                id
            }
        };
        Ok(Some(Rc::new(Formula { ty: ty.clone(), kind: Kind::Atom(id) })))
    }

    /// `a = b` of truth values.
    fn read_bool(&mut self, ty: &V, a: &V, b: &V) -> Res<Option<F>> {
        let m = self.m;
        match (&*m.whnf(a)?, &*m.whnf(b)?) {
            (_, Val::Prim(Prim::True)) => self.read_truth(ty, a),
            (_, Val::Prim(Prim::False)) => {
                let (truth, Some(of)) = (self.truth(a), self.term(a)?) else { return Ok(None) };
                let Some(inner) = self.read_truth(&truth, a)? else { return Ok(None) };
                let not = m.value(Val::Pi(truth, Clo::Const(m.value(Val::Prim(Prim::Empty)))));
                let other = Rc::new(Formula { ty: not, kind: Kind::Not(inner) });
                let to = Proof::call(self.lib.not_true, [Proof::data(of.clone())]);
                let back = Proof::call(self.lib.is_false, [Proof::data(of)]);
                Ok(Some(Rc::new(Formula { ty: ty.clone(), kind: Kind::Same { other, to, back } })))
            }
            _ => self.opaque(ty),
        }
    }

    /// That a truth value is true.
    fn read_truth(&mut self, ty: &V, truth: &V) -> Res<Option<F>> {
        let m = self.m;
        let make = |kind| Ok(Some(Rc::new(Formula { ty: ty.clone(), kind })));
        let (number_test, fin_test) = (self.lib.number_test, self.lib.fin_test);
        let w = self.headed(truth, &self.kept())?;
        let neutral = match &*w {
            Val::Prim(Prim::True) => return make(Kind::True(Proof::stays(&Rc::new(Node::Prim(Prim::True))))),
            Val::Prim(Prim::False) => return make(Kind::Absurd),
            Val::Neutral(n) => n,
            _ => return self.opaque(ty),
        };
        if let Some((c, of, then, or)) = self.choice(neutral)? {
            return self.read_choice(ty, &c, of, &then, &or);
        }
        let arguments: Vec<V> =
            neutral.spine.iter().filter_map(|e| if let Elim::App(v) = e { Some(v.clone()) } else { None }).collect();
        match (&neutral.head, &*arguments) {
            (Head::Const(id, _), [a, b]) if *id == number_test => {
                let of = m.value(Val::Prim(Prim::Nat));
                let equal = self.equation(Prim::Nat, a, b.clone());
                let (Some(other), Some(x), Some(y)) =
                    (self.read_equal(&equal, None, &of, a, b)?, self.term(a)?, self.term(b)?)
                else {
                    return Ok(None);
                };
                let call = |id| Proof::call(id, [Proof::data(x.clone()), Proof::data(y.clone())]);
                make(Kind::Same { other, to: call(self.lib.nat_eqb), back: call(self.lib.nat_same) })
            }
            (Head::Const(id, _), [n, a, b]) if *id == fin_test => {
                let fin: Term = Rc::new(Node::Const { id: self.lib.fin, shift: 0 });
                let of = m.apply(&m.eval(&Env::default(), &fin), n.clone());
                let equal = m.value(Val::Path(DClo::Abs(m.fresh_dim(), of.clone()), a.clone(), b.clone()));
                let (Some(other), Some(k), Some(x), Some(y)) =
                    (self.read_equal(&equal, Some(n), &of, a, b)?, self.term(n)?, self.term(a)?, self.term(b)?)
                else {
                    return Ok(None);
                };
                let call =
                    |id| Proof::call(id, [Proof::data(k.clone()), Proof::data(x.clone()), Proof::data(y.clone())]);
                make(Kind::Same { other, to: call(self.lib.fin_eqb), back: call(self.lib.fin_same) })
            }
            (head, arguments) => {
                let Some(of) = self.term(truth)? else { return Ok(None) };
                let order = match (head, arguments) {
                    (Head::Prim(Prim::NatLtb), [low, high]) => Some((low.clone(), high.clone())),
                    _ => None,
                };
                let before = self.atoms.len();
                let found = self.atom(ty, ty, Says::Bool(of), order.is_some())?;
                if let (Some((low, high)), true) = (order, self.atoms.len() > before) {
                    let mut sizes = [Vec::new(), Vec::new()];
                    self.sizes(&low, &mut sizes[0])?;
                    self.sizes(&high, &mut sizes[1])?;
                    let linear = self.difference(&high, &low)?;
                    let sides = self.key(&low)?.zip(self.key(&high)?);
                    if let Some(atom) = self.atoms.last_mut() {
                        atom.sizes = sizes;
                        atom.linear = linear;
                        atom.order = sides;
                    }
                }
                Ok(found)
            }
        }
    }

    /// That a function of a truth value c is true, from what it is for the two.
    fn read_choice(&mut self, ty: &V, c: &V, of: Term, then: &V, or: &V) -> Res<Option<F>> {
        let m = self.m;
        let (tc, tt, te) = (self.truth(c), self.truth(then), self.truth(or));
        let (Some(fc), Some(ft), Some(fe)) =
            (self.read_truth(&tc, c)?, self.read_truth(&tt, then)?, self.read_truth(&te, or)?)
        else {
            return Ok(None);
        };
        let Some(c) = self.term(c)? else { return Ok(None) };
        let arrow = |a: &V, b: &V| m.value(Val::Pi(a.clone(), Clo::Const(b.clone())));
        let make = |ty: V, kind| Rc::new(Formula { ty, kind });
        let not = make(arrow(&tc, &m.value(Val::Prim(Prim::Empty))), Kind::Not(fc.clone()));
        let yes = make(arrow(&tc, &tt), Kind::Implies(fc, ft));
        let no = make(arrow(&not.ty, &te), Kind::Implies(not.clone(), fe));
        let both = m.value(Val::Sigma(yes.ty.clone(), Clo::Const(no.ty.clone())));
        let other = make(both, Kind::And(yes, no));
        let call = |id| Proof::call(id, [&of, &c].map(|x| Proof::data(x.clone())));
        let (to, back) = (call(self.lib.if_split), call(self.lib.if_join));
        Ok(Some(make(ty.clone(), Kind::Same { other, to, back })))
    }

    /// `a = b` of numbers, or of positions.
    fn read_equal(&mut self, ty: &V, fin: Option<&V>, of: &V, a: &V, b: &V) -> Res<Option<F>> {
        let m = self.m;
        let (Some(ka), Some(kb), Some(x), Some(y)) = (self.key(a)?, self.key(b)?, self.term(a)?, self.term(b)?) else {
            return Ok(None);
        };
        if ka == kb {
            return Ok(Some(Rc::new(Formula { ty: ty.clone(), kind: Kind::True(Proof::stays(&x)) })));
        }
        // What waits for a truth value is read as a truth value itself.
        if fin.is_none() && (self.waits(a)? || self.waits(b)?) {
            let test: Term = Rc::new(Node::Const { id: self.lib.number_test, shift: 0 });
            let test = m.apply(&m.apply(&m.eval(&Env::default(), &test), a.clone()), b.clone());
            let truth = self.truth(&test);
            let Some(other) = self.read_truth(&truth, &test)? else { return Ok(None) };
            let call = |id| Proof::call(id, [Proof::data(x.clone()), Proof::data(y.clone())]);
            let kind = Kind::Same { other, to: call(self.lib.nat_same), back: call(self.lib.nat_eqb) };
            return Ok(Some(Rc::new(Formula { ty: ty.clone(), kind })));
        }
        let n = match fin {
            Some(n) => self.term(n)?,
            None => None,
        };
        let number = fin.is_none();
        let before = self.atoms.len();
        let linear = if number { self.difference(a, b)? } else { None };
        // One direction of each equation is enough.
        if format!("{ka:?}") <= format!("{kb:?}") {
            let found = self.atom(ty, ty, Says::Equal { of: n, left: x, right: y }, number)?;
            self.compares(before, linear);
            return Ok(found);
        }
        let turned = m.value(Val::Path(DClo::Abs(m.fresh_dim(), of.clone()), b.clone(), a.clone()));
        let Some(other) =
            self.atom(&turned, &turned, Says::Equal { of: n, left: y.clone(), right: x.clone() }, number)?
        else {
            return Ok(None);
        };
        self.compares(before, linear);
        let Some(of) = self.term(of)? else { return Ok(None) };
        let turn = |p: &Term, q: &Term| Proof::call(self.lib.sym, [&of, p, q].map(|t| Proof::data(t.clone())));
        let kind = Kind::Same { other, to: turn(&x, &y), back: turn(&y, &x) };
        Ok(Some(Rc::new(Formula { ty: ty.clone(), kind })))
    }

    /// Tells a new atom what it compares.
    fn compares(&mut self, before: usize, linear: Option<Linear>) {
        if self.atoms.len() > before
            && let Some(atom) = self.atoms.last_mut()
        {
            atom.linear = linear;
        }
    }

    /// One number minus another, as a linear form.
    pub fn difference(&mut self, a: &V, b: &V) -> Res<Option<Linear>> {
        let (a, b) = (self.linear(a)?, self.linear(b)?);
        Ok(a.zip(b).and_then(|(a, b)| a.plus(&b, -1)))
    }

    /// None for numbers that are too large for a quick look.
    fn linear(&mut self, v: &V) -> Res<Option<Linear>> {
        let w = self.headed(v, &self.kept())?;
        let literal = |n: &num_bigint::BigUint| i64::try_from(n).ok();
        match &*w {
            Val::NatLit(n) => return Ok(literal(n).map(Linear::constant)),
            Val::Suc(n, x) => {
                let (n, x) = (literal(n).map(Linear::constant), self.linear(x)?);
                return Ok(n.zip(x).and_then(|(n, x)| x.plus(&n, 1)));
            }
            Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (p, &**spine) {
                (Prim::NatAdd, [Elim::App(a), Elim::App(b)]) => {
                    let (a, b) = (self.linear(a)?, self.linear(b)?);
                    return Ok(a.zip(b).and_then(|(a, b)| a.plus(&b, 1)));
                }
                (Prim::NatMul, [Elim::App(a), Elim::App(b)]) => {
                    let (a, b) = (self.linear(a)?, self.linear(b)?);
                    if let Some(scaled) = a.zip(b).and_then(|(a, b)| a.times(&b)) {
                        return Ok(Some(scaled));
                    }
                }
                _ => {}
            },
            _ => {}
        }
        let Some(key) = self.key(v)? else { return Ok(None) };
        let next = u32::try_from(self.unknowns.len()).unwrap_or(u32::MAX);
        Ok(Some(Linear::unknown(*self.unknowns.entry(key).or_insert(next))))
    }

    /// The sets whose sizes are added up in a number.
    fn sizes(&self, v: &V, out: &mut Vec<Size>) -> Res<()> {
        match &*self.headed(v, &self.kept())? {
            Val::Suc(_, x) => self.sizes(x, out),
            Val::Neutral(Neutral { head, spine, .. }) => match (head, &**spine) {
                (Head::Const(id, _), [Elim::App(n), Elim::App(s)]) if *id == self.lib.card => {
                    if let (Some(of), Some(holds), Some(key)) = (self.term(n)?, self.term(s)?, self.key(s)?) {
                        let (mut outside, mut inside) = (BTreeSet::new(), BTreeSet::new());
                        free(&key, &mut outside);
                        free(&holds, &mut inside);
                        let holds = if inside.is_subset(&outside) { holds } else { key.clone() };
                        out.push(Size::Set(Rc::new(Set { of, holds, key })));
                    }
                    Ok(())
                }
                (Head::Prim(p @ (Prim::NatAdd | Prim::NatMul | Prim::NatSub)), [Elim::App(a), Elim::App(b)]) => {
                    if *p == Prim::NatSub
                        && let (Some(n), Some(k)) = (self.term(a)?, self.term(b)?)
                    {
                        out.push(Size::Difference(n, k));
                    }
                    self.sizes(a, out)?;
                    self.sizes(b, out)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// The head of the truth value that a numbered statement says to be true, and how many arguments it has.
fn head(key: &Term) -> Option<(Term, usize)> {
    let Node::Path(_, truth, _) = &**key else { return None };
    let (mut t, mut arguments) = (truth, 0);
    while let Node::App(f, _) = &**t {
        (t, arguments) = (f, arguments + 1);
    }
    Some((t.clone(), arguments))
}

/// Values of the variables of a pattern.
pub type Found = BTreeMap<u32, Term>;

/// Matches a numbered pattern, in which some numbers stand for anything, with a numbered term.
/// What `same` calls equal is taken as equal.
pub fn matches(
    pattern: &Term,
    t: &Term,
    at: u32,
    open: &BTreeSet<u32>,
    same: &dyn Fn(&Term, &Term) -> bool,
    found: &mut Found,
) -> bool {
    if let Node::Var(n) = &**pattern
        && let Some(n) = n.checked_sub(at)
        && open.contains(&n)
    {
        // What is bound between cannot leave its scope.
        let Some(t) = rename(t, 0, 0, &mut |k| k.checked_sub(at), &mut Some) else { return false };
        return match found.get(&n) {
            Some(known) => *known == t || same(known, &t),
            None => {
                found.insert(n, t);
                true
            }
        };
    }
    let mut go = |a: &Term, b: &Term, under: u32| matches(a, b, at + under, open, same, found);
    if at == 0 && same(pattern, t) {
        return true;
    }
    match (&**pattern, &**t) {
        (Node::App(f, a), Node::App(g, b)) | (Node::Pair(f, a), Node::Pair(g, b)) => go(f, g, 0) && go(a, b, 0),
        (Node::Fst(a), Node::Fst(b)) | (Node::Snd(a), Node::Snd(b)) => go(a, b, 0),
        (Node::Lam(a), Node::Lam(b)) => go(a, b, 1),
        (Node::Path(l, a, b), Node::Path(k, c, d)) => l == k && go(a, c, 0) && go(b, d, 0),
        (Node::BoolElim(m, a, b, c), Node::BoolElim(k, x, y, z)) => m == k && go(a, x, 0) && go(b, y, 0) && go(c, z, 0),
        (Node::Con(d, c, ps, xs, rs), Node::Con(e, k, qs, ys, ss)) => {
            d == e
                && c == k
                && rs == ss
                && ps == qs
                && xs.len() == ys.len()
                && xs.iter().zip(ys).all(|(x, y)| go(x, y, 0))
        }
        (a, b) => a == b,
    }
}
