//! Goals that are held out, closed with one order of theorems.

use crate::orders::scores;
use bfv_cache::Cache;
use bfv_driver::{Desk, before_theorems};
use bfv_engine_neural::{Data, by_score};
use bfv_service::memory::Memory as Recalled;
use bfv_service::rank::{self, Known, Ranking};
use bfv_service::solve::Limits;
use bfv_service::suggest::{one_goal, whole};
use bfv_service::tasks::Around;
use bfv_service::wire::{Goal, Piece, Question, Request, Variable};
use bfv_syntax::tree::{Binder, Decl, Expr, ExprKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Milliseconds for one goal.
const LIMIT: u64 = 5_000;

/// The theorem whose goal is asked for.
static ASKED: Mutex<Option<usize>> = Mutex::new(None);

/// A goal as a person has it who has introduced everything.
fn goal(d: &Decl) -> Option<Goal> {
    let piece = |text: String| Piece { text, place: String::new() };
    let mut context = Vec::new();
    let mut add = |binders: &[Binder]| {
        for b in binders {
            let ty = b.ty.as_ref().map(bfv_syntax::print::expr)?;
            context.extend(b.names.iter().map(|n| Variable { name: piece(n.text.clone()), ty: piece(ty.clone()) }));
        }
        Some(())
    };
    add(&d.binders)?;
    let mut end: &Expr = d.ty.as_ref()?;
    while let ExprKind::Pi(binders, rest) = &*end.kind {
        add(binders)?;
        end = rest;
    }
    let statement = piece(bfv_syntax::print::expr(end));
    Some(Goal { id: "goal".to_owned(), statement, context, constructions: Vec::new() })
}

/// What came of an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Goals that were asked.
    pub goals: u32,
    /// Goals with a step after which the kernel accepted the whole script.
    pub closed: u32,
    /// Goals where such a step applies a theorem.
    pub applied: u32,
    /// Steps that were tried until then, together.
    pub steps: u32,
    /// Microseconds of all answers.
    pub answers: u64,
    /// Microseconds of ordering theorems.
    pub ordering: u64,
}

impl Totals {
    /// The line that a process prints at its end.
    pub fn line(&self) -> String {
        let Totals { goals, closed, applied, steps, answers, ordering } = self;
        format!("total {goals} {closed} {applied} {steps} {answers} {ordering}")
    }

    /// Reads that line.
    pub fn read(line: &str) -> Option<Totals> {
        let numbers: Vec<u64> =
            line.strip_prefix("total ")?.split(' ').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let [goals, closed, applied, steps, answers, ordering] = numbers.as_slice() else { return None };
        let short = |n: &u64| u32::try_from(*n).ok();
        Some(Totals {
            goals: short(goals)?,
            closed: short(closed)?,
            applied: short(applied)?,
            steps: short(steps)?,
            answers: *answers,
            ordering: *ordering,
        })
    }
}

/// Microseconds that orders took.
static ORDERING: AtomicU64 = AtomicU64::new(0);

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Measures one order on all goals that are held out, with so many theorems early.
pub fn order(order: &str, early: &str, data: &Arc<Data>) -> Result<Totals, String> {
    let early = early.parse().map_err(|_| "Write how many theorems come early.")?;
    let order = chosen(order, data)?;
    let timed: Box<rank::Order> = Box::new(move |desk, goal, all| {
        let start = Instant::now();
        let all = order(desk, goal, all);
        ORDERING.fetch_add(micros(start), Ordering::Relaxed);
        all
    });
    rank::choose(Ranking { order: timed, early });
    let recalled = Cache::in_memory(1 << 20).map(Recalled::none).map_err(|e| e.to_string())?;
    let name = |n: usize| data.examples.get(n).and_then(|e| data.theorems.get(e.theorem)).map(|t| t.name.as_str());
    let places: BTreeMap<&str, usize> = (0..data.examples.len()).filter_map(|n| Some((name(n)?, n))).collect();
    let held: BTreeSet<&str> = data.theorems.iter().filter(|t| t.held_out()).map(|t| t.module.as_str()).collect();
    let around = Around { memory: &recalled, hands: None };
    let mut out = Totals::default();
    for module in held {
        let mut each = |desk: &mut Desk, d: &Decl| {
            let Some(goal) = goal(d) else { return };
            *locked() = places.get(format!("{module}.{}", d.name.text).as_str()).copied();
            let start = Instant::now();
            let limits =
                Limits { deadline: start + Duration::from_millis(LIMIT), cancelled: Arc::new(AtomicBool::new(false)) };
            let request = Request {
                id: None,
                question: Question::Suggest(Vec::new()),
                declarations: None,
                imports: vec![module.to_owned()],
                timeout_ms: None,
            };
            // What cannot be stated without the implicit arguments of its source is no goal.
            let Ok(said) = one_goal(desk, around, (&request, &goal), &limits, &mut |_| {}) else { return };
            out.goals += 1;
            out.answers += micros(start);
            let tried = said.accepted;
            let value = whole(vec![said]);
            let all = value["suggestions"].as_array().cloned().unwrap_or_default();
            let steps: Vec<&str> =
                all.iter().filter(|s| s["valid"] == true).filter_map(|s| s["step"].as_str()).collect();
            if !steps.is_empty() {
                out.closed += 1;
                out.steps += tried.unwrap_or(0);
            }
            let theorem =
                |s: &&str| s.strip_prefix("apply ").is_some_and(|t| !goal.context.iter().any(|v| v.name.text == t));
            out.applied += u32::from(steps.iter().any(theorem));
        };
        before_theorems(bfv_engines::FOR_GOALS, module, &mut each)
            .map_err(|p| format!("{module}: {:?}", p.first().map(|p| &p.what)))?;
    }
    out.ordering = ORDERING.load(Ordering::Relaxed);
    Ok(out)
}

fn locked() -> std::sync::MutexGuard<'static, Option<usize>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An order by its name; those that the program has as it has them.
fn chosen(order: &str, data: &Arc<Data>) -> Result<Box<rank::Order>, String> {
    let data = Arc::clone(data);
    let places: BTreeMap<String, usize> = data.theorems.iter().enumerate().map(|(n, t)| (t.name.clone(), n)).collect();
    let place = move |desk: &Desk, id: u32| desk.name(id).and_then(|n| places.get(&n).copied());
    Ok(match order {
        "overlap" => Ranking::of(Known::Rare, None)?.order,
        "learned" => Ranking::of(Known::Learned, None)?.order,
        // No order can know this: what the proof of the goal applies, then what it names.
        "the proof itself" => Box::new(move |desk, _, all| {
            let asked = locked().and_then(|n| data.examples.get(n));
            by_score(all, |f| match (asked, place(desk, f.id)) {
                (Some(e), Some(p)) if e.root == Some(p) => 2.0,
                (Some(e), Some(p)) if e.used.contains(&p) => 1.0,
                _ => 0.0,
            })
        }),
        _ => {
            let scores = scores(order, &data)?;
            Box::new(move |desk, g, all| {
                let goal = rank::features(desk, g.statement(), g.given());
                let known: Vec<usize> = all.iter().filter_map(|f| place(desk, f.id)).collect();
                let scores: BTreeMap<usize, f64> = known.iter().copied().zip(scores(&goal, &known)).collect();
                let score = |p: usize| scores.get(&p).copied().unwrap_or(f64::MIN);
                by_score(all, |f| place(desk, f.id).map_or(f64::MIN, score))
            })
        }
    })
}
