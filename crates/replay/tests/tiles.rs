//! Answers, their cells, and their tiles.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod common;

use bfv_replay::draw::{missed_bits, pick};
use bfv_replay::forward::answer;
use bfv_replay::layout::{Layout, OPERATIONS, Op, Place};
use bfv_replay::ops::{Cells, Run};
use bfv_replay::spec::{Draft, Spec};
use bfv_replay::weights::{Model, shapes};
use bfv_replay::{Format, Mode, Order, Soft, Unit};
use common::{REFERENCE, draft, model, turns, weights, words};
use std::collections::BTreeMap;

const PROMPT: [u32; 3] = [5, 66, 0];
const COUNT: usize = 4;

/// Cells as bits of their formats.
type Made = BTreeMap<Place, Vec<u32>>;

fn run(model: &Model, machine: &Soft) -> (Vec<u32>, Made, Layout) {
    let mut made = BTreeMap::new();
    let layout = Layout::new(model.spec(), PROMPT.len(), COUNT).unwrap();
    let turns = turns(model.spec().draft(), layout.tokens());
    let mut leaf = 0;
    let tokens = answer(machine, model, &turns, (&PROMPT, COUNT), &mut |place, cell| {
        assert_eq!(place.and_then(|place| layout.leaf(place)), place.map(|_| leaf));
        assert_eq!(layout.place(leaf), place);
        if let Some(place) = place {
            assert_eq!(layout.read(place, &layout.bytes(place.op, cell)).as_deref(), Some(cell));
            made.insert(place, cell.to_vec());
        }
        leaf += 1;
    });
    assert_eq!(leaf, layout.shape().leaves());
    (tokens.unwrap(), made, layout)
}

/// Only the cells that an operation reads, as numbers of single precision.
struct Inputs(Made);

impl Cells for Inputs {
    fn cell(&self, place: Place) -> Option<&[u32]> {
        self.0.get(&place).map(Vec::as_slice)
    }
}

#[test]
fn every_number_is_in_one_tile_and_every_tile_is_computed_again_from_what_it_reads() {
    for (format, window) in [(Format::Bf16, None), (Format::F16, Some(3))] {
        let model = model(Draft { window, ..draft(format) }, 1);
        let (tokens, made, layout) = run(&model, &REFERENCE);
        let turns = turns(model.spec().draft(), layout.tokens());
        let all = [&PROMPT[..], &tokens].concat();
        let run = Run { machine: &REFERENCE, model: &model, layout: &layout, turns: &turns, tokens: &all };
        let mut seen: BTreeMap<Place, Vec<bool>> = made.iter().map(|(p, c)| (*p, vec![false; c.len()])).collect();
        for number in 0..layout.tiles() {
            let tile = layout.tile(number).unwrap();
            let range = layout.range(tile).unwrap();
            let read = layout.inputs(tile.place);
            let widened = |place: &Place| made[place].iter().map(|x| layout.format(place.op).widen(*x)).collect();
            let inputs = Inputs(read.iter().map(|p| (*p, widened(p))).collect());
            let own = run.part(&inputs, tile.place, range.clone()).unwrap();
            assert_eq!(own, made[&tile.place][range.clone()], "{}", tile.place);
            let opened = layout.needed([number]);
            assert!(read.iter().chain([&tile.place]).all(|p| opened.contains(&layout.leaf(*p).unwrap())));
            for done in &mut seen.get_mut(&tile.place).unwrap()[range] {
                assert!(!*done, "{} twice", tile.place);
                *done = true;
            }
            // Without one of its inputs there is nothing.
            for missing in &read {
                let fewer = Inputs(read.iter().filter(|p| *p != missing).map(|p| (*p, widened(p))).collect());
                let range = layout.range(tile).unwrap();
                assert_eq!(run.part(&fewer, tile.place, range), None);
            }
        }
        assert!(seen.values().flatten().all(|done| *done));
        assert_eq!(layout.tile(layout.tiles()), None);
        assert_eq!(run.part(&Inputs(Made::new()), Place { token: 0, layer: 0, op: Op::AfterLayer }, 0..13), None);
    }
}

