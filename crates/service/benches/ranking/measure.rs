//! Goals that are held out, closed with one order of theorems.

use crate::extract::named;
use bfv_cache::Cache;
use bfv_driver::{Desk, before_theorems};
use bfv_engine_neural::{Data, Features, Frequencies, Memory, Model, Side};
use bfv_service::memory::Memory as Recalled;
use bfv_service::rank::{self, Ranking};
use bfv_service::solve::Limits;
use bfv_service::suggest::{one_goal, whole};
use bfv_service::wire::{Goal, Piece, Question, Request, Variable};
use bfv_syntax::tree::{Binder, Decl, Expr, ExprKind};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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

fn shuffled(name: &str) -> u64 {
    rank::number(&format!("{name} in some order"))
}

/// Measures one order on all goals that are held out.
pub fn order(order: &str, early: &str, file: &str, weights: &str) -> Result<(), String> {
    let read = |path: &str| std::fs::read(path).map_err(|e| format!("{path} cannot be read: {e}."));
    let text = String::from_utf8(read(file)?).map_err(|e| e.to_string())?;
    let data = Arc::new(Data::read(&text).ok_or("This is no file of data.")?);
    let early = early.parse().map_err(|_| "Write how many come early.")?;
    choose(order, early, &data, weights, &read)?;
    let recalled = Cache::in_memory(1 << 20).map(Recalled::none).map_err(|e| e.to_string())?;
    let by_name: BTreeMap<&str, usize> =
        data.examples.iter().enumerate().map(|(n, e)| (data.theorems[e.theorem].name.as_str(), n)).collect();
    let (mut goals, mut proved, mut closed, mut applied, mut steps, mut time) =
        (0_u32, 0_u32, 0_u32, 0_u32, 0_u32, 0.0);
    let held: std::collections::BTreeSet<&str> =
        data.theorems.iter().filter(|t| t.held_out()).map(|t| t.module.as_str()).collect();
    for module in held {
        before_theorems(bfv_engines::FOR_GOALS, module, &mut |desk, d| {
            let full = format!("{module}.{}", d.name.text);
            let Some(goal) = goal(d) else { return };
            *ASKED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = by_name.get(full.as_str()).copied();
            let cancelled = Arc::new(AtomicBool::new(false));
            let start = Instant::now();
            let limits = Limits { deadline: start + Duration::from_millis(5_000), cancelled };
            let request = Request {
                id: None,
                question: Question::Suggest(Vec::new()),
                declarations: None,
                imports: vec![module.to_owned()],
                timeout_ms: None,
            };
            let said = match one_goal(desk, &recalled, (&request, &goal), &limits, &mut |_| {}) {
                Ok(said) => said,
                Err(why) => {
                    if std::env::var("LOUD").is_ok() {
                        println!("{full}: not asked: {why:?}");
                    }
                    return;
                }
            };
            let took = start.elapsed().as_secs_f64() * 1e3;
            goals += 1;
            time += took;
            let tried = said.accepted;
            let value = whole(vec![said]);
            let all = value["suggestions"].as_array().cloned().unwrap_or_default();
            let valid: Vec<_> = all.iter().filter(|s| s["valid"] == true).collect();
            let first = valid.first().and_then(|s| s["step"].as_str()).unwrap_or("-").to_owned();
            proved += u32::from(!valid.is_empty() || value["proved_goals"].as_array().is_some_and(|a| !a.is_empty()));
            closed += u32::from(!valid.is_empty());
            let theorem = |s: &&serde_json::Value| {
                let step = s["step"].as_str().unwrap_or_default();
                step.strip_prefix("apply ").is_some_and(|t| !goal.context.iter().any(|v| v.name.text == t))
            };
            applied += u32::from(valid.iter().any(|s| theorem(s)));
            steps += tried.unwrap_or(0);
            println!("row {full} {} {first:?} {:?} {took:.1}", valid.len(), tried);
        })
        .map_err(|p| format!("{module}: {:?}", p.first().map(|p| &p.what)))?;
    }
    println!(
        "{order}: {goals} goals, {proved} proved, {closed} with a closing step, {applied} with a theorem, {steps} steps until the first, {time:.0} ms"
    );
    Ok(())
}

fn by(all: Vec<bfv_elab::Fitting>, score: impl Fn(&bfv_elab::Fitting) -> f64) -> Vec<bfv_elab::Fitting> {
    let mut scored: Vec<_> = all.into_iter().map(|f| (score(&f), f)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, f)| f).collect()
}

/// Chooses the order of this process.
fn choose(
    order: &str,
    early: usize,
    data: &Arc<Data>,
    weights: &str,
    read: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let data = Arc::clone(data);
    let places: BTreeMap<String, usize> = data.theorems.iter().enumerate().map(|(n, t)| (t.name.clone(), n)).collect();
    let place = move |desk: &Desk, id: u32| desk.name(id).and_then(|n| places.get(&n).copied());
    let seen = |desk: &Desk, g: &bfv_elab::OpenGoal| Features::of_goal(g.statement(), g.given(), &|id| named(desk, id));
    let rare = Frequencies::of(data.theorems.iter().filter(|t| !t.held_out()).map(|t| &t.features));
    let mut memory = Memory::default();
    for e in data.examples.iter().filter(|e| !data.theorems[e.theorem].held_out()) {
        memory.note(data.theorems[e.theorem].features.clone(), e.used.clone());
    }
    let chosen: Box<rank::Order> = match order {
        "use" if early == 0 => return Ok(()),
        "use" => Box::new(|_, _, all| all),
        "none" => Box::new(|_, _, _| Vec::new()),
        "random" => Box::new(move |_, _, all| by(all, |f| (shuffled(&f.name) >> 11) as f64)),
        "oracle" => Box::new(move |desk, _, all| {
            let asked = *ASKED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let e = asked.map(|n| &data.examples[n]);
            by(all, |f| {
                let p = place(desk, f.id);
                let root = e.is_some_and(|e| e.root.is_some() && e.root == p);
                f64::from(u8::from(root)) * 2.0
                    + f64::from(u8::from(e.is_some_and(|e| p.is_some_and(|p| e.used.contains(&p)))))
            })
        }),
        "overlap" => Box::new(move |desk, g, all| {
            let goal = seen(desk, g);
            by(all, |f| place(desk, f.id).map_or(f64::MIN, |p| rare.overlap(&goal, &data.theorems[p].features)))
        }),
        "nearest" => Box::new(move |desk, g, all| {
            let goal = seen(desk, g);
            let scores = memory.nearest(&goal, 40, &rare);
            by(all, |f| {
                place(desk, f.id).map_or(f64::MIN, |p| {
                    scores.get(&p).copied().unwrap_or(0.0) + 1e-3 * rare.overlap(&goal, &data.theorems[p].features)
                })
            })
        }),
        "bayes" => Box::new(move |desk, g, all| {
            let goal = seen(desk, g);
            by(all, |f| {
                place(desk, f.id).map_or(f64::MIN, |p| memory.bayes(&goal, p, &data.theorems[p].features, &rare))
            })
        }),
        "learned" => {
            let model = Model::read(&read(weights)?)?;
            let sides: Vec<Side> = data.theorems.iter().map(|t| model.theorem(&t.features)).collect();
            Box::new(move |desk, g, all| {
                let goal = model.goal(&seen(desk, g));
                by(all, |f| place(desk, f.id).map_or(f64::MIN, |p| f64::from(model.score(&goal, &sides[p]))))
            })
        }
        _ => return Err(format!("There is no order {order}.")),
    };
    rank::choose(Ranking { order: chosen, early });
    Ok(())
}
