//! Checked declarations, and verdicts. `Proved` and `Refuted` are built here and nowhere else.

use crate::check::Ctx;
use crate::data::count;
use crate::machine::Machine;
use crate::refusal::{AXIOM, CONSTANT, Refusal, Res, refuse};
use crate::{Globals, Interrupt, Limits};
use bfv_format::{Constructor, DataDecl, Decl, Node, Prim, Rule, Term};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// What is known of a checked declaration besides its text.
struct Entry {
    decl: Decl,
    data: Option<Rc<DataDecl>>,
    /// A universe occurs in the closure of its type and body.
    universe: bool,
    canonical: bool,
    /// Declarations named in type, body or proof.
    uses: BTreeSet<u32>,
    rules: BTreeSet<&'static str>,
    /// The proof of this theorem is still to be judged, within these limits.
    owed: Cell<Option<Limits>>,
    /// No proof is owed here, nor anywhere in the closure. It never becomes false again.
    settled: Cell<bool>,
}

/// Checked declarations; it grows by one checked declaration at a time. The proof of a theorem may be owed: then it is judged before
/// anything that rests on it counts.
#[derive(Clone, Default)]
pub struct Signature {
    entries: Vec<Rc<Entry>>,
    interrupt: Option<Interrupt>,
}

/// What a term mentions.
#[derive(Default)]
struct Mentions {
    ids: BTreeSet<u32>,
    rules: BTreeSet<&'static str>,
    universe: bool,
    real: bool,
}

impl Mentions {
    fn of<'t>(terms: impl IntoIterator<Item = &'t Term>) -> Mentions {
        let mut m = Mentions::default();
        for t in terms {
            crate::walk::visit(t, &mut |n| match n {
                Node::Const { id, .. } => {
                    m.ids.insert(*id);
                }
                Node::Data(d, _) | Node::Con(d, ..) | Node::DataElim(d, ..) => {
                    m.ids.insert(d.id);
                }
                Node::Univ(_) => m.universe = true,
                Node::Prim(p) => m.real |= is_real(*p),
                Node::RealLit(_) => m.real = true,
                Node::Rule(r) => {
                    m.rules.insert(match &**r {
                        Rule::Ring { .. } => "ring",
                        Rule::Psatz { .. } => "psatz",
                        Rule::Lia { .. } => "lia",
                    });
                }
                _ => {}
            });
        }
        m
    }
}

fn is_real(p: Prim) -> bool {
    matches!(
        p,
        Prim::Real
            | Prim::RealAdd
            | Prim::RealSub
            | Prim::RealMul
            | Prim::RealInv
            | Prim::RealLtb
            | Prim::RealOfNat
            | Prim::RealOfInt
            | Prim::RealFloor
    )
}

impl Globals for Signature {
    fn const_type(&self, id: u32) -> Option<Term> {
        match &self.entry(id)?.decl {
            Decl::Def { ty, .. } | Decl::Theorem { ty, .. } | Decl::Axiom { ty, .. } => Some(ty.clone()),
            Decl::Data(_) => None,
        }
    }
    fn const_body(&self, id: u32) -> Option<Term> {
        match &self.entry(id)?.decl {
            Decl::Def { body, .. } => Some(body.clone()),
            _ => None,
        }
    }
    fn data(&self, id: u32) -> Option<Rc<DataDecl>> {
        self.entry(id)?.data.clone()
    }
    fn displaceable(&self, id: u32) -> bool {
        self.entry(id).is_some_and(|e| e.universe)
    }
    fn interrupt(&self) -> Option<&Interrupt> {
        self.interrupt.as_ref()
    }
}

/// A signature with one more data type, whose fields are being checked.
struct Pending<'s> {
    signature: &'s Signature,
    data: Rc<DataDecl>,
}

impl Globals for Pending<'_> {
    fn const_type(&self, id: u32) -> Option<Term> {
        self.signature.const_type(id)
    }
    fn const_body(&self, id: u32) -> Option<Term> {
        self.signature.const_body(id)
    }
    fn data(&self, id: u32) -> Option<Rc<DataDecl>> {
        if id == self.signature.len() { Some(self.data.clone()) } else { self.signature.data(id) }
    }
    fn displaceable(&self, id: u32) -> bool {
        self.signature.displaceable(id)
    }
    fn interrupt(&self) -> Option<&Interrupt> {
        self.signature.interrupt()
    }
}

