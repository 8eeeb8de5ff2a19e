//! The orders that are compared, as scores of theorems for a goal.

use bfv_engine_neural::{Data, Features, Frequencies, Memory, Model, Side, WEIGHTS, number};
use std::sync::Arc;

/// Goals that look alike and are asked what their proofs use.
pub const NEIGHBOURS: usize = 40;

/// Scores of theorems for a goal: more is better.
pub type Scores = dyn Fn(&Features, &[usize]) -> Vec<f64> + Send + Sync;

/// An order by its name.
///
/// # Errors
/// There is none of that name.
pub fn scores(order: &str, data: &Arc<Data>) -> Result<Box<Scores>, String> {
    let data = Arc::clone(data);
    Ok(match order {
        "plain" => Box::new(|_, all| vec![0.0; all.len()]),
        "random" => Box::new(move |_, all| all.iter().map(|t| jumbled(&data.theorems[*t].name)).collect()),
        "nearest" => {
            let (rare, memory) = known(&data);
            Box::new(move |goal, all| {
                let near = memory.nearest(goal, NEIGHBOURS, &rare);
                all.iter().map(|t| near.get(t).copied().unwrap_or(0.0)).collect()
            })
        }
        "bayes" => {
            let (rare, memory) = known(&data);
            Box::new(move |goal, all| {
                all.iter().map(|t| memory.bayes(goal, *t, &data.theorems[*t].features, &rare)).collect()
            })
        }
        "overlap" | "learned" => {
            let model = Model::read(WEIGHTS)?;
            let sides: Vec<Side> = data.theorems.iter().map(|t| model.theorem(&t.features)).collect();
            let learned = order == "learned";
            Box::new(move |goal, all| {
                let goal = model.goal(goal);
                let score =
                    |t: &usize| if learned { model.score(&goal, &sides[*t]) } else { model.overlap(&goal, &sides[*t]) };
                all.iter().map(|t| f64::from(score(t))).collect()
            })
        }
        _ => return Err(format!("There is no order {order}.")),
    })
}

/// A number that says nothing.
fn jumbled(name: &str) -> f64 {
    f64::from(u32::try_from(number(format!("{name} in some order").bytes()) >> 40).unwrap_or_default())
}

/// What the modules have that are not held out.
fn known(data: &Data) -> (Frequencies, Memory) {
    let rare = Frequencies::of(data.theorems.iter().filter(|t| !t.held_out()).map(|t| &t.features));
    let mut memory = Memory::default();
    for e in &data.examples {
        if let Some(t) = data.theorems.get(e.theorem).filter(|t| !t.held_out()) {
            memory.note(t.features.clone(), e.used.clone());
        }
    }
    (rare, memory)
}
