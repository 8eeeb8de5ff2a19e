//! What the audit of the linear part of a model costs, and what the worker's fastest form of it costs. `cargo xtask bench audit` writes it down.
//!
//! One layer of weights is made, and stands for all: what is hashed and checked for each layer lies in memory of its own, so the work is that of
//! different layers. Time is that of the processor, where the system says it, so that other programs count less.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::print_stdout
)]

#[path = "../tests/common/mod.rs"]
mod common;

use bfv_cert::Part;
use bfv_cert::certificate::trace_content;
use bfv_cert::merkle::{Builder, Tree, verify_opening};
use bfv_exact::Matrix;
use bfv_exact::commit::{OPERATIONS, sum_bytes, write};
use bfv_exact::forward::{Numbers, Op};
use bfv_exact::linear::vectored;
use bfv_exact::model::{Layer, Model, Weights};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Spec};
use bfv_verify::combine::{Coefficients, Rows, draw};
use bfv_verify::keys::{Key, Weight, sum_bits};
use bfv_verify::product::{combined, passes};
use bfv_verify::{Challenge, Secret, Subject, Verdict};
use std::hint::black_box;
use std::time::Instant;

const TOKENS: usize = 64;
const LAYERS: usize = 32;
/// Of each measurement the shortest of so many counts.
const RUNS: usize = 5;

/// Seconds of this thread on a processor, or of the clock.
struct Watch(Instant);

impl Watch {
    fn start() -> (Watch, f64) {
        let watch = Watch(Instant::now());
        let now = watch.now();
        (watch, now)
    }

    fn now(&self) -> f64 {
        let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let spent = own.and_then(|t| t.split(' ').next()?.parse::<f64>().ok());
        spent.map_or_else(|| self.0.elapsed().as_secs_f64(), |ns| ns / 1e9)
    }
}

/// The system counts in steps of some milliseconds, so what is measured should take many of them.
fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let (watch, start) = Watch::start();
    let result = black_box(run());
    (watch.now() - start, result)
}

struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn matrix(&mut self, rows: usize, cols: usize) -> Matrix<i8> {
        let mut data: Vec<i8> = Vec::with_capacity(rows * cols + 8);
        while data.len() < rows * cols {
            data.extend(self.word().to_le_bytes().map(|b| b as i8));
        }
        data.truncate(rows * cols);
        Matrix::new("a benchmark", rows, cols, data).unwrap()
    }
}

/// A linear layer: which input, weights and a key.
struct Linear {
    input: usize,
    w: Matrix<i8>,
}

/// The linear layers of a layer of Llama: four of width by width, and three with the inner width.
fn layer(random: &mut Random, width: usize, inner: usize) -> Vec<Linear> {
    let shapes = [
        (0, width, width),
        (0, width, width),
        (0, width, width),
        (1, width, width),
        (2, inner, width),
        (2, inner, width),
        (3, width, inner),
    ];
    shapes.map(|(input, rows, cols)| Linear { input, w: random.matrix(rows, cols) }).into()
}

/// The opened products, as they stand in an envelope: token by token, and for each token layer by layer.
struct Envelope {
    bytes: Vec<u8>,
    /// For each linear layer, the bytes of a token's sums.
    rows: Vec<usize>,
    layers: usize,
}

impl Envelope {
    /// Every layer has the same sums.
    fn new(layer: &[Linear], sums: &[Matrix<i32>], layers: usize) -> Envelope {
        let width = |l: &Linear| sum_bytes(Bits::Eight, l.w.cols());
        let cells = |(l, y): (&Linear, &Matrix<i32>)| {
            let mut bytes = Vec::new();
            write(Numbers::I32(y), width(l), &mut bytes);
            bytes
        };
        let cells: Vec<Vec<u8>> = layer.iter().zip(sums).map(cells).collect();
        let rows: Vec<usize> = layer.iter().map(|l| l.w.rows() * width(l)).collect();
        let row =
            |t: usize| cells.iter().zip(&rows).flat_map(|(c, n)| &c[t * n..(t + 1) * n]).copied().collect::<Vec<u8>>();
        Envelope { bytes: (0..TOKENS).flat_map(|t| row(t).repeat(layers)).collect(), rows, layers }
    }

    /// The sums of one linear layer for all tokens.
    fn cells(&self, layer: usize, i: usize) -> Vec<&[u8]> {
        let all: usize = self.rows.iter().sum();
        let before = layer * all + self.rows[..i].iter().sum::<usize>();
        self.bytes.chunks(all * self.layers).map(|token| &token[before..before + self.rows[i]]).collect()
    }