/// The same model in floats of 64 bits, in plain loops.
fn plain(model: &Model, tokens: &[u32]) -> Vec<f64> {
    let (d, w) = (model.spec().draft(), model.weights());
    let value = |x: &u16| f64::from(f32::from_bits(d.format.widen((*x).into())));
    let linear = |m: &[u16], x: &[f64]| -> Vec<f64> {
        m.chunks(x.len()).map(|row| row.iter().zip(x).map(|(w, x)| value(w) * x).sum()).collect()
    };
    let norm = |gains: &[u16], x: &[f64]| -> Vec<f64> {
        let root = (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64 + f64::from(f32::from_bits(d.eps))).sqrt();
        x.iter().zip(gains).map(|(x, g)| x / root * value(g)).collect()
    };
    let (width, head) = (d.width as usize, d.head_width as usize);
    let turn = |x: &mut [f64], position: usize| {
        for x in x.chunks_mut(head) {
            for i in 0..head / 2 {
                let angle = position as f64 * f64::from(d.rope_base).powf(-((2 * i) as f64) / head as f64);
                let (a, b) = (x[i], x[i + head / 2]);
                x[i] = a * angle.cos() - b * angle.sin();
                x[i + head / 2] = b * angle.cos() + a * angle.sin();
            }
        }
    };
    let mut keys = vec![Vec::new(); w.layers.len()];
    let mut logits = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        let row = *token as usize * width;
        let mut x: Vec<f64> = w.embedding[row..row + width].iter().map(value).collect();
        for (layer, keys) in w.layers.iter().zip(&mut keys) {
            let m = &layer.matrices;
            let n = norm(&layer.first, &x);
            let (mut q, mut k, v) = (linear(&m[0], &n), linear(&m[1], &n), linear(&m[2], &n));
            turn(&mut q, position);
            turn(&mut k, position);
            keys.push((k, v));
            let group = (d.heads / d.kv_heads) as usize;
            let mixed: Vec<f64> = (0..d.heads as usize)
                .flat_map(|h| {
                    let own = h / group * head..h / group * head + head;
                    let score = |k: &[f64]| -> f64 {
                        let sum: f64 = q[h * head..][..head].iter().zip(&k[own.clone()]).map(|(a, b)| a * b).sum();
                        (sum / (head as f64).sqrt()).exp()
                    };
                    let weights: Vec<f64> = keys.iter().map(|(k, _)| score(k)).collect();
                    let total: f64 = weights.iter().sum();
                    let mean = |i: usize| keys.iter().zip(&weights).map(|((_, v), w)| w * v[i]).sum::<f64>() / total;
                    own.clone().map(mean).collect::<Vec<f64>>()
                })
                .collect();
            x.iter_mut().zip(linear(&m[3], &mixed)).for_each(|(x, y)| *x += y);
            let n = norm(&layer.second, &x);
            let (g, u) = (linear(&m[4], &n), linear(&m[5], &n));
            let gated: Vec<f64> = g.iter().zip(u).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
            x.iter_mut().zip(linear(&m[6], &gated)).for_each(|(x, y)| *x += y);
        }
        logits = linear(w.head.as_ref().unwrap_or(&w.embedding), &norm(&w.last, &x));
    }
    logits
}

#[test]
fn what_is_computed_is_the_model() {
    for (format, most) in [(Format::Bf16, 0.03), (Format::F16, 0.004)] {
        let model = model(draft(format), 2);
        let (tokens, made, layout) = run(&model, &REFERENCE);
        let all = [&PROMPT[..], &tokens[..COUNT - 1]].concat();
        let expected = plain(&model, &all);
        let own = &made[&layout.choices().last().unwrap()];
        let size = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
        let error =
            own.iter().zip(&expected).map(|(a, b)| (f64::from(f32::from_bits(*a)) - b).powi(2)).sum::<f64>().sqrt();
        assert!(error < most * size, "{format:?}: {}", error / size);
    }
}

#[test]
fn another_order_is_another_answer() {
    // Rounding to few bits hides most of it, above all where there are few products in a sum.
    let model = model(Draft { width: 192, ..draft(Format::F16) }, 3);
    let own = run(&model, &REFERENCE).1;
    let unit = Unit { terms: 8, kept: 24, joined: true, mode: Mode::Zero };
    let other = run(&model, &Soft { order: Order::Unit(unit) }).1;
    let differing = own.iter().filter(|(place, cell)| other.get(place) != Some(cell)).count();
    assert!(differing * 10 > own.len(), "{differing} of {}", own.len());
}

