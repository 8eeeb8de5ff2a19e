//! A solver outside of this program says which instances matter. The search goes along one branch after the other, each time along the one
//! that the solver says is still open, and collects the instances that it makes there. Once the solver says that they contradict each
//! other, the search for the proof takes in only those that it names. The solver is not believed: what it says decides where is looked.

use crate::ground::formula::F;
use crate::ground::frames::Frame;
use crate::ground::numbers::Wanted;
use crate::ground::proof::free;
use crate::ground::search::{Refutation, Search};
use crate::ground::smt::Text;
use bfv_format::{Node, Term};
use bfv_kernel::Res;
use bfv_search::{Budget, Core, Reason, Solver};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The most questions to the solver about one goal.
const QUESTIONS: usize = 100;
/// Steps of one branch, at most.
const BRANCH: u64 = 4_000;

/// How the search goes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    /// By itself.
    #[default]
    Own,
    /// Along one branch.
    Along,
    /// With only what the solver named.
    Only,
}

/// What came of asking, where no proof did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// The solver says that all that was found goes together.
    Together,
    /// What the solver named led to no proof.
    Vain,
    /// There were more questions than are asked.
    Questions,
    /// The solver did not answer, and why.
    Silent(String),
}

impl Note {
    /// It in sentences.
    pub fn says(&self) -> String {
        match self {
            Note::Together => {
                "For one of these, z3 finds no contradiction between the instances of facts that were found. \
                               Most likely an invariant is missing or wrong."
                    .to_owned()
            }
            Note::Vain => "What z3 named as a hint led to no proof.".to_owned(),
            Note::Questions => "The search for hints of z3 ran out of steps.".to_owned(),
            Note::Silent(why) => why.clone(),
        }
    }
}

/// An instance of a theorem about sizes.
type Sized = (u32, Vec<Term>);

/// What was collected, and what of it is used.
#[derive(Default)]
pub struct Hints {
    /// Whom to ask. Without one, the search goes by itself.
    pub solver: Option<&'static dyn Solver>,
    mode: Mode,
    /// Instances of quantified statements.
    made: Vec<(usize, Vec<Term>)>,
    /// Quantified statements for whose failure an element was named.
    opened: Vec<usize>,
    sized: Vec<Wanted>,
    seen: HashSet<(usize, Vec<Term>)>,
    /// Atoms whose truth mattered on the way.
    asked: BTreeSet<usize>,
    /// The branch.
    guide: HashMap<usize, bool>,
    /// What the solver named, by its places above.
    only: Only,
    /// What came of it last.
    pub note: Option<Note>,
}

/// Places of what is used.
#[derive(Default)]
struct Only {
    made: BTreeSet<usize>,
    opened: BTreeSet<usize>,
    sized: HashSet<Sized>,
}

impl Hints {
    /// Begins a new goal, for which nobody is asked so far.
    pub fn reset(&mut self) {
        *self = Hints { solver: self.solver, ..Hints::default() };
    }

    /// Whether the search takes in only what the solver named.
    pub fn only(&self) -> bool {
        self.mode == Mode::Only
    }

    /// Whether the search goes along one branch.
    pub fn along(&self) -> bool {
        self.mode == Mode::Along
    }

    /// Notes an instance that was made.
    pub fn made(&mut self, atom: usize, terms: &[Term]) {
        if self.along() && self.seen.insert((atom, terms.to_vec())) {
            self.made.push((atom, terms.to_vec()));
        }
    }

    /// Notes a quantified statement for whose failure an element was named.
    pub fn opened(&mut self, atom: usize) {
        if self.along() && !self.opened.contains(&atom) {
            self.opened.push(atom);
        }
    }

    /// Notes an instance of a theorem about sizes.
    pub fn sized(&mut self, w: &Wanted) {
        if self.along() && !self.sized.iter().any(|s| s.lemma == w.lemma && s.key == w.key) {
            self.sized.push(w.clone());
        }
    }

    /// Whether an element may be named for the failure of a quantified statement.
    pub fn opens(&self, atom: usize) -> bool {
        !self.only() || self.only.opened.contains(&atom)
    }