    /// All cells in the order of their leaves, which are those of products among all operations.
    fn opened(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let products: Vec<u64> = (0..).zip(OPERATIONS).filter(|(_, op)| LINEAR.contains(op)).map(|(i, _)| i).collect();
        let mut rest = self.bytes.as_slice();
        (0..(TOKENS * self.layers) as u64)
            .flat_map(move |row| products.clone().into_iter().map(move |op| row * 22 + op))
            .zip(self.rows.iter().copied().cycle())
            .map(move |(leaf, n)| {
                let (own, more) = rest.split_at(n);
                rest = more;
                (leaf, own)
            })
    }

    /// The commitment, with empty cells for all other operations.
    fn commit(&self) -> Tree {
        let mut builder = Builder::new();
        let mut opened = self.opened().peekable();
        for leaf in 0..(TOKENS * self.layers * OPERATIONS.len()) as u64 {
            let own = opened.next_if(|(l, _)| *l == leaf).map_or(&[][..], |(_, cell)| cell);
            builder.push(trace_content(own));
        }
        builder.finish().unwrap()
    }
}

/// The products of a layer with weights.
const LINEAR: [Op; 7] =
    [Op::QuerySums, Op::KeySums, Op::ValueSums, Op::OutputSums, Op::GateSums, Op::UpSums, Op::DownSums];

/// The algebra of one layer, whose inputs are computed by a judge. What was combined of a linear layer is then given to `read`, as a judge
/// hashes it.
fn algebra(
    layer: &[Linear],
    inputs: &[Matrix<i8>],
    keys: &[[Key; 1]],
    coefficients: &[Coefficients],
    envelope: &Envelope,
    at: usize,
    mut read: impl FnMut(usize, &[&[u8]]),
) -> bool {
    let inputs: Vec<_> = inputs
        .iter()
        .map(|x| {
            let mut bytes = Vec::new();
            write(Numbers::I8(x), 1, &mut bytes);
            combined(&Rows { rows: bytes.chunks(x.cols()).collect(), width: 1 }, 7, coefficients).unwrap()
        })
        .collect();
    layer.iter().zip(keys).enumerate().all(|(i, (linear, key))| {
        let k = linear.w.cols();
        let rows = Rows { rows: envelope.cells(at, i), width: sum_bytes(Bits::Eight, k) };
        let y = combined(&rows, sum_bits(Bits::Eight, k), coefficients);
        read(i, &rows.rows);
        y.is_some_and(|y| passes(key, &inputs[linear.input], &y))
    })
}

/// Milliseconds for each token of one layer, those of the keys for all tokens together.
struct Costs {
    worker: f64,
    keys: f64,
    algebra: f64,
    /// Algebra and hashing.
    both: f64,
    /// Bytes that are hashed.
    bytes: usize,
    /// Entries that are combined.
    entries: usize,
    /// Multiplications of the worker.
    products: usize,
}

/// One layer, judged in so many copies.
fn measure(width: usize, inner: usize, layers: usize) -> Costs {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let layer = layer(&mut random, width, inner);
    let inputs = [width, width, width, inner].map(|cols| random.matrix(TOKENS, cols));
    // The worker has all tokens at once, which is faster than one after the other.
    let run = || -> Vec<Matrix<i32>> { layer.iter().map(|l| vectored(&l.w, &inputs[l.input]).unwrap()).collect() };
    let products: usize = layer.iter().map(|l| l.w.entries().len()).sum();
    let runs = (202_375_168 / products).max(1);
    let sums = run();
    let mut worker = f64::MAX;
    for _ in 0..RUNS {
        worker = worker.min(timed(|| (0..runs).for_each(|_| drop(black_box(run())))).0 / runs as f64);
    }
    let mut words = std::iter::from_fn(|| Some(random.word()));
    let (keys, drawn) = timed(|| layer.iter().map(|l| [i8::key(&l.w, &mut words)]).collect::<Vec<_>>());
    let drawn = vec![drawn; layers];
    let coefficients = [draw(&mut words, TOKENS)];
    let envelope = Envelope::new(&layer, &sums, layers);
    let tree = envelope.commit();
    let leaves: Vec<u64> = envelope.opened().map(|(leaf, _)| leaf).collect();
    let proof = tree.open(&leaves).unwrap();
    let (mut both, mut algebra_time) = (f64::MAX, f64::MAX);
    for _ in 0..RUNS {
        let one = |(at, keys): (usize, &Vec<[Key; 1]>)| {
            algebra(&layer, &inputs, keys, &coefficients, &envelope, at, |_, _| ())
        };
        let (time, good) = timed(|| drawn.iter().enumerate().all(one));
        assert!(good);
        algebra_time = algebra_time.min(time);
        let (time, good) = timed(|| {
            let mut hashes = vec![None; leaves.len()];
            let good = drawn.iter().enumerate().all(|(at, keys)| {
                algebra(&layer, &inputs, keys, &coefficients, &envelope, at, |i, cells| {
                    for (t, cell) in cells.iter().enumerate() {
                        hashes[(t * layers + at) * layer.len() + i] = Some(trace_content(cell));
                    }
                })
            });
            let opened = leaves.iter().copied().zip(hashes.into_iter().flatten());
            good && verify_opening(Part::Trace, &tree.root(), tree.count(), opened, proof.iter().copied()).is_ok()
        });
        assert!(good);
        both = both.min(time);
    }
    let share = 1e3 / TOKENS as f64 / layers as f64;
    Costs {
        worker: worker * 1e3 / TOKENS as f64,
        keys: keys * 1e3,
        algebra: algebra_time * share,
        both: both * share,
        bytes: envelope.bytes.len() / TOKENS / layers,
        entries: layer.iter().map(|l| l.w.rows()).sum::<usize>() + 3 * width + inner,
        products,
    }
}

