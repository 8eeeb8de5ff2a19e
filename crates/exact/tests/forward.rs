//! A whole step against plain loops, what must not change it, and what must; specifications as bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::needless_range_loop
)]

mod common;

use bfv_exact::Matrix;
use bfv_exact::attention::Powers;
use bfv_exact::forward::{Numbers, Op, Place, Shown, State, Trace};
use bfv_exact::gate::{Function, Gate};
use bfv_exact::model::{Model, Weights};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::rope::Rope;
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Dims, Draft, Named, Spec};
use common::Random;
use common::small::{any_draft, any_weights};

#[derive(Default)]
struct Record(Vec<(Place, Vec<i128>)>);

impl Trace for Record {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        let all = match numbers {
            Numbers::I8(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I16(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I32(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I64(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
        };
        self.0.push((place, all));
    }
}

type Rows = Vec<Vec<i128>>;

/// The definitions in plain loops over wide integers; of the crate only tables are used, which have tests of their own.
struct Reference<'a> {
    draft: &'a Draft,
    low: i128,
    high: i128,
    turns: Vec<i128>,
    gate: Vec<i128>,
    powers: Vec<i128>,
    trace: Vec<(Op, Vec<i128>)>,
}

fn round(a: i128, shift: u8) -> i128 {
    (a + ((1i128 << shift) >> 1)).div_euclid(1 << shift)
}

fn scaled(s: Scale, a: i128) -> i128 {
    round(a * i128::from(s.multiplier()), s.shift())
}

fn short(a: i128) -> i128 {
    a.clamp(-32_768, 32_767)
}

fn stream(a: i128) -> i128 {
    a.clamp(-(1 << 23), (1 << 23) - 1)
}

fn rows<T: Copy + Into<i64>>(m: &Matrix<T>) -> Rows {
    m.each_row().map(|r| r.iter().map(|x| i128::from(Into::<i64>::into(*x))).collect()).collect()
}

fn map(x: &Rows, f: impl Fn(i128) -> i128) -> Rows {
    x.iter().map(|r| r.iter().map(|x| f(*x)).collect()).collect()
}

impl Reference<'_> {
    fn grid(&self, a: i128) -> i128 {
        a.clamp(self.low, self.high)
    }

    fn see(&mut self, op: Op, x: &Rows) {
        self.trace.push((op, x.concat()));
    }

    fn product<G: Copy + Into<i64>>(&mut self, op: Op, w: &Matrix<G>, x: &Rows) -> Rows {
        let w = rows(w);
        let y = x.iter().map(|x| w.iter().map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum()).collect()).collect();
        self.see(op, &y);
        y
    }

    fn norm(&mut self, op: Op, norm: Norm, gains: &[i16], x: &Rows) -> Rows {
        let y = x.iter().map(|x| {
            let energy: i128 = x.iter().map(|x| x * x + i128::from(norm.eps())).sum();
            let square = ((x.len() as u128) << 76) / energy as u128;
            let r = square.isqrt() as i128;
            x.iter().zip(gains).map(|(x, g)| self.grid(round(x * i128::from(*g) * r, 38 + norm.shift()))).collect()
        });
        let y = y.collect();
        self.see(op, &y);
        y
    }

    fn turn(&self, x: &Rows) -> Rows {
        let d = self.draft.dims.head_width as usize;
        let mut y = x.clone();
        for (p, row) in y.iter_mut().enumerate() {
            for at in 0..row.len() {
                let (head, i) = (at / d * d, at % d);
                let pair = i % (d / 2);
                let (c, s) = (self.turns[p * d + pair], self.turns[p * d + d / 2 + pair]);
                let (a, b) = (x[p][head + pair], x[p][head + d / 2 + pair]);
                row[at] = short(round(if i < d / 2 { a * c - b * s } else { b * c + a * s }, 14));
            }
        }
        y
    }

