//! Trains the weights on a file of data, with a fixed seed, and says how they order goals that are held out, beside unlearned orders.

use bfv_engine_neural::{Data, Example, Frequencies, Memory, Model, PLACES, WIDTH};
use candle_core::{D, DType, Device, Result, Tensor, Var};
use std::collections::BTreeSet;

/// The seed of all random numbers.
const SEED: u64 = 20_261_127;
/// Passes over the goals.
const PASSES: usize = 30;
/// Goals in one step of the descent.
const BATCH: usize = 32;
/// The step size of Adam (Kingma, Ba 2014), which falls to nothing in the end.
const RATE: f64 = 0.01;

/// Numbers of a linear congruence (Knuth).
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(below.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Between -1 and 1.
    fn unit(&mut self) -> f32 {
        let n = u16::try_from(self.next(65_536)).unwrap_or_default();
        f32::from(n) / 32_768.0 - 1.0
    }
}

/// What is asked of an order: all theorems that a proof names, among all that it sees, or the one that it applies first, among those that fit.
type Asked = fn(&Example) -> (&[usize], Vec<usize>);

fn named(e: &Example) -> (&[usize], Vec<usize>) {
    (&e.visible, e.used.clone())
}

fn first(e: &Example) -> (&[usize], Vec<usize>) {
    (&e.fitting, e.root.into_iter().filter(|r| e.fitting.contains(r)).collect())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = words.as_slice() else { return Err("Name the file of data and that of weights.".into()) };
    let data = Data::read(&std::fs::read_to_string(from)?).ok_or("This is no file of data.")?;
    let held: Vec<bool> = data.theorems.iter().map(|t| t.held_out()).collect();
    let (test, train): (Vec<&Example>, Vec<&Example>) = data.examples.iter().partition(|e| held[e.theorem]);
    println!(
        "{} theorems, {} goals to learn from, {} held out.",
        data.theorems.len(),
        train.iter().filter(|e| !e.used.is_empty()).count(),
        test.iter().filter(|e| !e.used.is_empty()).count()
    );
    let rare = Frequencies::of(data.theorems.iter().zip(&held).filter(|(_, h)| !**h).map(|(t, _)| &t.features));
    let mut memory = Memory::default();
    for e in &train {
        memory.note(data.theorems[e.theorem].features.clone(), e.used.clone());
    }
    let mut random = Random(SEED);
    let feature = |n: usize| &data.theorems[n].features;
    for (what, asked) in [("named, among all", named as Asked), ("first, among fitting", first as Asked)] {
        report(&format!("{what}: in use"), &test, asked, &mut |_, all| all.to_vec());
        report(&format!("{what}: random"), &test, asked, &mut |_, all| {
            let mut all = all.to_vec();
            for n in (1..all.len()).rev() {
                all.swap(n, random.next(n + 1));
            }
            all
        });
        report(&format!("{what}: overlap"), &test, asked, &mut |e, all| {
            by(all, |t| rare.overlap(feature(e.theorem), feature(t)))
        });
        for k in [10, 40, 100] {
            report(&format!("{what}: nearest {k}"), &test, asked, &mut |e, all| {
                let scores = memory.nearest(feature(e.theorem), k, &rare);
                by(all, |t| {
                    scores.get(&t).copied().unwrap_or(0.0) + 1e-3 * rare.overlap(feature(e.theorem), feature(t))
                })
            });
        }
        report(&format!("{what}: bayes"), &test, asked, &mut |e, all| {
            by(all, |t| memory.bayes(feature(e.theorem), t, feature(t), &rare))
        });
    }
    let tensors = learn(&data, &train, &held)?;
    candle_core::safetensors::save(&Model::file(tensors)?, to)?;
    let model = Model::read(&std::fs::read(to)?)?;
    let sides: Vec<_> = data.theorems.iter().map(|t| model.theorem(&t.features)).collect();
    for (set, goals) in [("held out", &test), ("learned from", &train)] {
        for (what, asked) in [("named, among all", named as Asked), ("first, among fitting", first as Asked)] {
            report(&format!("{what}: learned, {set}"), goals, asked, &mut |e, all| {
                let goal = model.goal(feature(e.theorem));
                by(all, |t| f64::from(model.score(&goal, &sides[t])))
            });
        }
    }
    Ok(())
}