    /// Whether an instance of a theorem about sizes may be tried: all in their turn, or the ones that the solver named.
    pub fn sizes(&self, w: &Wanted, last: bool) -> bool {
        if self.only() { self.only.sized.contains(&(w.lemma, w.key.clone())) } else { (w.order > 0) == last }
    }

    /// How much was collected.
    fn collected(&self) -> [usize; 4] {
        [self.made.len(), self.opened.len(), self.sized.len(), self.asked.len()]
    }

    /// Takes what the solver named.
    fn take(&mut self, names: &[String]) {
        self.only = Only::default();
        for name in names {
            let Some((kind, Ok(n))) = name.split_at_checked(1).map(|(kind, n)| (kind, n.parse::<usize>())) else {
                continue;
            };
            match kind {
                "i" => {
                    self.only.made.insert(n);
                }
                "o" => self.only.opened.extend(self.opened.get(n)),
                "s" => self.only.sized.extend(self.sized.get(n).map(|w| (w.lemma, w.key.clone()))),
                _ => {}
            }
        }
    }
}

impl Search<'_> {
    /// Refutes what is known with only the facts that the solver names.
    pub fn refute_by_hints(&mut self, solver: &dyn Solver, budget: &mut Budget) -> Res<Result<Refutation, Reason>> {
        self.hints.reset();
        for _ in 0..QUESTIONS {
            let (text, atoms) = self.problem()?;
            let names: Vec<String> = atoms.iter().map(|n| format!("b{n}")).collect();
            let truths = match solver.core(&text, &names) {
                Core::Hold(truths) => truths,
                Core::Contradict(names) => {
                    self.hints.take(&names);
                    self.hints.mode = Mode::Only;
                    let found = self.solve(budget)?;
                    self.hints.mode = Mode::Own;
                    if found.is_err() {
                        self.hints.note = Some(Note::Vain);
                    }
                    return Ok(found);
                }
                Core::GaveUp(reason, why) => {
                    self.hints.note = Some(Note::Silent(why));
                    return Ok(Err(reason));
                }
            };
            self.hints.guide = atoms.into_iter().zip(truths).collect();
            let before = self.hints.collected();
            self.hints.mode = Mode::Along;
            let mark = self.mark();
            let mut part = budget.part(BRANCH);
            let end = self.branch(&mut Vec::new(), &mut part)?;
            let asked: Vec<usize> = self.trail.clone();
            self.hints.asked.extend(asked);
            self.undo(&mark);
            self.hints.mode = Mode::Own;
            let spent = budget.spend(part.used);
            let (note, reason) = match end {
                _ if spent.is_err() => (Note::Questions, Reason::Budget),
                _ if self.hints.collected() != before => continue,
                Err(Reason::Incomplete) => (Note::Together, Reason::Incomplete),
                Err(reason) => (Note::Questions, reason),
                // The search sees a contradiction there, and the solver does not.
                Ok(_) => (Note::Vain, Reason::Incomplete),
            };
            self.hints.note = Some(note);
            return Ok(Err(reason));
        }
        self.hints.note = Some(Note::Questions);
        Ok(Err(Reason::Budget))
    }

    /// What is known and what was collected, as a text, and the atoms in it.
    fn problem(&mut self) -> Res<(String, Vec<usize>)> {
        let mut sized: Vec<Option<(F, F)>> = Vec::new();
        for w in self.hints.sized.clone() {
            let stated = match self.stated(&w)? {
                Some((premise, conclusion)) => self.reader.read(&premise)?.zip(self.reader.read(&conclusion)?),
                None => None,
            };
            sized.push(stated);
        }
        let mut text = Text::new(&self.reader);
        for atom in &self.trail {
            if let Some(known) = self.known.get(atom) {
                let fact = text.atom(*atom)?;
                text.assert(&if known.truth { fact } else { format!("(not {fact})") }, None);
            }
        }
        for clause in &self.clauses {
            let mut literals = vec!["false".to_owned()];
            for (atom, truth) in &clause.literals {
                let fact = text.atom(*atom)?;
                literals.push(if *truth { fact } else { format!("(not {fact})") });
            }
            text.assert(&format!("(or {})", literals.join(" ")), None);
        }
        // An element that was named is there only where what it was named for fails.
        let elements: HashMap<u32, usize> = self.opened.iter().map(|(atom, o)| (o.element, *atom)).collect();
        let named = |text: &mut Text<'_, '_>, terms: &[Term], says: String| -> Res<String> {
            let mut mentions = BTreeSet::new();
            terms.iter().for_each(|t| free(t, &mut mentions));
            let mut there = vec!["true".to_owned()];
            for atom in mentions.iter().filter_map(|n| elements.get(n)) {
                there.push(format!("(not {})", text.atom(*atom)?));
            }
            Ok(format!("(=> (and {}) {says})", there.join(" ")))
        };
        for (n, (atom, terms)) in self.hints.made.iter().enumerate() {
            if let Some(f) = self.instances.get(&(*atom, terms.clone())) {
                let says = format!("(=> {} {})", text.atom(*atom)?, text.statement(f)?);
                let says = named(&mut text, terms, says)?;
                text.assert(&says, Some(&format!("i{n}")));
            }
        }
        for (n, atom) in self.hints.opened.iter().enumerate() {
            if let (Some(o), Some(all)) = (self.opened.get(atom), self.reader.atoms.get(*atom)) {
                let says = format!("(or {} (not {}))", text.atom(*atom)?, text.statement(&o.body)?);
                let says = named(&mut text, std::slice::from_ref(&all.key), says)?;
                text.assert(&says, Some(&format!("o{n}")));
            }
        }
        for ((n, stated), w) in sized.iter().enumerate().zip(&self.hints.sized) {
            if let Some((premise, conclusion)) = stated {
                let says = format!("(=> {} {})", text.statement(premise)?, text.statement(conclusion)?);
                let says = named(&mut text, &w.key, says)?;
                text.assert(&says, Some(&format!("s{n}")));
            }
        }
        for atom in &self.hints.asked {
            text.atom(*atom)?;
        }
        let atoms = text.atoms.iter().copied().collect();
        Ok((text.finish(), atoms))
    }

    /// The next truth value on the branch, for something on which a clause depends; where the solver does not know it, the one that
    /// settles the clause.
    pub fn next_along(&self) -> Option<(usize, bool)> {
        let guide = &self.hints.guide;
        self.clauses.iter().filter(|c| !self.satisfied(c)).find_map(|c| {
            let open = || c.literals.iter().copied().filter(|(a, _)| !self.known.contains_key(a));
            open()
                .find(|(a, t)| guide.get(a) == Some(t))
                .or_else(|| open().find(|(a, _)| !guide.contains_key(a)))
                .or_else(|| open().next().map(|(a, t)| (a, !t)))
        })
    }

    /// The truth value of an atom on the branch.
    pub fn truth_along(&self, atom: usize) -> bool {
        self.hints.guide.get(&atom).copied().unwrap_or(true)
    }

    /// Goes on with a branch by itself, where what the solver named does not close it.
    pub fn beyond_hints(&mut self, frames: &mut Vec<Frame>, budget: &mut Budget) -> Res<Result<Refutation, Reason>> {
        self.hints.mode = Mode::Own;
        self.wide = false;
        let found = self.branch(frames, budget)?;
        self.hints.mode = Mode::Only;
        Ok(found)
    }

    /// Takes up the instances that the solver named, of statements that hold, where all that they mention is at hand; whether there was one.
    pub fn recall(&mut self) -> Res<bool> {
        let mut any = false;
        for (atom, terms) in
            self.hints.only.made.iter().filter_map(|n| self.hints.made.get(*n)).cloned().collect::<Vec<_>>()
        {
            if !self.known.get(&atom).is_some_and(|k| k.truth) || !terms.iter().all(|t| self.at_hand(t)) {
                continue;
            }
            let Some(q) = self.quantifier(atom)? else { continue };
            any |= self.keep(atom, &q, terms);
        }
        Ok(any)
    }

    /// Whether all that a term mentions is named on this branch.
    fn at_hand(&self, t: &Term) -> bool {
        let mut mentions = BTreeSet::new();
        free(t, &mut mentions);
        mentions.into_iter().all(|n| {
            !self.opened.values().any(|o| o.element == n)
                || self.terms.iter().any(|(t, _)| matches!(&**t, Node::Var(k) if *k == n))
        })
    }
}
