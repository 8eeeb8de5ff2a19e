//! Trains the weights on a file of data, with a fixed seed, and says how they order goals that are held out, beside unlearned orders.

use bfv_engine_neural::{Asked, Data, Example, Model, PLACES, Theorem, WIDTH, by_score, measure};
use candle_core::{D, DType, Device, Result, Tensor, Var};

/// The seed of all random numbers.
const SEED: u64 = 20_261_127;
/// Passes over the goals.
const PASSES: usize = 30;
/// Goals in one step of the descent.
const BATCH: usize = 32;
/// The step size of Adam (Kingma, Ba 2014), which falls to nothing in the end.
const RATE: f64 = 0.01;
/// The weight of the squares of all weights in what is made small.
const DECAY: f64 = 1e-4;

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

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = words.as_slice() else { return Err("Name the file of data and that of weights.".into()) };
    let data = Data::read(&std::fs::read_to_string(from)?).ok_or("This is no file of data.")?;
    let held: Vec<bool> = data.theorems.iter().map(Theorem::held_out).collect();
    let (test, train): (Vec<&Example>, Vec<&Example>) = data.examples.iter().partition(|e| held[e.theorem]);
    println!("Seed {SEED}, {} theorems, {} to learn from, {} held out.", held.len(), train.len(), test.len());
    let tensors = learn(&data, &train, &held)?;
    candle_core::safetensors::save(&Model::file(tensors)?, to)?;
    let model = Model::read(&std::fs::read(to)?)?;
    let sides: Vec<_> = data.theorems.iter().map(|t| model.theorem(&t.features)).collect();
    for (set, goals) in [("held out", &test), ("learned from", &train)] {
        for asked in [Asked::Named, Asked::First] {
            let m = measure(goals.iter().copied(), asked, &mut |e, all| {
                let goal = model.goal(&data.theorems[e.theorem].features);
                by_score(all.to_vec(), |t| f64::from(model.score(&goal, &sides[*t])))
            });
            println!(
                "{asked:?}, {set}: {} goals, recall at 8 {:.3}, mean reciprocal rank {:.3}.",
                m.goals, m.recall, m.reciprocal
            );
        }
    }
    Ok(())
}

/// Whose rows are summed: the places of each, one after another, with whose they are, and by what each is multiplied.
struct Sums {
    places: Tensor,
    whose: Tensor,
    scales: Tensor,
    count: usize,
}

impl Sums {
    fn of(all: &[(Vec<u32>, f32)]) -> Result<Sums> {
        let (mut places, mut whose, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for (n, (own, scale)) in all.iter().enumerate() {
            for p in own {
                places.push(*p);
                whose.push(short(n)?);
                scales.push(*scale);
            }
        }
        Sums::new(places, whose, scales, all.len())
    }

    fn new(places: Vec<u32>, whose: Vec<u32>, scales: Vec<f32>, count: usize) -> Result<Sums> {
        let n = places.len();
        Ok(Sums {
            places: Tensor::from_vec(places, n, &Device::Cpu)?,
            whose: Tensor::from_vec(whose, n, &Device::Cpu)?,
            scales: Tensor::from_vec(scales, (n, 1), &Device::Cpu)?,
            count,
        })
    }

    fn sum(&self, rows: &Tensor) -> Result<Tensor> {
        let own = rows.index_select(&self.places, 0)?.broadcast_mul(&self.scales)?;
        let zeros = Tensor::zeros((self.count, rows.dim(1)?), DType::F32, &Device::Cpu)?;
        zeros.index_add(&self.whose, &own, 0)
    }
}

fn learn(data: &Data, train: &[&Example], held: &[bool]) -> Result<[Tensor; 5]> {
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
    let mut goals: Vec<(&Example, Asked)> = Vec::new();
    for e in train {
        let some = |asked: &Asked| asked.of(e).1.iter().any(|w| !held[*w]);
        goals.extend([Asked::Named, Asked::First].into_iter().filter(some).map(|asked| (*e, asked)));
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
            for (row, (e, asked)) in batch.iter().enumerate() {
                let (seen, mut wanted) = asked.of(e);
                wanted.retain(|w| !held[*w]);
                for t in seen.iter().filter(|t| !held[**t]) {
                    let at = row * known.len() + place_of[*t];
                    mask[at] = 0.0;
                    let (own, scale) = &folded[place_of[*t]];
                    for p in own.iter().filter(|p| rows[row].0.binary_search(p).is_ok()) {
                        places.push(*p);
                        whose.push(short(at)?);
                        scales.push(*scale * rows[row].1);
                    }
                }
                for w in &wanted {
                    target[row * known.len() + place_of[*w]] =
                        1.0 / f32::from(u16::try_from(wanted.len()).unwrap_or(u16::MAX));
                }
            }
            let pairs = Sums::new(places, whose, scales, batch.len() * known.len())?;
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
            let whole = (&loss + (size * DECAY)?)?;
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
    let rare = Tensor::from_vec(rarity(&folded), (PLACES, 1), &Device::Cpu)?;
    let [shared, own, goal, theorem] = vars.map(|v| v.as_tensor().clone());
    Ok([shared, own, goal, theorem, rare])
}

/// The logarithm of how rare each place is.
fn rarity(all: &[(Vec<u32>, f32)]) -> Vec<f32> {
    let mut counts = vec![0_u16; PLACES];
    for (places, _) in all {
        for place in places {
            counts[*place as usize] += 1;
        }
    }
    let float = |n: usize| f32::from(u16::try_from(n).unwrap_or(u16::MAX));
    counts.into_iter().map(|n| ((float(all.len()) + 1.0) / (f32::from(n) + 1.0)).ln()).collect()
}

/// An index as tensors have it.
fn short(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(candle_core::Error::wrap)
}
