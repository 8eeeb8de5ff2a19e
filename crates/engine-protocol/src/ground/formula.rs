//! Statements as the prover sees them: connectives over atoms. A quantified statement is an atom, too.

use crate::ground::library::Library;
use crate::ground::linear::Linear;
use crate::ground::measure::relations;
use crate::ground::pending::{Keys, turned};
use crate::ground::proof::{P, Proof, free};
use crate::ground::sorts::Sorts;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, DClo, Elim, Env, Head, Ivl, Machine, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A statement, shared.
pub type F = Rc<Formula>;

/// A statement: its type, and what it is made of.
pub struct Formula {
    pub ty: V,
    pub kind: Kind,
}

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
    /// The relations that these sets are made of.
    pub relations: Vec<Relation>,
}

/// A relation and what it is applied to; none for what is bound inside.
pub type Relation = (Term, Vec<Option<Term>>);

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
    pub env: Env,
    pub atoms: Vec<Atom>,
    table: FxHashMap<Term, usize>,
    /// Of which kinds terms are.
    pub sorts: Sorts,
    /// Keys of atoms that are asked for.
    pub wanted: Keys,
    /// Numbers that arithmetic does not look into.
    pub unknowns: FxHashMap<Term, u32>,
}

impl<'g> Reader<'g> {
    pub fn new(m: &'g Machine<'g>, lib: Library, ctx: &Ctx) -> Self {
        let mut reader = Reader {
            m,
            lib,
            ctx: ctx.clone(),
            env: Env::default(),
            atoms: Vec::new(),
            table: FxHashMap::default(),
            sorts: Sorts::default(),
            wanted: Keys::default(),
            unknowns: FxHashMap::default(),
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

    /// The position of the atom with a key.
    pub fn position(&self, key: &Term) -> Option<usize> {
        if let Some(n) = self.table.get(key) {
            return Some(*n);
        }
        // One direction of each equation is enough.
        self.table.get(&turned(key)?).copied()
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
                self.sorts.note(&key, 0, self.lib);
                self.wanted.tell(&key, Some(id));
                let sizes = [Vec::new(), Vec::new()];
                let head = head(&key);
                let (linear, order) = (None, None);
                let relations = Vec::new();
                self.atoms.push(Atom {
                    key,
                    ty,
                    says,
                    written,
                    number,
                    mentions,
                    head,
                    linear,
                    order,
                    sizes,
                    relations,
                });
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
                    let described = self.describe(&low, &high);
                    // What is described by halves would be taken as known later.
                    if let Err(refused) = described {
                        if let Some(atom) = self.atoms.pop() {
                            self.table.remove(&atom.key);
                            self.wanted.tell(&atom.key, None);
                        }
                        return Err(refused);
                    }
                }
                Ok(found)
            }
        }
    }

    /// Tells a new atom, the last one, what it compares.
    fn describe(&mut self, low: &V, high: &V) -> Res<()> {
        let mut sizes = [Vec::new(), Vec::new()];
        self.sizes(low, &mut sizes[0])?;
        self.sizes(high, &mut sizes[1])?;
        let linear = self.difference(high, low)?;
        let order = self.key(low)?.zip(self.key(high)?);
        let mut made_of = Vec::new();
        for s in sizes.iter().flatten() {
            if let Size::Set(s) = s {
                relations(&s.key, 0, &mut made_of);
            }
        }
        if let Some(atom) = self.atoms.last_mut() {
            (atom.sizes, atom.linear, atom.order, atom.relations) = (sizes, linear, order, made_of);
        }
        Ok(())
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
