//! How stable verdicts are: each claim is changed in ways that keep what it says, and searched for afresh. Changes of this kind are
//! what Zhou, Bosamiya, Takashima, Li, Heule and Parno measure for solvers (Mariposa, FMCAD 2023).

use crate::again::{Decision, Workshop, bare};
use crate::check::internal;
use crate::front::{Base, Plugged};
use crate::problem::{Place, Problem};
use crate::surface::file;
use crate::vary::{Draw, Kind as Change, varied};
use crate::verdict::Kind;
use bfv_elab::Session;
use bfv_syntax::print;
use bfv_syntax::tree::{Decl, DeclKind};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What came of a changed claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varied {
    /// The change as a sentence without its full stop; formulas stand between backticks.
    pub change: String,
    /// The verdict.
    pub verdict: Kind,
    /// Steps of the engines, or of the kernel where the source has the evidence.
    pub steps: u64,
}

/// The changes of one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stability {
    /// Module and name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The verdict on the claim as it is.
    pub verdict: Kind,
    /// Its steps.
    pub steps: u64,
    /// The search alone does not decide it, so its own proof or point is judged after each change.
    pub own_evidence: bool,
    /// The changes in the order in which they were drawn.
    pub changes: Vec<Varied>,
}

impl Stability {
    /// How many changes kept the verdict.
    #[must_use]
    pub fn same(&self) -> usize {
        self.changes.iter().filter(|c| c.verdict == self.verdict).count()
    }

    /// Whether all of them did.
    #[must_use]
    pub fn stable(&self) -> bool {
        self.same() == self.changes.len()
    }

    /// The least, the median and the most steps, of the claim as it is and of the changes that kept its verdict.
    #[must_use]
    pub fn spread(&self) -> (u64, u64, u64) {
        let kept = self.changes.iter().filter(|c| c.verdict == self.verdict).map(|c| c.steps);
        let mut all: Vec<u64> = kept.chain([self.steps]).collect();
        all.sort_unstable();
        let at = |n: usize| all.get(n).copied().unwrap_or(self.steps);
        (at(0), at((all.len() - 1) / 2), at(all.len() - 1))
    }
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The claims that are decided, in file order.
    pub goals: Vec<Stability>,
    /// The claims that are not decided as they are, with their places.
    pub undecided: Vec<(String, Place)>,
    /// A claim and a changed one with the same meaning have opposite verdicts, which must not be.
    pub problems: Vec<Problem>,
}

/// How to measure.
pub struct StabilityOptions {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Only the claim of this full name.
    pub goal: Option<String>,
    /// How many changes of each claim.
    pub changes: usize,
    /// What the changes are drawn by.
    pub seed: u64,
    /// Steps of each search.
    pub steps: u64,
}

/// Measures. `progress` is told how many claims are done, and of how many.
pub fn stability(engines: Plugged, options: &StabilityOptions, progress: &mut dyn FnMut(usize, usize)) -> Measured {
    let mut shop = Workshop::open(engines, &options.paths, options.steps);
    let bases = std::mem::take(&mut shop.bases);
    let claims = |b: &Base| -> Vec<(String, Decl)> {
        let all = b.file.decls.iter().filter(|d| d.kind == DeclKind::Claim);
        let named = all.map(|d| (format!("{}.{}", b.name, d.name.text), d.clone()));
        named.filter(|(full, _)| options.goal.as_ref().is_none_or(|g| g == full)).collect()
    };
    let all: usize = bases.iter().map(|b| claims(b).len()).sum();
    let mut out = Measured::default();
    let mut done = 0;
    for base in &bases {
        let plain: Vec<Decl> = base.file.decls.iter().filter(|d| d.kind != DeclKind::Claim).cloned().collect();
        let mut session = base.session.clone();
        shop.add(&mut session, &base.name, &file(&base.file, plain.clone()));
        for (full, d) in claims(base) {
            progress(done, all);
            done += 1;
            let mut one = One { shop: &mut shop, base, session: &session, plain: &plain, options };
            match one.measured(&full, &d) {
                Some(s) => {
                    out.problems.extend(opposite(&s));
                    out.goals.push(s);
                }
                None => out.undecided.push((full, shop.place(d.name.span))),
            }
        }
    }
    out
}

/// The problem that a change which keeps the meaning has turned a verdict into its opposite.
fn opposite(s: &Stability) -> Option<Problem> {
    let c = s.changes.iter().find(|c| c.verdict != s.verdict && c.verdict != Kind::Unknown)?;
    let (was, is) = (s.verdict.word(), c.verdict.word());
    let mut p = internal(&format!("The claim {} is {was}. It is {is} after this change: {}.", s.name, c.change));
    p.place = Some(Box::new(s.place.clone()));
    Some(p)
}