/// The declarations before a position, as they were when the one there was added.
struct Before<'s> {
    signature: &'s Signature,
    end: u32,
}

impl Before<'_> {
    fn has(&self, id: u32) -> bool {
        id < self.end
    }
}

impl Globals for Before<'_> {
    fn const_type(&self, id: u32) -> Option<Term> {
        if self.has(id) { self.signature.const_type(id) } else { None }
    }
    fn const_body(&self, id: u32) -> Option<Term> {
        if self.has(id) { self.signature.const_body(id) } else { None }
    }
    fn data(&self, id: u32) -> Option<Rc<DataDecl>> {
        if self.has(id) { self.signature.data(id) } else { None }
    }
    fn displaceable(&self, id: u32) -> bool {
        self.has(id) && self.signature.displaceable(id)
    }
    fn interrupt(&self) -> Option<&Interrupt> {
        self.signature.interrupt()
    }
}

impl Signature {
    /// The empty signature.
    #[must_use]
    pub fn new() -> Self {
        Signature::default()
    }

    /// From now on judgements over this signature are refused while this is set; nothing where all of them are to be made. Copies that are
    /// made from now on do the same.
    pub fn heed(&mut self, interrupt: Option<Interrupt>) {
        self.interrupt = interrupt;
    }

    /// The number of declarations: the position that the next one gets.
    #[must_use]
    pub fn len(&self) -> u32 {
        count(self.entries.len())
    }