    /// All tokens from position 0, and the logits of the last.
    fn forward<G: Named>(&mut self, w: &Weights<G>, tokens: &[u32]) -> Vec<i128> {
        let draft = self.draft;
        let embedding = rows(&w.embedding);
        let mut hidden: Rows = tokens
            .iter()
            .map(|t| embedding[*t as usize].iter().map(|x| stream(scaled(draft.embedding, *x))).collect())
            .collect();
        self.see(Op::AfterLayer, &hidden);
        for (spec, w) in draft.layers.iter().zip(&w.layers) {
            let x = self.norm(Op::FirstNorm, spec.first_norm, &w.first_gains, &hidden);
            let q = self.product(Op::QuerySums, &w.query, &x);
            let k = self.product(Op::KeySums, &w.key, &x);
            let v = self.product(Op::ValueSums, &w.value, &x);
            let q = self.turn(&map(&q, |a| short(scaled(spec.query, a))));
            let k = self.turn(&map(&k, |a| short(scaled(spec.key, a))));
            let v = map(&v, |a| short(scaled(spec.value, a)));
            self.see(Op::Queries, &q);
            self.see(Op::Keys, &k);
            self.see(Op::Values, &v);
            let (d, group) = (draft.dims.head_width as usize, (draft.dims.heads / draft.dims.kv_heads) as usize);
            let mut mixed: Rows = vec![vec![]; tokens.len()];
            for h in 0..draft.dims.heads as usize {
                let (own, shared) = (h * d, h / group * d);
                let dot = |t: usize, j: usize| (0..d).map(|i| q[t][own + i] * k[j][shared + i]).sum();
                let scores: Rows = (0..tokens.len()).map(|t| (0..tokens.len()).map(|j| dot(t, j)).collect()).collect();
                let sees = |t: usize, j: usize| j <= t && draft.window.is_none_or(|w| t - j < w as usize);
                let weight = |t: usize, j: usize| {
                    let largest = (0..tokens.len()).filter(|j| sees(t, *j)).map(|j| scores[t][j]).max().unwrap();
                    let distance = scaled(spec.score, largest - scores[t][j]);
                    let (octaves, rest) = (distance / 1024, (distance % 1024) as usize);
                    if octaves > 60 { 0 } else { round(32_767 * self.powers[rest], 30 + octaves as u8) }
                };
                let weight = |t: usize, j: usize| if sees(t, j) { weight(t, j) } else { 0 };
                let weights: Rows =
                    (0..tokens.len()).map(|t| (0..tokens.len()).map(|j| weight(t, j)).collect()).collect();
                let sum = |t: usize, i: usize| (0..tokens.len()).map(|j| weights[t][j] * v[j][shared + i]).sum();
                let sums: Rows = (0..tokens.len()).map(|t| (0..d).map(|i| sum(t, i)).collect()).collect();
                let name = h as u32;
                self.see(Op::Scores(name), &scores);
                self.see(Op::Weights(name), &weights);
                self.see(Op::HeadSums(name), &sums);
                for t in 0..tokens.len() {
                    let unit = weights[t].iter().sum::<i128>() << spec.mixed.shift();
                    let divide = |s: &i128| (2 * s * i128::from(spec.mixed.multiplier()) + unit).div_euclid(2 * unit);
                    mixed[t].extend(sums[t].iter().map(|s| self.grid(divide(s))));
                }
            }
            self.see(Op::Mixed, &mixed);
            let sums = self.product(Op::OutputSums, &w.output, &mixed);
            let add = |hidden: &Rows, scale: Scale, sums: &Rows| -> Rows {
                let row = |(h, s): (&Vec<i128>, &Vec<i128>)| {
                    h.iter().zip(s).map(|(h, s)| stream(h + scaled(scale, *s))).collect()
                };
                hidden.iter().zip(sums).map(row).collect()
            };
            hidden = add(&hidden, spec.output, &sums);
            self.see(Op::AfterAttention, &hidden);
            let x = self.norm(Op::SecondNorm, spec.second_norm, &w.second_gains, &hidden);
            let gate = self.product(Op::GateSums, &w.gate, &x);
            let up = self.product(Op::UpSums, &w.up, &x);
            let cell = |g: i128, u: i128| {
                let gate = self.gate[(short(scaled(spec.gate, g)) + 32_768) as usize];
                self.grid(scaled(spec.product, gate * short(scaled(spec.up, u))))
            };
            let x: Rows =
                gate.iter().zip(&up).map(|(g, u)| g.iter().zip(u).map(|(g, u)| cell(*g, *u)).collect()).collect();
            self.see(Op::Gated, &x);
            let sums = self.product(Op::DownSums, &w.down, &x);
            hidden = add(&hidden, spec.down, &sums);
            self.see(Op::AfterLayer, &hidden);
        }
        let last = vec![hidden.last().unwrap().clone()];
        let x = self.norm(Op::LastNorm, draft.last_norm, &w.last_gains, &last);
        let sums = self.product(Op::HeadOutput, &w.head, &x);
        let logits = map(&sums, |a| scaled(draft.head, a).clamp(i128::from(i32::MIN), i128::from(i32::MAX)));
        self.see(Op::Logits, &logits);
        logits.concat()
    }
}