/// One claim that is measured.
struct One<'a> {
    shop: &'a mut Workshop,
    base: &'a Base,
    /// After everything in the module but claims.
    session: &'a Session,
    plain: &'a [Decl],
    options: &'a StabilityOptions,
}

impl One<'_> {
    /// The verdict on a claim over a session; nothing where it is not well-formed.
    fn decided(&mut self, session: &Session, d: &Decl, steps: u64) -> Option<Decision> {
        let mut session = session.clone();
        self.shop.steps = steps;
        let claim = self.shop.add(&mut session, &self.base.name, &file(&self.base.file, vec![d.clone()])).claims.pop();
        self.shop.enter(session);
        let decision = claim.map(|c| self.shop.judged(&c));
        self.shop.steps = self.options.steps;
        decision
    }

    /// Whether a claim is well-formed over a session.
    fn says_something(&self, session: &Session, d: &Decl) -> bool {
        let mut session = session.clone();
        !self.shop.add(&mut session, &self.base.name, &file(&self.base.file, vec![d.clone()])).claims.is_empty()
    }

    fn measured(&mut self, full: &str, d: &Decl) -> Option<Stability> {
        let whole = self.session;
        let steps = self.options.steps;
        // Conditions and expectations are no part of the statement.
        let d = Decl { attrs: Vec::new(), ..d.clone() };
        let decided = |d: &Decision| d.kind != Kind::Unknown;
        let searched = self.decided(whole, &bare(&d), steps).filter(decided);
        let own_evidence = searched.is_none();
        let (d, decision) = match searched {
            Some(found) => (bare(&d), found),
            None => {
                let found = self.decided(whole, &d, steps).filter(decided)?;
                (d, found)
            }
        };
        let taken = |d: &Decision| if own_evidence { d.kernel_steps } else { d.search_steps };
        let mut out = Stability {
            name: full.to_owned(),
            place: self.shop.place(d.name.span),
            verdict: decision.kind,
            steps: taken(&decision),
            own_evidence,
            changes: Vec::new(),
        };
        let mut draw = Draw::new(self.options.seed, full);
        let text = |d: &Decl| d.ty.as_ref().map(|ty| print::statement(&d.binders, ty)).unwrap_or_default();
        let mut seen = BTreeSet::from([(false, String::new(), text(&d))]);
        // A claim without places for so many changes gets fewer.
        for n in 0..self.options.changes.saturating_mul(4) {
            if out.changes.len() == self.options.changes {
                break;
            }
            let kind = Change::ALL[n % Change::ALL.len()];
            if own_evidence && kind == Change::Half {
                continue;
            }
            let Some((changed, says)) = varied(&d, kind, &mut draw) else { continue };
            let session = match kind {
                Change::Declarations => self.reordered(&mut draw),
                _ => Some((whole.clone(), String::new())),
            };
            let Some((session, order)) = session else { continue };
            if !seen.insert((kind == Change::Half, order, text(&changed))) {
                continue;
            }
            let steps = if kind == Change::Half { steps / 2 } else { steps };
            let (verdict, steps) = match self.decided(&session, &changed, steps) {
                Some(found) => (found.kind, taken(&found)),
                // Its own proof fails.
                None if self.says_something(&session, &bare(&changed)) => (Kind::Unknown, 0),
                // Not every place can be changed: a statement without a meaning says nothing about the search.
                None => continue,
            };
            out.changes.push(Varied { change: says, verdict, steps });
        }
        Some(out)
    }

    /// The module with its declarations in another order, and that order; nothing where there is no other order that is well-formed.
    fn reordered(&mut self, draw: &mut Draw) -> Option<(Session, String)> {
        let mut order: Vec<Decl> = self.plain.to_vec();
        for _ in 0..order.len() {
            let n = draw.below(order.len().saturating_sub(1));
            if n + 1 < order.len() {
                let mut other = order.clone();
                other.swap(n, n + 1);
                if self.well_formed(&other).is_some() {
                    order = other;
                    break;
                }
            }
        }
        let names = |all: &[Decl]| all.iter().map(|d| d.name.text.clone()).collect::<Vec<_>>().join(" ");
        let text = names(&order);
        if text == names(self.plain) { None } else { self.well_formed(&order).map(|s| (s, text)) }
    }

    fn well_formed(&self, order: &[Decl]) -> Option<Session> {
        let mut session = self.base.session.clone();
        let made = self.shop.add(&mut session, &self.base.name, &file(&self.base.file, order.to_vec()));
        made.problems.is_empty().then_some(session)
    }
}
