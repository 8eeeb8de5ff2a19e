//! Stages of a model, one after the other, compute and commit to what the model does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;

use bfv_cert::certificate::Layers;
use bfv_exact::Matrix;
use bfv_exact::commit::{Commit, Committed, Layout, all_rows, layers_of, rows_of, stream_bytes, stream_root};
use bfv_exact::forward::{Input, Passed, State};
use bfv_exact::model::Model;
use bfv_exact::spec::{Bits, Draft, Spec};
use common::Random;
use common::small::{any_draft, any_weights};

fn deep(random: &mut Random) -> Draft {
    let mut draft = any_draft(random, Bits::Eight);
    draft.layers = vec![draft.layers[0]; 3];
    draft
}

fn model(random: &mut Random) -> Model<i8> {
    let draft = deep(random);
    Model::new(Spec::new(draft.clone()).unwrap(), any_weights(random, &draft)).unwrap()
}

/// What every block puts out, and what was committed to.
fn run(model: &Model<i8>, rows: Layers, blocks: &[Input<'_>]) -> (Vec<Passed>, Committed) {
    let mut commit = Commit::of(model.spec(), rows).unwrap().keep();
    let (mut state, mut out) = (State::default(), Vec::new());
    for block in blocks {
        let (next, passed) = model.stage(state, rows, block.clone(), &mut commit).unwrap();
        state = next;
        out.push(passed);
    }
    (out, commit.finish().unwrap())
}

fn stream(passed: &Passed) -> Input<'static> {
    match passed {
        Passed::Stream(m) => Input::Stream(m.clone()),
        Passed::Logits(_) => panic!("logits"),
    }
}

#[test]
fn stages_compute_and_commit_to_what_the_model_does() {
    let mut random = Random(61);
    for _ in 0..12 {
        let model = model(&mut random);
        let (spec, vocab) = (model.spec(), model.spec().draft().dims.vocab as usize);
        let (prompt, answer) = (1 + random.below(4), 1 + random.below(4));
        let tokens: Vec<Vec<u32>> = (0..answer)
            .map(|i| (0..if i == 0 { prompt } else { 1 }).map(|_| random.below(vocab) as u32).collect())
            .collect();
        let all = all_rows(spec);
        let blocks: Vec<Input<'_>> = tokens.iter().map(|t| Input::Tokens(t)).collect();
        let (logits, whole) = run(&model, all, &blocks);
        let layout = Layout::new(spec, prompt, answer).unwrap();
        assert_eq!(layout, Layout::of(spec, all, prompt, answer).unwrap());
        // Cuts behind every row, those of the embedding and before the head included, also several.
        for cuts in [vec![1], vec![2], vec![3], vec![4], vec![1, 2], vec![2, 3], vec![1, 2, 3, 4]] {
            let ends = cuts.iter().copied().chain([all.end]);
            let starts = [0].into_iter().chain(cuts.iter().copied());
            let mut passing = blocks.clone();
            let mut found = 0;
            for (start, end) in starts.zip(ends) {
                let rows = Layers { start, end };
                let (out, own) = run(&model, rows, &passing);
                let part = Layout::of(spec, rows, prompt, answer).unwrap();
                assert_eq!((part.shape(), part.shape().leaves()), (own.shape, own.cells.len() as u64));
                for (leaf, bytes) in (0u64..).zip(&own.cells) {
                    let Some((block, place)) = part.place(leaf) else {
                        assert!(bytes.is_empty());
                        continue;
                    };
                    assert_eq!(part.leaf(block, place.layer, place.op), Some(leaf));
                    assert_eq!(part.form(block, place.layer, place.op), layout.form(block, place.layer, place.op));
                    let same = layout.leaf(block, place.layer, place.op).unwrap();
                    assert_eq!(bytes, &whole.cells[same as usize], "{place:?}");
                    found += usize::from(Some(place.layer) != part.input_row());
                }
                if end == all.end {
                    assert_eq!(out, logits);
                } else {
                    passing = out.iter().map(stream).collect();
                }
            }
            assert_eq!(found, answer * (1 + 19 * 3 + 3));
        }
    }
}