fn shorts(bytes: impl Iterator<Item = u8>) -> Vec<i128> {
    bytes.collect::<Vec<u8>>().chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]).into()).collect()
}

fn reference(draft: &Draft) -> Reference<'_> {
    let d = draft.dims;
    let powers: Vec<u8> = Powers::new().bytes().collect();
    let half = if draft.grid == Bits::Eight { 128 } else { 32_768 };
    Reference {
        draft,
        low: -half,
        high: half - 1,
        turns: shorts(Rope::new(d.head_width, draft.rope_base, d.positions).unwrap().bytes()),
        gate: shorts(Gate::new(draft.gate).unwrap().bytes()),
        powers: powers.chunks_exact(4).map(|b| u32::from_le_bytes(b.try_into().unwrap()).into()).collect(),
        trace: vec![],
    }
}

fn any_tokens(random: &mut Random, draft: &Draft) -> Vec<u32> {
    (0..1 + random.below(10)).map(|_| random.below(draft.dims.vocab as usize) as u32).collect()
}

fn step_agrees<G>(grid: Bits, seed: u64)
where
    G: Named + Saturate + Shown + TryFrom<i64>,
    G::Sum: Shown,
{
    let mut random = Random(seed);
    let (mut different, mut numbers) = (0, 0);
    for case in 0..60 {
        let draft = any_draft(&mut random, grid);
        let weights = any_weights::<G>(&mut random, &draft);
        let model = Model::new(Spec::new(draft.clone()).unwrap(), weights).unwrap();
        let tokens = any_tokens(&mut random, &draft);
        let mut record = Record::default();
        let (state, logits) = model.forward(State::default(), &tokens, &mut record).unwrap();
        let mut reference = reference(&draft);
        let expected = reference.forward(model.weights(), &tokens);
        assert_eq!(record.0.len(), reference.trace.len());
        for ((place, got), (op, expected)) in record.0.iter().zip(&reference.trace) {
            assert_eq!((place.op, place.first), (*op, 0), "case {case}");
            assert_eq!(got, expected, "case {case} at {place:?}");
            numbers += got.len();
            different += usize::from(got.iter().any(|x| *x != got[0]));
        }
        assert_eq!(logits.iter().map(|l| i128::from(*l)).collect::<Vec<_>>(), expected);
        // The same in two blocks: the same logits and the same state.
        if tokens.len() > 1 {
            let (start, end) = tokens.split_at(1 + random.below(tokens.len() - 1));
            let (half, _) = model.forward(State::default(), start, &mut ()).unwrap();
            assert_eq!(half.positions(), start.len());
            assert_eq!(model.forward(half, end, &mut ()).unwrap(), (state, logits), "case {case}");
        }
    }
    assert!(numbers > 50_000 && different > 1_000, "{different} intermediates of {numbers} numbers are not constant");
}

#[test]
fn a_step_on_the_grid_of_8_bits_is_its_formula() {
    step_agrees::<i8>(Bits::Eight, 31);
}

#[test]
fn a_step_on_the_grid_of_16_bits_is_its_formula() {
    step_agrees::<i16>(Bits::Sixteen, 32);
}

/// Where two traces first differ.
fn difference(a: &Record, b: &Record) -> Option<Op> {
    a.0.iter().zip(&b.0).find(|(a, b)| a != b).map(|(a, _)| a.0.op)
}

