//! What it costs to compute tiles of a float answer again, beside computing the answer. `cargo xtask bench replay` writes it down.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation
)]

#[path = "../../replay/tests/common/mod.rs"]
mod float;

use bfv_cert::digest::Digest;
use bfv_exact::rope::angles;
use bfv_replay::draw::tiles;
use bfv_replay::layout::{Layout, Place};
use bfv_replay::ops::{Cells, Run};
use bfv_replay::spec::{Draft, Turns};
use bfv_replay::{Format, Machine};
use bfv_worker::prove::Question;
use bfv_worker::replay::{Hard, Runner};
use std::collections::BTreeMap;
use std::time::Instant;

const PROMPT: usize = 16;
const COUNT: usize = 17;
const TILES: u64 = 256;

struct Known(BTreeMap<Place, Vec<u32>>);

impl Cells for Known {
    fn cell(&self, place: Place) -> Option<&[u32]> {
        self.0.get(&place).map(Vec::as_slice)
    }
}

/// Milliseconds to compute these tiles.
fn time<M: Machine>(
    machine: &M,
    runner: &Runner,
    (layout, tokens, cells): (&Layout, &[u32], &Known),
    all: &[u64],
) -> f64 {
    let d = runner.model().spec().draft();
    let turns =
        Turns::new((d.head_width / 2) as usize, 60, angles(d.head_width, d.rope_base, layout.tokens()).unwrap());
    let run = Run { machine, model: runner.model(), layout, turns: &turns, tokens };
    let start = Instant::now();
    for number in all {
        let tile = layout.tile(*number).unwrap();
        let range = layout.range(tile).unwrap();
        assert!(run.part(cells, tile.place, range).is_some());
    }
    start.elapsed().as_secs_f64() * 1e3
}

fn main() {
    for format in [Format::Bf16, Format::F16] {
        let d = Draft {
            width: 512,
            layers: 4,
            heads: 8,
            kv_heads: 4,
            head_width: 64,
            inner: 1376,
            vocab: 4096,
            positions: 64,
            ..float::draft(format)
        };
        let runner = Runner::new(float::model(d, 1));
        let prompt: Vec<u32> = (0..PROMPT as u32).collect();
        let question = || Question { query: Digest::ZERO, prompt: prompt.clone(), count: COUNT };
        let start = Instant::now();
        let answer = runner.answer(question(), false).unwrap();
        let forward = start.elapsed().as_secs_f64() * 1e3;
        let start = Instant::now();
        let kept = runner.answer(question(), true).unwrap();
        let keeping = start.elapsed().as_secs_f64() * 1e3;
        let layout = Layout::new(runner.model().spec(), PROMPT, COUNT).unwrap();
        let cells = (0..).zip(&kept.committed().cells).filter_map(|(leaf, bytes)| {
            let place = layout.place(leaf)?;
            let format = layout.format(place.op);
            Some((place, layout.read(place, bytes)?.into_iter().map(|x| format.widen(x)).collect()))
        });
        let cells = Known(cells.collect());
        let tokens = [prompt.as_slice(), answer.tokens()].concat();
        let of = layout.tiles();
        let drawn: Vec<u64> = tiles(&Digest([1; 32]), TILES, of).numbers().collect();
        let about = (&layout, tokens.as_slice(), &cells);
        let (soft, hard) = (time(&float::REFERENCE, &runner, about, &drawn), time(&Hard, &runner, about, &drawn));
        let needed = layout.needed(drawn.iter().take(64).copied());
        let bytes: usize = needed.iter().map(|leaf| kept.committed().cells[*leaf as usize].len()).sum();
        let all: usize = kept.committed().cells.iter().map(Vec::len).sum();
        let part = soft / TILES as f64 * 6400.0 / forward;
        println!(
            "| {format:?} | {of} | {forward:.0} ms | {keeping:.0} ms | {:.3} ms | {:.3} ms | {part:.1} % | {bytes} | {all} |",
            soft / TILES as f64,
            hard / TILES as f64
        );
    }
}