fn by(all: &[usize], score: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut scored: Vec<(f64, usize)> = all.iter().map(|t| (score(*t), *t)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, t)| t).collect()
}

fn report(name: &str, goals: &[&Example], asked: Asked, order: &mut dyn FnMut(&Example, &[usize]) -> Vec<usize>) {
    let (mut count, mut recall, mut reciprocal, mut full) = (0.0, 0.0, 0.0, 0.0);
    for e in goals {
        let (all, wanted) = asked(e);
        let wanted: BTreeSet<usize> = wanted.into_iter().filter(|w| all.contains(w)).collect();
        if wanted.is_empty() {
            continue;
        }
        let order = order(e, all);
        let found = order.iter().take(8).filter(|t| wanted.contains(t)).count();
        let at = order.iter().position(|t| wanted.contains(t)).unwrap_or(usize::MAX - 1);
        count += 1.0;
        recall += found as f64 / wanted.len() as f64;
        reciprocal += 1.0 / (at as f64 + 1.0);
        full += all.len() as f64;
    }
    println!(
        "{name}: {count} goals with {:.0} candidates each, recall at 8 {:.3}, mean reciprocal rank {:.3}",
        full / count,
        recall / count,
        reciprocal / count
    );
}

/// Whose rows are summed: the places of each, one after another, with whose they are, and by what each is multiplied.
struct Sums {
    places: Tensor,
    whose: Tensor,
    scales: Tensor,
    count: usize,
}