#[test]
fn another_specification_shows_first_where_it_is_used() {
    let mut random = Random(33);
    let mut draft = any_draft(&mut random, Bits::Sixteen);
    draft.dims = Dims { width: 8, heads: 2, kv_heads: 1, head_width: 4, inner: 8, vocab: 9, positions: 12 };
    (draft.window, draft.rope_base, draft.gate.function) = (None, 100, Function::Silu);
    let weights = any_weights::<i16>(&mut random, &draft);
    let tokens = [0, 3, 8, 2, 5, 5];
    let run = |draft: Draft| {
        let model = Model::new(Spec::new(draft).unwrap(), weights.clone()).unwrap();
        let mut record = Record::default();
        model.forward(State::default(), &tokens, &mut record).unwrap();
        record
    };
    let honest = run(draft.clone());
    let changed = |f: &dyn Fn(&mut Draft)| {
        let mut other = draft.clone();
        f(&mut other);
        assert_ne!(Spec::new(other.clone()).unwrap().bytes(), Spec::new(draft.clone()).unwrap().bytes());
        let first = difference(&honest, &run(other)).unwrap();
        assert!(!first.is_product(), "a product is checked against its factors, so the lie lies in {first:?}");
        first
    };
    assert_eq!(difference(&honest, &run(draft.clone())), None);
    assert_eq!(changed(&|d| d.embedding = Scale::new(4, 0).unwrap()), Op::AfterLayer);
    assert_eq!(
        changed(&|d| d.layers[0].first_norm = Norm::new(1 << 31, d.layers[0].first_norm.shift()).unwrap()),
        Op::FirstNorm
    );
    assert_eq!(changed(&|d| d.rope_base = 101), Op::Queries);
    assert_eq!(changed(&|d| d.window = Some(2)), Op::Weights(0));
    assert_eq!(changed(&|d| d.layers[0].score = Scale::new(1, 0).unwrap()), Op::Weights(0));
    assert_eq!(changed(&|d| d.layers[0].mixed = Scale::new(1, 3).unwrap()), Op::Mixed);
    assert_eq!(changed(&|d| d.layers[0].output = Scale::new(1, 20).unwrap()), Op::AfterAttention);
    assert_eq!(changed(&|d| d.gate.function = Function::Relu), Op::Gated);
    assert_eq!(changed(&|d| d.last_norm = Norm::new(1 << 31, d.last_norm.shift()).unwrap()), Op::LastNorm);
    assert_eq!(changed(&|d| d.head = Scale::new(1, 3).unwrap()), Op::Logits);
}

#[test]
fn what_a_step_cannot_take_is_refused() {
    let mut random = Random(34);
    let draft = any_draft(&mut random, Bits::Eight);
    let weights = any_weights::<i8>(&mut random, &draft);
    let spec = Spec::new(draft.clone()).unwrap();
    let model = Model::new(spec.clone(), weights.clone()).unwrap();
    let said = |state: State, tokens: &[u32]| model.forward(state, tokens, &mut ()).unwrap_err().to_string();
    assert!(said(State::default(), &[]).contains("there are 0 rows"));
    assert!(said(State::default(), &[0, draft.dims.vocab]).contains("there is no token"));
    assert!(said(State::default(), &[u32::MAX]).contains("there is no token 4294967295"));
    assert!(said(State::default(), &[0; 13]).contains("exceed 12 positions"));
    let (full, _) = model.forward(State::default(), &[0; 12], &mut ()).unwrap();
    assert!(said(full.clone(), &[0]).contains("1 tokens from position 12 exceed 12 positions"));
    let mut more = draft.clone();
    more.layers.push(more.layers[0]);
    let wrong = Model::new(Spec::new(more).unwrap(), weights.clone()).unwrap_err().to_string();
    assert!(wrong.contains("layers, and the specification has"));
    let change = |f: &dyn Fn(&mut Weights<i8>)| {
        let mut other = weights.clone();
        f(&mut other);
        Model::new(spec.clone(), other).unwrap_err().to_string()
    };
    let odd = || Matrix::filled("odd", 1, 13, 0i8).unwrap();
    assert!(change(&|w| w.embedding = odd()).contains("the weights of the embedding: the shape is 1 by 13"));
    assert!(change(&|w| w.head = odd()).contains("the weights of the head"));
    assert!(change(&|w| w.last_gains.push(1)).contains("the last norm"));
    assert!(change(&|w| w.layers[0].first_gains.clear()).contains("the first norm of layer 0: there are 0 gains"));
    assert!(change(&|w| w.layers[0].second_gains.clear()).contains("the second norm of layer 0"));
    for (name, f) in [
        ("query", (|w| w.layers[0].query = Matrix::filled("odd", 1, 13, 0).unwrap()) as fn(&mut Weights<i8>)),
        ("key", |w| w.layers[0].key = Matrix::filled("odd", 1, 13, 0).unwrap()),
        ("value", |w| w.layers[0].value = Matrix::filled("odd", 1, 13, 0).unwrap()),
        ("output", |w| w.layers[0].output = Matrix::filled("odd", 1, 13, 0).unwrap()),
        ("gate", |w| w.layers[0].gate = Matrix::filled("odd", 1, 13, 0).unwrap()),
        ("up", |w| w.layers[0].up = Matrix::filled("odd", 1, 13, 0).unwrap()),
        ("down", |w| w.layers[0].down = Matrix::filled("odd", 1, 13, 0).unwrap()),
    ] {
        assert!(change(&f).contains(&format!("the weights {name} of layer 0: the shape is 1 by 13")), "{name}");
    }
    let mut sixteen = draft;
    sixteen.grid = Bits::Sixteen;
    let wrong = Model::new(Spec::new(sixteen).unwrap(), weights).unwrap_err().to_string();
    assert!(wrong.contains("they are of grid Eight"));
}