#[test]
fn rows_are_those_of_the_layers_with_embedding_and_head() {
    let spec = Spec::new(deep(&mut Random(62))).unwrap();
    let rows = |a, z| rows_of(&spec, a..z).map(|l| (l.start, l.end)).map_err(|e| e.to_string());
    assert_eq!([rows(0, 1), rows(1, 2), rows(2, 3)], [Ok((0, 2)), Ok((2, 3)), Ok((3, 5))]);
    assert_eq!(rows(0, 3), Ok((0, 5)));
    for (a, z) in [(0, 0), (1, 1), (2, 1), (0, 4), (3, 4), (u32::MAX, u32::MAX), (0, u32::MAX), (65_535, 65_536)] {
        assert!(rows(a, z).unwrap_err().contains("of 3"), "{a} {z}");
    }
    let layers = |start, end| layers_of(&spec, Layers { start, end }).map_err(|e| e.to_string());
    assert_eq!([layers(0, 1), layers(0, 2), layers(1, 5), layers(4, 5)], [Ok(0..0), Ok(0..1), Ok(0..3), Ok(3..3)]);
    for (start, end) in [(1, 1), (2, 1), (0, 6), (0, u16::MAX)] {
        assert!(layers(start, end).unwrap_err().contains("of 5"));
        assert!(Layout::of(&spec, Layers { start, end }, 1, 1).is_err());
        assert!(Commit::of(&spec, Layers { start, end }).is_err());
    }
}

#[test]
fn what_a_stage_cannot_take_is_refused() {
    let mut random = Random(63);
    let model = model(&mut random);
    let width = model.spec().draft().dims.width as usize;
    let said = |rows: (u16, u16), state: State, input: Input<'_>| {
        let rows = Layers { start: rows.0, end: rows.1 };
        model.stage(state, rows, input, &mut ()).unwrap_err().to_string()
    };
    let of = |rows, cols, x| Input::Stream(Matrix::filled("x", rows, cols, x).unwrap());
    let none = State::default;
    assert!(said((0, 2), none(), of(1, width, 0)).contains("without tokens"));
    assert!(said((2, 3), none(), Input::Tokens(&[0])).contains("with tokens"));
    assert!(said((2, 2), none(), Input::Tokens(&[0])).contains("rows"));
    assert!(said((2, 6), none(), of(1, width, 0)).contains("rows"));
    assert!(said((2, 3), none(), of(1, width + 1, 0)).contains("columns"));
    assert!(said((2, 3), none(), of(13, width, 0)).contains("exceed 12 positions"));
    for x in [1 << 23, -(1 << 23) - 1, i32::MIN] {
        assert!(said((2, 3), none(), of(1, width, x)).contains(&x.to_string()), "{x}");
        assert!(said((4, 5), none(), of(1, width, x)).contains(&x.to_string()), "{x}");
    }
    let rows = Layers { start: 2, end: 3 };
    let (state, _) = model.stage(none(), rows, of(1, width, 5), &mut ()).unwrap();
    assert!(said((2, 4), state, of(1, width, 0)).contains("another model"));
}

#[test]
fn the_root_of_a_stream_binds_its_numbers_and_its_shape() {
    let of = |rows, cols, entries: &[i32]| Matrix::new("x", rows, cols, entries.to_vec()).unwrap();
    let own = of(2, 3, &[1, -2, 3, 4, 5, 6]);
    assert_eq!(stream_bytes(&own)[..8], [1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff]);
    for other in [of(3, 2, &[1, -2, 3, 4, 5, 6]), of(2, 3, &[1, 2, 3, 4, 5, 6]), of(1, 3, &[1, -2, 3])] {
        assert_ne!(stream_root(&own).unwrap(), stream_root(&other).unwrap());
    }
}