    /// Whether there is no declaration.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn entry(&self, id: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(id).ok()?).map(|e| &**e)
    }

    /// The declaration at a position.
    #[must_use]
    pub fn decl(&self, id: u32) -> Option<&Decl> {
        self.entry(id).map(|e| &e.decl)
    }

    /// All declarations in order.
    pub fn decls(&self) -> impl Iterator<Item = &Decl> {
        self.entries.iter().map(|e| &e.decl)
    }

    /// Section 7: checks a declaration with all that it rests on, and appends it. This and `add_owing` are the only ways in.
    ///
    /// # Errors
    /// The reason for which the declaration, or the proof of a theorem that it rests on, is refused; the signature is unchanged then.
    pub fn add(&mut self, decl: Decl, limits: Limits) -> Res<u32> {
        self.check(&decl, limits)?;
        let entry = self.describe(self.len(), decl);
        self.settle_all(&entry.uses)?;
        entry.settled.set(true);
        Ok(self.push(entry))
    }

    /// The same, but the proof of a theorem is owed: only its statement is checked now. The proof is judged over the declarations before
    /// it, once, by the first of `prove`, `refute`, `add` and `settle` whose answer rests on it; and that answer is a refusal when the proof is.
    ///
    /// # Errors
    /// The reason for which the declaration, or the statement of a theorem, is refused; the signature is unchanged then.
    pub fn add_owing(&mut self, decl: Decl, limits: Limits) -> Res<u32> {
        let owed = if let Decl::Theorem { ty, .. } = &decl {
            Machine::new(self, limits).check_type(&Ctx::default(), ty)?;
            Some(limits)
        } else {
            self.check(&decl, limits)?;
            None
        };
        let entry = self.describe(self.len(), decl);
        entry.owed.set(owed);
        Ok(self.push(entry))
    }

    /// Judges the proofs that are owed for a declaration and for all that it rests on.
    ///
    /// # Errors
    /// The reason for which a proof is refused, or that there is no such declaration.
    pub fn settle(&self, id: u32) -> Res<()> {
        if self.entry(id).is_none() {
            return refuse(CONSTANT, format!("No declaration has position {id}."));
        }
        self.settle_all(&BTreeSet::from([id]))
    }

    fn settle_all(&self, roots: &BTreeSet<u32>) -> Res<()> {
        let (mut open, mut todo) = (BTreeSet::new(), roots.iter().copied().collect::<Vec<_>>());
        while let Some(id) = todo.pop() {
            if let Some(e) = self.entry(id).filter(|e| !e.settled.get())
                && open.insert(id)
            {
                todo.extend(&e.uses);
            }
        }
        for id in open {
            let Some(e) = self.entry(id) else { continue };
            if let (Some(limits), Decl::Theorem { name, ty, proof }) = (e.owed.get(), &e.decl) {
                let before = Before { signature: self, end: id };
                let (m, ctx) = (Machine::new(&before, limits), Ctx::default());
                m.check(&ctx, proof, &m.eval(&ctx.env, ty)).map_err(|r| Refusal {
                    detail: format!("It rests on `{name}`, whose proof is refused. {}", r.detail).trim().to_owned(),
                    ..r
                })?;
                e.owed.set(None);
            }
            // All that it uses comes earlier in this order.
            e.settled.set(true);
        }
        Ok(())
    }

    fn push(&mut self, entry: Entry) -> u32 {
        let id = self.len();
        self.entries.push(Rc::new(entry));
        id
    }

    fn check(&self, decl: &Decl, limits: Limits) -> Res<()> {
        let ctx = Ctx::default();
        match decl {
            Decl::Def { ty, body, .. } | Decl::Theorem { ty, proof: body, .. } => {
                let m = Machine::new(self, limits);
                m.check_type(&ctx, ty)?;
                m.check(&ctx, body, &m.eval(&ctx.env, ty))?;
            }
            Decl::Axiom { ty, .. } => {
                let m = Machine::new(self, limits);
                // A statement in the lowest universe cannot quantify over types or type-valued functions (T41).
                if m.check_type(&ctx, ty)? > 0 {
                    return refuse(AXIOM, "The statement of an axiom quantifies over types, or is about them.");
                }
            }
            Decl::Data(d) => {
                let pending = Pending { signature: self, data: Rc::new(d.clone()) };
                Machine::new(&pending, limits).check_data(self.len(), d)?;
            }
        }
        Ok(())
    }

    fn describe(&self, id: u32, decl: Decl) -> Entry {
        let visible: Vec<&Term> = match &decl {
            Decl::Def { ty, body, .. } => vec![ty, body],
            Decl::Theorem { ty, .. } | Decl::Axiom { ty, .. } => vec![ty],
            Decl::Data(d) => d.params.iter().chain(d.constructors.iter().flat_map(Constructor::terms)).collect(),
        };
        let seen = Mentions::of(visible);
        let all = match &decl {
            Decl::Theorem { ty, proof, .. } => Mentions::of([ty, proof]),
            _ => Mentions { ids: seen.ids.clone(), rules: seen.rules.clone(), ..Mentions::default() },
        };
        let below =
            |f: &dyn Fn(&Entry) -> bool| seen.ids.iter().filter(|i| **i != id).filter_map(|i| self.entry(*i)).any(f);
        let opaque = matches!(decl, Decl::Theorem { .. } | Decl::Axiom { .. });
        let universe = seen.universe || below(&|e| e.universe);
        let canonical = !opaque && !seen.real && seen.rules.is_empty() && !below(&|e| !e.canonical);
        let data = if let Decl::Data(d) = &decl { Some(Rc::new(d.clone())) } else { None };
        let mut uses = all.ids;
        uses.remove(&id);
        let (owed, settled) = (Cell::new(None), Cell::new(false));
        Entry { decl, data, universe, canonical, uses, rules: all.rules, owed, settled }
    }

    /// Every declaration in the closure of some positions, proofs followed.
    fn closure(&self, roots: &BTreeSet<u32>) -> BTreeSet<u32> {
        let (mut seen, mut todo) = (BTreeSet::new(), roots.iter().copied().collect::<Vec<_>>());
        while let Some(id) = todo.pop() {
            if seen.insert(id)
                && let Some(e) = self.entry(id)
            {
                todo.extend(&e.uses);
            }
        }
        seen
    }

    /// Axiom bundles and rules behind some terms, theorems followed through their proofs.
    fn behind(&self, terms: &[&Term]) -> (Vec<String>, Vec<&'static str>) {
        let own = Mentions::of(terms.iter().copied());
        let (mut axioms, mut rules) = (BTreeSet::new(), own.rules);
        for id in self.closure(&own.ids) {
            if let Some(e) = self.entry(id) {
                rules.extend(&e.rules);
                if let Decl::Axiom { bundle, .. } = &e.decl {
                    axioms.insert(bundle.clone());
                }
            }
        }
        (axioms.into_iter().collect(), rules.into_iter().collect())
    }

    /// The bundles of axioms in the closure of a declaration, theorems followed through their proofs.
    #[must_use]
    pub fn axioms(&self, id: u32) -> Vec<String> {
        self.behind(&[&Rc::new(Node::Const { id, shift: 0 })]).0
    }

    /// The certificate rules in the closure of a declaration, theorems followed through their proofs.
    #[must_use]
    pub fn rules(&self, id: u32) -> Vec<&'static str> {
        self.behind(&[&Rc::new(Node::Const { id, shift: 0 })]).1
    }

    /// Whether nothing in the closure is an axiom, an opaque theorem, about `Real`, or a rule term.
    #[must_use]
    pub fn canonical(&self, id: u32) -> bool {
        self.entry(id).is_some_and(|e| e.canonical)
    }

    /// Judges a proof of a statement.
    ///
    /// # Errors
    /// The reason for which the statement is no type, or the proof does not prove it.
    pub fn prove(&self, statement: &Term, proof: &Term, limits: Limits) -> Res<Proved> {
        self.judge(statement, statement, proof, limits).map(|evidence| Proved { evidence })
    }

    /// Judges a proof of the negation of a statement, `statement -> Empty`.
    ///
    /// # Errors
    /// The reason for which the statement is no type, or the proof does not refute it.
    pub fn refute(&self, statement: &Term, negation: &Term, limits: Limits) -> Res<Refuted> {
        let not = Rc::new(Node::Pi(statement.clone(), Rc::new(Node::Prim(Prim::Empty))));
        self.judge(statement, &not, negation, limits).map(|evidence| Refuted { evidence })
    }

    fn judge(&self, statement: &Term, goal: &Term, term: &Term, limits: Limits) -> Res<Evidence> {
        let mentioned = Mentions::of([statement, term]).ids;
        for id in &mentioned {
            if self.entry(*id).is_none() {
                return refuse(CONSTANT, format!("No declaration has position {id}."));
            }
        }
        let m = Machine::new(self, limits);
        let ctx = Ctx::default();
        m.check_type(&ctx, statement)?;
        m.check(&ctx, term, &m.eval(&ctx.env, goal))?;
        self.settle_all(&mentioned)?;
        let (axioms, rules) = self.behind(&[statement, term]);
        Ok(Evidence { statement: statement.clone(), term: term.clone(), axioms, rules, steps: m.steps() })
    }
}

/// What a verdict rests on.
#[derive(Clone, Debug)]
struct Evidence {
    statement: Term,
    term: Term,
    axioms: Vec<String>,
    rules: Vec<&'static str>,
    steps: u64,
}

macro_rules! verdict {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            evidence: Evidence,
        }

        impl $name {
            /// The statement judged.
            #[must_use]
            pub fn statement(&self) -> &Term {
                &self.evidence.statement
            }
            /// The term that was checked.
            #[must_use]
            pub fn term(&self) -> &Term {
                &self.evidence.term
            }
            /// The axiom bundles that the evidence rests on, sorted.
            #[must_use]
            pub fn axioms(&self) -> &[String] {
                &self.evidence.axioms
            }
            /// The certificate rules that the evidence rests on, sorted.
            #[must_use]
            pub fn rules(&self) -> &[&'static str] {
                &self.evidence.rules
            }
            /// Steps that the check took.
            #[must_use]
            pub fn steps(&self) -> u64 {
                self.evidence.steps
            }
        }
    };
}

verdict! {
    /// The statement was proved. Only the kernel builds it.
    Proved
}
verdict! {
    /// The negation of the statement was proved. Only the kernel builds it.
    Refuted
}