#[test]
fn specifications_that_lie_are_refused() {
    let draft = any_draft(&mut Random(35), Bits::Eight);
    let change = |f: fn(&mut Draft)| {
        let mut other = draft.clone();
        f(&mut other);
        Spec::new(other).unwrap_err().to_string()
    };
    assert!(change(|d| d.dims.width = 0).contains("there are 0 coordinates"));
    assert!(change(|d| d.dims.width = 65_537).contains("65537 coordinates"));
    assert!(change(|d| (d.dims.heads, d.dims.head_width) = (u32::MAX, u32::MAX)).contains("coordinates of all heads"));
    assert!(change(|d| (d.dims.heads, d.dims.head_width) = (1 << 16, 1 << 16)).contains("coordinates of all heads"));
    assert!(change(|d| d.dims.kv_heads = 3).contains("no multiple of 3 key heads"));
    assert!(change(|d| d.dims.kv_heads = 0).contains("there are 0 key heads"));
    assert!(change(|d| d.dims.head_width = 3).contains("a head of width 3"));
    assert!(change(|d| d.dims.inner = 1 << 17).contains("131072 inner coordinates, and there must be 1 to 131071"));
    assert!(change(|d| d.dims.vocab = (1 << 20) + 1).contains("tokens of the vocabulary"));
    assert!(change(|d| d.dims.positions = u32::MAX).contains("positions"));
    assert!(
        change(|d| (d.dims.positions, d.dims.head_width, d.dims.heads, d.dims.kv_heads) = (1 << 20, 64, 1, 1))
            .contains("pairs")
    );
    assert!(change(|d| d.layers.clear()).contains("there are 0 layers"));
    assert!(change(|d| d.layers = vec![d.layers[0]; 257]).contains("there are 257 layers"));
    assert!(change(|d| d.window = Some(0)).contains("the window is 0"));
    assert!(change(|d| d.window = Some(12)).contains("the window is 12"));
    assert!(change(|d| d.rope_base = 1).contains("the base of positions is below 2"));
    assert!(change(|d| d.gate.output = 16).contains("a gate has more than 15"));
    assert!(
        change(|d| d.sampler = Sampler::Draw(Draw::new(Scale::new(1, 0).unwrap(), 12, 1).unwrap()))
            .contains("top_k is 12")
    );
}

#[test]
fn bytes_of_specifications_are_read_back_and_no_others_are_read() {
    let mut random = Random(36);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..60 {
        let grid = [Bits::Eight, Bits::Sixteen][random.below(2)];
        let spec = Spec::new(any_draft(&mut random, grid)).unwrap();
        let bytes = spec.bytes();
        assert_eq!(Spec::read(&bytes).unwrap(), spec);
        for end in 0..bytes.len() {
            assert!(Spec::read(&bytes[..end]).is_err(), "cut off at {end}");
        }
        assert!(Spec::read(&[bytes.as_slice(), &[0]].concat()).unwrap_err().to_string().contains("left over"));
        assert!(Spec::read(&[bytes.as_slice(), &bytes].concat()).is_err());
        // Each single bit: another specification with exactly these bytes, or none.
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match Spec::read(&damaged) {
                Ok(other) => {
                    assert_eq!(other.bytes(), damaged);
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            for _ in 0..4 {
                let place = random.below(damaged.len());
                damaged[place] = random.word() as u8;
            }
            if let Ok(other) = Spec::read(&damaged) {
                assert_eq!(other.bytes(), damaged);
            }
        }
    }
    assert!(read > 10_000 && refused > 10_000, "{read} read, {refused} refused");
}
