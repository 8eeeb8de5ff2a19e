//! The interface between goals and engines: goals in kernel terms, budgets, outcomes. Nothing here says that anything is proved.

pub mod chain;
mod memo;
pub mod poly;
pub mod shift;

pub use memo::{Memo, Proposed};

use bfv_format::Term;
use bfv_kernel::{Ctx, Machine, Res, V, Val};
use num_rational::BigRational;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A constant that engines may use, with the tags its declaration carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lemma {
    /// Position in the signature.
    pub id: u32,
    /// Short name, for messages.
    pub name: String,
    /// Tags, for example `hull` or `arith.lt_intro_real`.
    pub tags: Vec<String>,
}

impl Lemma {
    /// Whether the lemma carries a tag.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| t == tag)
    }
}

/// What is to be proved, in which context, from what.
pub struct Goal<'a> {
    /// The evaluator, over the constants; its dimension names are those of `ctx`.
    pub machine: &'a Machine<'a>,
    /// Local variables and hypotheses.
    pub ctx: Ctx,
    /// The type of the term wanted.
    pub target: V,
    /// Tagged lemmas.
    pub lemmas: &'a [Lemma],
    /// Proof terms in the scope of `ctx` to be used as further facts.
    pub hints: Vec<Term>,
}

impl Goal<'_> {
    /// The context and the rest of the goal after what it depends on is taken in, and how much that was.
    ///
    /// # Errors
    /// The evaluator refuses.
    pub fn taken_in(&self) -> Res<(Ctx, V, u32)> {
        let (mut ctx, mut target, mut taken) = (self.ctx.clone(), self.target.clone(), 0);
        loop {
            let w = self.machine.whnf(&target)?;
            let Val::Pi(a, b) = &*w else { break };
            let (inner, x) = self.machine.bind(&ctx, a.clone());
            (target, ctx) = (self.machine.inst(b, x), inner);
            taken += 1;
        }
        Ok((ctx, target, taken))
    }
}

/// A wish that a search should end, which somebody outside of it may set at any time. It changes no answer, but whether there is one.
pub type Wish = Arc<AtomicBool>;

/// Steps that an engine may still take.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Steps left.
    pub left: u64,
    /// Steps taken.
    pub used: u64,
    /// Set where nobody wants the answer any more.
    wish: Option<Wish>,
    /// What engines answered before.
    memo: Option<Rc<Memo>>,
}

impl Budget {
    /// A budget of steps.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        Budget { left: steps, used: 0, wish: None, memo: None }
    }

    /// The same, which ends early where that is wished.
    #[must_use]
    pub fn until(steps: u64, wish: Option<&Wish>) -> Self {
        Budget { wish: wish.cloned(), ..Budget::new(steps) }
    }

    /// The same, where what engines answer is kept for when the same is asked again.
    #[must_use]
    pub fn remembering(self, memo: Option<&Rc<Memo>>) -> Self {
        Budget { memo: memo.cloned(), ..self }
    }

    /// A budget of its own for a part of the work, of so many of the steps that are left. What it takes is not taken here.
    #[must_use]
    pub fn part(&self, most: u64) -> Self {
        Budget::until(most.min(self.left), self.wish.as_ref()).remembering(self.memo.as_ref())
    }

    /// Takes steps.
    ///
    /// # Errors
    /// `Reason::Budget` when not enough are left, `Reason::Cancelled` when the search should end.
    pub fn spend(&mut self, steps: u64) -> Result<(), Reason> {
        if self.wish.as_ref().is_some_and(|w| w.load(Ordering::Relaxed)) {
            self.left = 0;
            return Err(Reason::Cancelled);
        }
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                self.used = self.used.saturating_add(steps);
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Reason::Budget)
            }
        }
    }
}

/// Why nothing is known of a claim: the closed set of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Reason {
    Budget,
    Time,
    Memory,
    Incomplete,
    OutsideFragment,
    Unsupported,
    RejectedCandidate,
    ToolMissing,
    Cancelled,
    Dependency,
}

impl Reason {
    /// The word for it in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Budget => "budget",
            Reason::Time => "time",
            Reason::Memory => "memory",
            Reason::Incomplete => "incomplete",
            Reason::OutsideFragment => "outside-fragment",
            Reason::Unsupported => "unsupported",
            Reason::RejectedCandidate => "rejected-candidate",
            Reason::ToolMissing => "tool-missing",
            Reason::Cancelled => "cancelled",
            Reason::Dependency => "dependency",
        }
    }
}

/// What the evaluator's refusal means for a search.
#[must_use]
pub fn stopped(r: &bfv_kernel::Refusal) -> (Reason, String) {
    if r.reason == bfv_kernel::refusal::BUDGET {
        (Reason::Budget, r.detail.clone())
    } else if r.reason == bfv_kernel::refusal::INTERRUPTED {
        (Reason::Cancelled, String::new())
    } else {
        (Reason::Unsupported, format!("The evaluator refused a term: {}.", r.reason))
    }
}

/// What an engine comes back with.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A term in the scope of the goal's context, as the kernel reads values back. The kernel judges it.
    Candidate(Term),
    /// A term of type `target -> Empty` for a goal without context, and the values of its leading variables where they are data.
    Refutation(Term, Vec<Option<Term>>),
    /// Nothing, why, and one sentence about it (may be empty).
    GaveUp(Reason, String),
}

impl From<&bfv_kernel::Refusal> for Outcome {
    fn from(r: &bfv_kernel::Refusal) -> Outcome {
        let (reason, why) = stopped(r);
        Outcome::GaveUp(reason, why)
    }
}

/// What a solver answers about conditions on numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Solved {
    /// Values of the constants asked for, in their order; what is no fraction is rounded. They are proposals like any other.
    Values(Vec<BigRational>),
    /// There are none, the solver says. Nobody relies on that.
    None,
    /// Nothing, why, and one sentence about it (may be empty).
    GaveUp(Reason, String),
}

/// What a solver answers about assertions with names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Core {
    /// The ones with these names contradict each other, the solver says. Nobody relies on that.
    Contradict(Vec<String>),
    /// They do not, the solver says: the truth of the constants asked for, in their order.
    Hold(Vec<bool>),
    /// Nothing, why, and one sentence about it (may be empty).
    GaveUp(Reason, String),
}

/// A solver outside of this program.
pub trait Solver: Sync {
    /// Its name in reports.
    fn name(&self) -> &'static str;
    /// Looks for values at which a text in SMT-LIB 2 holds, which declares and asserts. Constants named `n...` are of the sort Int there,
    /// those named `r...` of the sort Real.
    fn solve(&self, text: &str, constants: &[String]) -> Solved;
    /// Looks for a contradiction between the assertions that have names in a text in SMT-LIB 2. Constants asked for are named `b...` and
    /// are of the sort Bool there.
    fn core(&self, text: &str, constants: &[String]) -> Core;
}

/// Something that proposes. Several threads may ask it at once, each about goals of its own.
pub trait Engine: Sync {
    /// Its name in reports.
    fn name(&self) -> &'static str;
    /// Whether it looks into the definitions of a goal, so that nobody need unfold them first.
    fn looks_into_definitions(&self) -> bool {
        false
    }
    /// Whether what it says is told beside what others said, although it found nothing, either.
    fn adds_to_reasons(&self) -> bool {
        false
    }
    /// Tries a goal within a budget.
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome;
}