/// Milliseconds for each token of all that a judge does for one layer of this shape, and entries of attention that it checks for the last token.
fn judge_one_layer() -> f64 {
    let mut random = Random(5);
    let mut draft = common::draft(Bits::Eight);
    draft.dims =
        Dims { width: 4096, heads: 32, kv_heads: 32, head_width: 128, inner: 11_008, vocab: 64, positions: 128 };
    draft.layers.truncate(1);
    draft.sampler = Sampler::Greedy;
    let mut linear = layer(&mut random, 4096, 11_008).into_iter().map(|l| l.w);
    let mut next = || linear.next().unwrap();
    let layer = Layer {
        first_gains: vec![300; 4096],
        query: next(),
        key: next(),
        value: next(),
        output: next(),
        second_gains: vec![300; 4096],
        gate: next(),
        up: next(),
        down: next(),
    };
    let embedding = random.matrix(64, 4096);
    let weights =
        Weights { embedding, layers: vec![layer], last_gains: vec![300; 4096], head: random.matrix(64, 4096) };
    let subject = Subject::new(Model::new(Spec::new(draft).unwrap(), weights).unwrap()).unwrap();
    let secret = Secret::new(&subject, [1; 32]);
    let envelope = common::prove(subject.model(), &subject, &common::PROMPT, TOKENS).products().bytes();
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let (time, verdict) = timed(|| common::judged_by(&envelope, &subject, Challenge::Secret(&secret, 0)));
        assert!(matches!(verdict, Verdict::Accepted(_)));
        best = best.min(time);
    }
    best * 1e3 / (TOKENS + common::PROMPT.len() - 1) as f64
}

fn main() {
    let c = measure(4096, 11_008, LAYERS);
    let layers = LAYERS as f64;
    let (worker, algebra, both) = (c.worker * layers, c.algebra * layers, c.both * layers);
    let judge = judge_one_layer() * layers;
    println!(
        "Linear part of a model of 7 billion weights: {LAYERS} layers, width 4096, inner width 11008, weights and inputs of 8 bits, synthetic. \
         One layer of weights stands for all {LAYERS}; what is hashed and checked of each layer lies in memory of its own. A response of {TOKENS} tokens, each a \
         block of its own in the commitment, of which the products are opened; one core; time of the processor, the shortest of {RUNS} runs, for each token. A wrong product passes with \
         probability at most 2^-62 + 1/(2^61 - 1), which is below 2^-60, with random numbers of the verifier or of a beacon.\n"
    );
    println!("- Algebra: {algebra:.2} ms for {:.2} million entries.", c.entries as f64 * layers / 1e6);
    println!("- Algebra and hashing: {both:.2} ms, with {:.2} MB hashed.", c.bytes as f64 * layers / 1e6);
    println!(
        "- Everything else: {:.2} ms, for the operations between products and for attention over {TOKENS} tokens. The whole judge runs on a model with one \
         such layer, which takes {judge:.2} ms for {LAYERS} layers; the two lines above are taken off.",
        judge - both
    );
    println!(
        "- Once for each model and epoch: {:.1} seconds for the combinations of the rows of all weights.\n",
        c.keys * layers / 1e3
    );
    println!(
        "The worker's fastest form of the same products, with all tokens at once, takes {worker:.0} ms, at {:.1} billion products a second: {:.0} times as \
         long as algebra and hashing, {:.0} times as long as the algebra.\n",
        c.products as f64 / c.worker / 1e6,
        worker / both,
        worker / algebra
    );
    println!(
        "| width | worker, ms | algebra, ms | algebra and hashing, ms | ratio to algebra | ratio to both |\n|---|---|---|---|---|---|"
    );
    for width in [256, 512, 1024, 2048] {
        row(width, &measure(width, width * 43 / 16, LAYERS * 4096 / width));
    }
    row(4096, &c);
    println!("\nFor one layer and token, with the inner width in the same proportion.");
}

fn row(width: usize, c: &Costs) {
    println!(
        "| {width} | {:.3} | {:.4} | {:.4} | {:.0} | {:.0} |",
        c.worker,
        c.algebra,
        c.both,
        c.worker / c.algebra,
        c.worker / c.both
    );
}