impl Sums {
    fn of(all: &[(Vec<usize>, f32)]) -> Result<Sums> {
        let (mut places, mut whose, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for (n, (own, scale)) in all.iter().enumerate() {
            for p in own {
                places.push(*p as u32);
                whose.push(n as u32);
                scales.push(*scale);
            }
        }
        let n = places.len();
        Ok(Sums {
            places: Tensor::from_vec(places, n, &Device::Cpu)?,
            whose: Tensor::from_vec(whose, n, &Device::Cpu)?,
            scales: Tensor::from_vec(scales, (n, 1), &Device::Cpu)?,
            count: all.len(),
        })
    }

    fn sum(&self, rows: &Tensor) -> Result<Tensor> {
        let own = rows.index_select(&self.places, 0)?.broadcast_mul(&self.scales)?;
        let zeros = Tensor::zeros((self.count, rows.dim(1)?), DType::F32, &Device::Cpu)?;
        zeros.index_add(&self.whose, &own, 0)
    }
}

fn learn(data: &Data, train: &[&Example], held: &[bool]) -> Result<[Tensor; 4]> {
    let mut random = Random(SEED);
    let mut draw = |n: usize, by: f32| -> Vec<f32> { (0..n).map(|_| random.unit() * by).collect() };
    let var = |flat: Vec<f32>, width: usize| Var::from_vec(flat, (PLACES, width), &Device::Cpu);
    let shared = var(vec![1.0; PLACES], 1)?;
    let own = var(vec![0.0; PLACES], 1)?;
    let goal = var(draw(PLACES * WIDTH, 0.1), WIDTH)?;
    let theorem = var(draw(PLACES * WIDTH, 0.1), WIDTH)?;
    let vars = [shared, own, goal, theorem];
    let mut moments: Vec<(Tensor, Tensor)> =
        vars.iter().map(|v| Ok((v.zeros_like()?, v.zeros_like()?))).collect::<Result<_>>()?;
    // Nothing of held-out modules is a candidate, either.
    let known: Vec<usize> = (0..data.theorems.len()).filter(|t| !held[*t]).collect();
    let mut place_of = vec![usize::MAX; data.theorems.len()];
    for (n, t) in known.iter().enumerate() {
        place_of[*t] = n;
    }
    let folded: Vec<_> = known.iter().map(|t| data.theorems[*t].features.folded()).collect();
    let all = Sums::of(&folded)?;
    let mut goals: Vec<(&Example, bool)> = Vec::new();
    for e in train {
        let some = |asked: Asked| {
            let (all, wanted) = asked(e);
            wanted.iter().any(|w| !held[*w] && all.contains(w))
        };
        if some(named) {
            goals.push((e, false));
        }
        if some(first) {
            goals.push((e, true));
        }
    }
    let steps = PASSES * goals.len().div_ceil(BATCH);
    let mut random = Random(SEED);
    let mut done = 0;
    for pass in 0..PASSES {
        for n in (1..goals.len()).rev() {
            goals.swap(n, random.next(n + 1));
        }
        let mut total = 0.0;
        for batch in goals.chunks(BATCH) {
            let rows: Vec<_> = batch.iter().map(|(e, _)| data.theorems[e.theorem].features.folded()).collect();
            let g = Sums::of(&rows)?;
            let shape = (batch.len(), known.len());
            let mut mask = vec![-1e9_f32; batch.len() * known.len()];
            let mut target = vec![0.0_f32; batch.len() * known.len()];
            // What goals and theorems have in common, as sums over the pairs of them.
            let (mut places, mut whose, mut scales) = (Vec::new(), Vec::new(), Vec::new());
            for (row, (e, narrow)) in batch.iter().enumerate() {
                let (seen, wanted) = if *narrow { first(e) } else { named(e) };
                let wanted: Vec<usize> = wanted.into_iter().filter(|w| !held[*w] && seen.contains(w)).collect();
                for t in seen.iter().filter(|t| !held[**t]) {
                    let at = row * known.len() + place_of[*t];
                    mask[at] = 0.0;
                    let (own, scale) = &folded[place_of[*t]];
                    for p in own.iter().filter(|p| rows[row].0.binary_search(p).is_ok()) {
                        places.push(*p as u32);
                        whose.push(at as u32);
                        scales.push(*scale * rows[row].1);
                    }
                }
                for w in &wanted {
                    target[row * known.len() + place_of[*w]] = 1.0 / wanted.len() as f32;
                }
            }
            let n = places.len();
            let pairs = Sums {
                places: Tensor::from_vec(places, n, &Device::Cpu)?,
                whose: Tensor::from_vec(whose, n, &Device::Cpu)?,
                scales: Tensor::from_vec(scales, (n, 1), &Device::Cpu)?,
                count: batch.len() * known.len(),
            };
            let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
            let target = Tensor::from_vec(target, shape, &Device::Cpu)?;
            let near = g.sum(&vars[2])?.matmul(&all.sum(&vars[3])?.t()?)?;
            let both = pairs.sum(&vars[0])?.reshape(shape)?;
            let scores = (near + both)?.broadcast_add(&all.sum(&vars[1])?.t()?)?;
            let scores = (scores + &mask)?;
            let sums = scores.log_sum_exp(D::Minus1)?.unsqueeze(1)?;
            let losses = ((sums.broadcast_sub(&scores))? * &target)?;
            let loss = (losses.sum_all()? / batch.len() as f64)?;
            // Small weights: what is rare says little.
            let size = (vars[2].sqr()?.sum_all()? + vars[3].sqr()?.sum_all()? + vars[1].sqr()?.sum_all()?)?;
            let whole = (&loss + (size * decay())?)?;
            total += f64::from(loss.to_scalar::<f32>()?) * batch.len() as f64;
            let grads = whole.backward()?;
            done += 1;
            let rate = RATE * (1.0 - done as f64 / (steps + 1) as f64);
            for (v, (m, s)) in vars.iter().zip(&mut moments) {
                let Some(g) = grads.get(v) else { continue };
                *m = ((&*m * 0.9)? + (g * 0.1)?)?.detach();
                *s = ((&*s * 0.999)? + (g.sqr()? * 0.001)?)?.detach();
                let (a, b) = (1.0 - 0.9_f64.powi(done), 1.0 - 0.999_f64.powi(done));
                let step = ((&*m / a)? / (((&*s / b)?).sqrt()? + 1e-8)?)?;
                v.set(&(v.as_tensor() - (step * rate)?)?.detach())?;
            }
        }
        println!("Pass {}: loss {:.4}.", pass + 1, total / goals.len() as f64);
    }
    let [a, b, c, d] = vars;
    Ok([a, b, c, d].map(|v| v.as_tensor().to_dtype(DType::F32).unwrap_or_else(|_| v.as_tensor().clone())))
}

/// The weight of the size of the weights; a variable of the environment for trying others.
fn decay() -> f64 {
    std::env::var("DECAY").ok().and_then(|d| d.parse().ok()).unwrap_or(1e-4)
}