#[test]
fn models_that_are_none_are_refused() {
    let good = draft(Format::Bf16);
    let bad: [(&str, Draft); 9] = [
        ("width", Draft { width: 0, ..good }),
        ("layers", Draft { layers: 257, ..good }),
        ("key heads", Draft { kv_heads: 5, ..good }),
        ("divide", Draft { kv_heads: 3, ..good }),
        ("even", Draft { head_width: 5, ..good }),
        ("16 bits", Draft { format: Format::F32, ..good }),
        ("base", Draft { rope_base: 1, ..good }),
        ("norm", Draft { eps: 0x7f80_0000, ..good }),
        ("window", Draft { window: Some(0), ..good }),
    ];
    for (why, draft) in bad {
        let refused = Spec::new(draft).unwrap_err();
        assert!(refused.0.contains(why), "{refused} lacks {why}");
    }
    let spec = Spec::new(good).unwrap();
    let mut short = weights(&good, 4);
    short.layers[1].matrices[6].pop();
    let (rows, cols) = shapes(&good)[6];
    assert_eq!(
        Model::new(spec, short).unwrap_err().0,
        format!("The weight layer.1.down has {} numbers, and must have {rows} by {cols}.", rows * cols - 1)
    );
    let mut infinite = weights(&good, 4);
    infinite.last[3] = 0x7f80;
    assert_eq!(Model::new(spec, infinite).unwrap_err().0, "Number 3 of the weight last.gains is infinite, or is none.");
    let mut fewer = weights(&good, 4);
    fewer.layers.pop();
    assert!(Model::new(spec, fewer).is_err());
    let whole = Model::new(spec, weights(&good, 4)).unwrap();
    let mut other = weights(&good, 4);
    other.embedding[0] ^= 1;
    assert_ne!(Model::new(spec, other).unwrap().root(), whole.root());
    assert_ne!(Spec::new(Draft { window: Some(9), ..good }).unwrap().root(), spec.root());
    for (prompt, answer) in [(0, 1), (1, 0), (32, 2), (33, 1), (1, 33)] {
        assert!(Layout::new(&spec, prompt, answer).is_err(), "{prompt} {answer}");
    }
    assert!(Layout::new(&spec, 31, 2).is_ok());
    let turns = turns(&good, 4);
    let mut none = |_: Option<Place>, _: &[u32]| ();
    assert!(answer(&REFERENCE, &whole, &turns, (&[67], 1), &mut none).is_err());
    // More positions than angles.
    assert!(answer(&REFERENCE, &whole, &turns, (&[1, 2, 3, 4, 5], 1), &mut none).is_err());
}

#[test]
fn what_becomes_infinite_is_refused_by_its_place() {
    let d = draft(Format::F16);
    let mut large = weights(&d, 5);
    large.layers[0].matrices[0].fill(Format::F16.narrow(60_000f32.to_bits()) as u16);
    let model = Model::new(Spec::new(d).unwrap(), large).unwrap();
    let refused = answer(&REFERENCE, &model, &turns(&d, 3), (&PROMPT, 1), &mut |_, _| ()).unwrap_err();
    assert!(refused.0.contains("of query of layer 1, token 0 is infinite or no number."), "{refused}");
}

#[test]
fn tiles_are_numbered_in_layouts_of_every_size() {
    for (prompt, answer, layers, window) in [(1, 1, 1, None), (4, 3, 3, Some(2)), (1, 5, 2, None), (6, 1, 1, None)] {
        let spec = Spec::new(Draft { layers, window, ..draft(Format::F16) }).unwrap();
        let layout = Layout::new(&spec, prompt, answer).unwrap();
        let mut number = 0;
        for token in 0..layout.tokens() {
            for layer in 0..=layout.head() {
                for op in OPERATIONS {
                    let place = Place { token, layer, op };
                    let mut start = 0;
                    while let Some(tile) = layout.tile(number).filter(|t| t.place == place) {
                        let range = layout.range(tile).unwrap();
                        assert_eq!(range.start, start);
                        start = range.end;
                        number += 1;
                    }
                    assert_eq!(start, layout.entries(place).unwrap_or(0), "{place}");
                }
            }
        }
        assert_eq!(number, layout.tiles());
    }
}

#[test]
fn draws_are_sets_of_the_size_and_miss_as_often_as_stated() {
    for (wanted, of) in [(0, 5), (1, 1), (5, 5), (9, 5), (64, 1000)] {
        let drawn = pick(words(wanted + of), wanted, of);
        assert!(drawn.len() as u64 == wanted.min(of) && drawn.iter().all(|n| *n < of));
    }
    for (wrong, all, draws) in
        [(1, 10, 64), (1, 2, 64), (1, 100, 64), (99, 100, 10), (1, 1_000_000, 3), (1, 3, 1_000_000), (2, 7, 1)]
    {
        let exact = -(f64::from(all - wrong) / f64::from(all)).log2() * draws as f64;
        let own = f64::from(missed_bits(wrong, all, draws));
        assert!(own <= exact && own + 1.0 + exact * 1e-9 >= exact, "{wrong} {all} {draws}: {own} {exact}");
    }
    assert_eq!((missed_bits(0, 5, 9), missed_bits(5, 5, 1), missed_bits(1, 5, 0)), (0, u32::MAX, 0));
    // Of 200 things 20 are wrong, and 20 are drawn: missed with (0.9)^20 = 0.12 at most, and without putting back a little less.
    let missed = (0..4000).filter(|seed| pick(words(*seed), 20, 200).iter().all(|n| *n >= 20)).count();
    assert!((300..490).contains(&missed), "{missed} of 4000");
}
