//! Answers of float models: honest ones, and every way to get one wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss
)]

mod common;
#[path = "../../replay/tests/common/mod.rs"]
mod float;

use bfv_cert::certificate::{Fields, Lane, Layers, Operation, Output, TraceShape, trace_content};
use bfv_cert::digest::{Digest, output_digest};
use bfv_cert::envelope::{Reveal, write};
use bfv_cert::merkle::{Builder, Tree};
use bfv_cert::{BindingFault, Expected, Malformed, Policy, Refusal};
use bfv_exact::commit::{token_bytes, tokens_root, tokens_shape};
use bfv_exact::rope::angles;
use bfv_exact::spec::Bits;
use bfv_replay::card::{Card, MEASURED, REFERENCE};
use bfv_replay::draw::tiles;
use bfv_replay::layout::{Layout, OPERATIONS, Op, Place};
use bfv_replay::ops::{Cells, Run};
use bfv_replay::spec::{Draft, Turns};
use bfv_replay::weights::Model;
use bfv_replay::{Format, Machine, Mode, Order, Soft, Unit};
use bfv_verify::{
    Draw, Known, Rejected, Replay, ReplayFault, ReplayFound, Sampled, Undecided, Verdict, judge, judge_replay,
};
use common::world::{self, World};
use std::collections::BTreeSet;
use std::num::NonZeroU64;

const PROMPT: [u32; 3] = [1, 66, 4];
const COUNT: usize = 3;
const ALL: u64 = u64::MAX;
const SECRET: Draw = Draw::Secret([3; 32], 0);

/// An answer with all that a worker knows of it.
#[derive(Clone)]
struct Proof {
    fields: Fields,
    cells: Vec<Vec<u8>>,
    layout: Layout,
    answer: Vec<u32>,
    /// Which leaves are opened; all where there is nothing.
    opened: Option<Vec<u64>>,
}

fn turns(d: &Draft, positions: u32) -> Turns {
    Turns::new((d.head_width / 2) as usize, 60, angles(d.head_width, d.rope_base, positions).unwrap())
}

/// Runs a model on a machine, and claims that it was another one on this card.
fn prove<M: Machine>(machine: &M, run: &Model, claimed: &Model, card: &Card) -> Proof {
    let layout = Layout::new(run.spec(), PROMPT.len(), COUNT).unwrap();
    let turns = turns(run.spec().draft(), layout.tokens());
    let mut cells = Vec::new();
    let answer = bfv_replay::forward::answer(machine, run, &turns, (&PROMPT, COUNT), &mut |place, cell| {
        cells.push(place.map_or_else(Vec::new, |place| layout.bytes(place.op, cell)));
    });
    let answer = answer.unwrap();
    let shape = layout.shape();
    let execution = world::fields().execution.unwrap();
    let fields = Fields {
        lane: Lane::Replay,
        model: *claimed.root(),
        spec: claimed.spec().root(),
        layers: Layers { start: 0, end: shape.layers },
        input_shape: tokens_shape(&PROMPT).unwrap(),
        input: tokens_root(&PROMPT).unwrap(),
        trace_shape: shape,
        seed: Digest::ZERO,
        execution: Some(bfv_cert::certificate::Execution { kernel: card.kernel(), device: card.device, ..execution }),
        ..world::fields()
    };
    Proof { fields, cells, layout, answer: Vec::new(), opened: None }.say(answer).commit()
}

fn honest(model: &Model) -> Proof {
    prove(&float::REFERENCE, model, model, &REFERENCE)
}

impl Proof {
    fn tree(&self) -> Tree {
        let mut builder = Builder::new();
        self.cells.iter().for_each(|c| builder.push(trace_content(c)));
        builder.finish().unwrap()
    }

    fn commit(mut self) -> Proof {
        self.fields.trace = self.tree().root();
        self
    }

    fn say(mut self, answer: Vec<u32>) -> Proof {
        self.fields.output_shape = tokens_shape(&answer).unwrap();
        self.fields.output_root = tokens_root(&answer).unwrap();
        self.fields.output = Output::Hashed(output_digest(&token_bytes(&answer)));
        self.answer = answer;
        self
    }

    /// Changes committed bytes, without committing to them again.
    fn change(mut self, place: Place, f: impl FnOnce(&mut Vec<u8>)) -> Proof {
        f(&mut self.cells[self.layout.leaf(place).unwrap() as usize]);
        self
    }

    fn with(mut self, f: impl FnOnce(&mut Fields)) -> Proof {
        f(&mut self.fields);
        self
    }

    /// Opens what a verifier needs who draws so many tiles by hashes of the certificate.
    fn sparse(mut self, wanted: u64) -> Proof {
        let body = bfv_cert::certificate::Body::new(&self.fields).unwrap();
        self.opened = Some(self.layout.needed(tiles(&body.challenge(&[]), wanted, self.layout.tiles()).numbers()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let world = World::with(&self.fields, 1);
        let (log, registry) = world.extract();
        let opened = self.opened.clone().unwrap_or_else(|| (0..self.cells.len() as u64).collect());
        let cells: Vec<(u64, &[u8])> = opened.iter().map(|l| (*l, self.cells[*l as usize].as_slice())).collect();
        let proof = if opened.is_empty() { Vec::new() } else { self.tree().open(&opened).unwrap() };
        let output = token_bytes(&self.answer);
        write(&world.certificate, &log, &registry, &Reveal { seed: None, output: Some(&output) }, &cells, &proof)
            .unwrap()
    }
}

fn policy(model: &Model) -> Policy {
    let (models, specs) = (vec![*model.root()], vec![model.spec().root()]);
    Policy { lanes: vec![Lane::Replay], models, specs, kernels: Vec::new(), ..world::policy() }
}

fn judged_with<'a>(bytes: &[u8], model: &Model, change: impl FnOnce(&mut Replay<'a>)) -> Verdict<Sampled> {
    let mut case: Replay<'a> = Replay {
        // As long as any other that a test puts in its place.
        policy: Box::leak(Box::new(policy(model))),
        expected: Expected { at: Some(world::HEAD + 10), ..Expected::default() },
        prompt: &PROMPT,
        answer: None,
        draw: SECRET,
        tiles: NonZeroU64::new(ALL).unwrap(),
        deadline: None,
        cards: &MEASURED,
    };
    change(&mut case);
    let verdict = judge_replay(bytes, &case, model);
    let text = verdict.to_string();
    assert!(text.split(' ').count() <= 20 && text.is_ascii() && text.ends_with('.'), "{text}");
    verdict
}

fn judged(proof: &Proof, model: &Model) -> Verdict<Sampled> {
    judged_with(&proof.bytes(), model, |_| ())
}

#[track_caller]
fn accepts(verdict: Verdict<Sampled>) -> Sampled {
    match verdict {
        Verdict::Accepted(sampled) => sampled,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn fault(verdict: Verdict<Sampled>) -> ReplayFault {
    match verdict {
        Verdict::Rejected(Rejected::Replayed(fault)) => fault,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn undecided(verdict: Verdict<Sampled>) -> Undecided {
    match verdict {
        Verdict::Undecided(why) => why,
        other => panic!("{other}"),
    }
}

fn drawn(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

fn root_of_log(bytes: &[u8]) -> Digest {
    common::log_root(bytes)
}

#[test]
fn honest_answers_are_accepted_by_every_draw() {
    for format in [Format::Bf16, Format::F16] {
        let model = float::model(Draft { window: Some(3), ..float::draft(format) }, 11);
        let proof = honest(&model);
        let (bytes, of) = (proof.bytes(), proof.layout.tiles());
        let beacon = Known::new(&[8; 32], &root_of_log(&bytes), world::LOGGED + 1, 4);
        // The log has three entries: whoever logs many may show the one whose draw is best.
        let draws =
            [(SECRET, 0), (SECRET.after(7), 3), (Draw::Beacon(beacon), 4), (Draw::Certificate { tries: 20 }, 21)];
        for (draw, choices) in draws {
            for (wanted, found) in [(1, 1), (64, 64), (ALL, of)] {
                let sampled =
                    accepts(judged_with(&bytes, &model, |case| (case.draw, case.tiles) = (draw, drawn(wanted))));
                let sample = sampled.sample();
                assert_eq!((sample.drawn, sample.of, sample.choices), (found, of, choices));
                assert_eq!(sampled.values(), proof.answer);
                assert!(sampled.compared() >= found && sampled.card() == "reference");
            }
        }
        let few = accepts(judged_with(&bytes, &model, |case| case.tiles = drawn(64))).sample();
        // 0.9^64 is 2^-9.7, and half of a half is a quarter.
        assert_eq!((few.missed(1, 10), few.missed(1, 2), few.missed(0, 7)), (9, 64, 0));
        let verdict = judged_with(&bytes, &model, |case| case.tiles = drawn(64)).to_string();
        assert_eq!(verdict, format!("Accepted (sampled, 64 of {of} tiles) in the order of reference."));
        let hashes = accepts(judged_with(&bytes, &model, |case| {
            (case.draw, case.tiles) = (Draw::Certificate { tries: 60 }, drawn(64));
        }));
        assert_eq!((hashes.sample().missed(1, 10), hashes.sample().missed(1, 2)), (0, 3));
        let all = accepts(judged(&proof, &model));
        assert_eq!(all.sample().missed(1, 1000), u32::MAX);
        let numbers: usize =
            (0..proof.cells.len() as u64).filter_map(|leaf| proof.layout.entries(proof.layout.place(leaf)?)).sum();
        assert_eq!(all.compared(), numbers as u64);
    }
}

#[test]
fn only_what_the_drawn_tiles_need_is_opened() {
    let model = float::model(float::draft(Format::Bf16), 12);
    let proof = honest(&model);
    let sparse = proof.clone().sparse(8);
    let (few, all) = (sparse.bytes(), proof.bytes());
    assert!(few.len() * 2 < all.len(), "{} of {}", few.len(), all.len());
    let judge = |bytes: &[u8], deadline| {
        judged_with(bytes, &model, |case| {
            (case.draw, case.tiles, case.deadline) = (Draw::Certificate { tries: 1 }, drawn(8), deadline);
        })
    };
    accepts(judge(&few, None));
    // Each of the opened values is needed.
    let needed = sparse.opened.clone().unwrap();
    for (i, leaf) in needed.iter().enumerate() {
        let mut fewer = sparse.clone();
        fewer.opened.as_mut().unwrap().remove(i);
        let place = proof.layout.place(*leaf).unwrap();
        let bytes = fewer.bytes();
        assert_eq!(undecided(judge(&bytes, None)), Undecided::UnopenedTile(place));
        assert_eq!(undecided(judge(&bytes, Some(world::HEAD + 10))), Undecided::UnopenedTile(place));
        let late = fault(judge(&bytes, Some(world::HEAD)));
        assert_eq!((late.place, late.found), (place, ReplayFound::Withheld));
    }
    // With another draw other values are needed.
    assert!(matches!(undecided(judged(&sparse, &model)), Undecided::UnopenedTile(_)));
}

#[test]
fn one_bit_of_any_cell_is_found_when_its_tile_is_drawn() {
    for format in [Format::Bf16, Format::F16] {
        let model = float::model(float::draft(format), 13);
        let proof = honest(&model);
        let mut seen = BTreeSet::new();
        let places = (0..proof.cells.len() as u64).filter_map(|leaf| proof.layout.place(leaf));
        // One layer and token is like another.
        for place in places.filter(|p| (p.token, p.layer) == (3, 2) || p.token == 2 && [0, 3].contains(&p.layer)) {
            let entries = proof.layout.entries(place).unwrap();
            let column = (place.op.number() as usize * 7) % entries;
            let width = proof.layout.format(place.op).bytes();
            let wrong = proof.clone().change(place, |cell| cell[column * width] ^= 1).commit();
            let own = fault(judged(&wrong, &model));
            assert_eq!((own.place, own.format), (place, proof.layout.format(place.op)), "{own}");
            let ReplayFound::Differs(found, claimed, right) = own.found else { panic!("{own}") };
            assert_eq!((found, claimed ^ right), (column, 1), "{own}");
            seen.insert(place.op);
        }
        assert_eq!(seen.len(), OPERATIONS.len());
    }
}

/// Tiles of committed values that do not follow from what they read, by a count of its own.
fn wrong_tiles(proof: &Proof, model: &Model) -> u64 {
    struct Committed<'a>(&'a Proof, Vec<Vec<u32>>);
    impl Cells for Committed<'_> {
        fn cell(&self, place: Place) -> Option<&[u32]> {
            self.1.get(self.0.layout.leaf(place)? as usize).map(Vec::as_slice)
        }
    }
    let layout = &proof.layout;
    let read = |(leaf, bytes): (u64, &Vec<u8>)| -> Vec<u32> {
        let Some(place) = layout.place(leaf) else { return Vec::new() };
        layout.read(place, bytes).unwrap().into_iter().map(|x| layout.format(place.op).widen(x)).collect()
    };
    let cells = Committed(proof, (0..).zip(&proof.cells).map(read).collect());
    let tokens = [&PROMPT[..], &proof.answer].concat();
    let turns = turns(model.spec().draft(), layout.tokens());
    let run = Run { machine: &float::REFERENCE, model, layout, turns: &turns, tokens: &tokens };
    let wrong = |n: &u64| {
        let tile = layout.tile(*n).unwrap();
        let range = layout.range(tile).unwrap();
        let own: Vec<u32> = cells.cell(tile.place).unwrap()[range.clone()]
            .iter()
            .map(|x| layout.format(tile.place.op).narrow(*x))
            .collect();
        run.part(&cells, tile.place, range).unwrap() != own
    };
    (0..layout.tiles()).filter(wrong).count() as u64
}

#[test]
fn a_share_of_wrong_tiles_passes_as_often_as_stated() {
    let model = float::model(float::draft(Format::Bf16), 14);
    let proof = honest(&model);
    // A bit of every gate of one layer.
    let wrong = (0..proof.layout.tokens()).fold(proof, |proof, token| {
        proof.change(Place { token, layer: 1, op: Op::Gate }, |cell| {
            cell[0] ^= 1;
            cell[130] ^= 1;
        })
    });
    let wrong = wrong.commit();
    let (bad, of) = (wrong_tiles(&wrong, &model), wrong.layout.tiles());
    assert!(bad * 20 > of && bad * 5 < of, "{bad} of {of}");
    let bytes = wrong.bytes();
    let (draws, trials) = (12, 600u32);
    let passed = (0..trials)
        .filter(|n| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_le_bytes());
            let verdict =
                judged_with(&bytes, &model, |case| (case.draw, case.tiles) = (Draw::Secret(key, 0), drawn(draws)));
            matches!(verdict, Verdict::Accepted(_))
        })
        .count();
    // Without putting back it is a little less than with.
    let bound = (1.0 - bad as f64 / of as f64).powi(draws as i32) * f64::from(trials);
    let spread = 4.0 * bound.sqrt();
    assert!((passed as f64) < bound + spread && (passed as f64) > bound * 0.8 - spread, "{passed}, bound {bound}");
    assert!(passed > 50 && passed < 500, "{passed}");
    assert!(matches!(judged(&wrong, &model), Verdict::Rejected(_)));
}

#[test]
fn another_model_or_another_order_is_found() {
    let draft = Draft { width: 192, ..float::draft(Format::F16) };
    let (model, other) = (float::model(draft, 15), float::model(draft, 16));
    let found = judged_with(&prove(&float::REFERENCE, &other, &model, &REFERENCE).bytes(), &model, |case| {
        case.tiles = drawn(64)
    });
    assert!(matches!(fault(found).found, ReplayFound::Differs(..)));
    let named = prove(&float::REFERENCE, &other, &other, &REFERENCE);
    assert!(matches!(judged(&named, &model), Verdict::Rejected(Rejected::Refused(Refusal::Binding(..)))));
    let unit = Order::Unit(Unit { terms: 8, kept: 24, joined: true, mode: Mode::Zero });
    let card = Card { name: "unit", device: 3, order: unit };
    let machine = Soft { order: unit };
    // Under the name of the reference.
    let disguised = prove(&machine, &model, &model, &REFERENCE);
    assert!(matches!(fault(judged(&disguised, &model)).found, ReplayFound::Differs(..)));
    // Under its own, which nobody has measured, or on a device of another class.
    let own = prove(&machine, &model, &model, &card);
    assert_eq!(undecided(judged(&own, &model)), Undecided::Card(card.kernel(), 3));
    let moved = honest(&model).with(|f| f.execution.as_mut().unwrap().device = 1);
    assert_eq!(undecided(judged(&moved, &model)), Undecided::Card(REFERENCE.kernel(), 1));
    // Once it is measured.
    let cards = [REFERENCE, card];
    let sampled = accepts(judged_with(&own.bytes(), &model, |case| case.cards = &cards));
    assert_eq!(sampled.card(), "unit");
    assert!(matches!(
        judged_with(&prove(&float::REFERENCE, &model, &model, &card).bytes(), &model, |case| case.cards = &cards),
        Verdict::Rejected(Rejected::Replayed(_))
    ));
}

#[test]
fn every_token_follows_from_its_logits_whatever_is_drawn() {
    let model = float::model(float::draft(Format::Bf16), 17);
    let proof = honest(&model);
    for i in 0..COUNT {
        let mut said = proof.answer.clone();
        said[i] = (said[i] + 1) % 67;
        let (said_token, right) = (said[i], proof.answer[i]);
        let lie = proof.clone().say(said);
        let found = fault(judged_with(&lie.bytes(), &model, |case| case.tiles = drawn(1)));
        // The next token is computed from the one that was said, so another tile may be wrong first.
        match found.found {
            ReplayFound::Chosen(a, b) => {
                assert_eq!((a, b), (said_token, right));
                assert_eq!(found.place.token as usize, PROMPT.len() - 1 + i);
            }
            ReplayFound::Differs(..) => assert_eq!((found.place.op, found.place.layer), (Op::AfterLayer, 0)),
            _ => panic!("{found}"),
        }
    }
    // Logits that are equal: the first of them is chosen.
    let place = proof.layout.choices().last().unwrap();
    let tied = proof.clone().change(place, |cell| cell.fill(0)).commit();
    let said = |last| {
        let mut answer = tied.answer.clone();
        *answer.last_mut().unwrap() = last;
        judged_with(&tied.clone().say(answer).bytes(), &model, |case| {
            (case.draw, case.tiles) = (Draw::Secret([1; 32], 0), drawn(1));
        })
    };
    accepts(said(0));
    assert_eq!(fault(said(1)).found, ReplayFound::Chosen(1, 0));
}

#[test]
fn draws_that_could_be_known_before_are_refused() {
    let model = float::model(float::draft(Format::Bf16), 18);
    let bytes = honest(&model).bytes();
    let by = |known| undecided(judged_with(&bytes, &model, |case| case.draw = Draw::Beacon(known)));
    let root = root_of_log(&bytes);
    assert_eq!(by(Known::new(&[8; 32], &root, world::LOGGED, 1)), Undecided::BeaconKnown(world::LOGGED, world::LOGGED));
    assert_eq!(by(Known::new(&[8; 32], &Digest([1; 32]), world::LOGGED + 1, 1)), Undecided::BeaconLog(root));
}

/// What tiles are drawn depends on every field.
#[test]
fn the_draw_absorbs_the_certificate() {
    let model = float::model(float::draft(Format::Bf16), 19);
    let proof = honest(&model);
    let drawn = |p: Proof| p.sparse(6).opened;
    let own = drawn(proof.clone());
    for change in [
        |f: &mut Fields| f.slot.seq += 1,
        |f: &mut Fields| f.previous = Digest([1; 32]),
        |f: &mut Fields| f.validity.not_after += 1,
        |f: &mut Fields| f.trace = Digest([1; 32]),
        |f: &mut Fields| f.query = Digest([1; 32]),
    ] {
        assert_ne!(drawn(proof.clone().with(change)), own);
    }
}

#[test]
fn what_is_malformed_is_rejected_by_its_place() {
    let model = float::model(float::draft(Format::F16), 20);
    let proof = honest(&model);
    let place = Place { token: 1, layer: 2, op: Op::Up };
    let size = proof.layout.size(place).unwrap();
    for length in [0, size - 1, size + 2] {
        let short = proof.clone().change(place, |cell| cell.resize(length, 0)).commit();
        assert_eq!(fault(judged(&short, &model)).found, ReplayFound::Bytes(length, size));
    }
    for (bits, column) in [(0x7c00u16, 0), (0xfc00, 3), (0x7e01, 9)] {
        let none = proof.clone().change(place, |cell| cell[2 * column..][..2].copy_from_slice(&bits.to_le_bytes()));
        let found = fault(judged(&none.commit(), &model));
        assert_eq!((found.place, found.found), (place, ReplayFound::Unfinished(column, bits.into())));
    }
    // Bytes where the trace has nothing.
    let mut stray = proof.clone();
    stray.cells[0] = vec![1, 2];
    let stray = judged(&stray.commit(), &model);
    assert!(matches!(stray, Verdict::Rejected(Rejected::Refused(Refusal::Binding(_, BindingFault::Index(0))))));
    // Other bytes than those that were committed to.
    let swapped = judged(&proof.clone().change(place, |cell| cell[0] ^= 1), &model);
    assert!(matches!(swapped, Verdict::Rejected(Rejected::Refused(Refusal::Binding(..)))));
    let changes: [fn(&mut Fields); 5] = [
        |f| f.layers.end += 1,
        |f| f.input_shape = tokens_shape(&[1; 4]).unwrap(),
        |f| f.output_shape = tokens_shape(&[1; 4]).unwrap(),
        |f| f.trace_shape = TraceShape { blocks: f.trace_shape.blocks, layers: 19, operations: 4 },
        |f| f.seed = Digest([1; 32]),
    ];
    for change in changes {
        let verdict = judged(&proof.clone().with(change), &model);
        let contradicts =
            matches!(verdict, Verdict::Rejected(Rejected::Refused(Refusal::Malformed(_, Malformed::Contradicts(_)))));
        // A number of leaves that does not fit the opened ones is noticed before.
        let opening = matches!(verdict, Verdict::Rejected(Rejected::Refused(Refusal::Binding(..))));
        assert!(contradicts || opening, "{verdict}");
    }
    let roots: [fn(&mut Fields); 2] = [|f| f.input = Digest([1; 32]), |f| f.output_root = Digest([1; 32])];
    for change in roots {
        let verdict = judged(&proof.clone().with(change), &model);
        assert!(matches!(verdict, Verdict::Rejected(Rejected::Refused(Refusal::Binding(_, BindingFault::Other(..))))));
    }
    let outside = judged(&proof.clone().say(vec![1, 67, 2]), &model);
    assert!(matches!(outside, Verdict::Rejected(Rejected::Token(67, 67))), "{outside}");
    let longer = judged_with(&proof.bytes(), &model, |case| case.answer = Some(4));
    assert!(matches!(longer, Verdict::Rejected(Rejected::Refused(Refusal::Binding(_, BindingFault::Count(4, 3))))));
    let many = judged(&proof.clone().say(vec![1; 40]), &model);
    assert!(matches!(many, Verdict::Rejected(Rejected::Refused(Refusal::Malformed(..)))), "{many}");
    // Every beginning of an envelope, and every byte changed, is answered.
    let bytes = proof.sparse(2).bytes();
    for end in (0..bytes.len()).step_by(97) {
        assert!(!matches!(judged_with(&bytes[..end], &model, |_| ()), Verdict::Accepted(_)));
    }
    for at in (0..bytes.len()).step_by(53) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        assert!(!matches!(judged_with(&changed, &model, |_| ()), Verdict::Accepted(_)), "byte {at}");
    }
}

/// An answer in this lane is nothing to the other judges, and the other way round; a lane that was not asked for is refused.
#[test]
fn no_other_judge_takes_a_sample() {
    let model = float::model(float::draft(Format::Bf16), 21);
    let proof = honest(&model);
    let bytes = proof.bytes();
    let subject = common::subject();
    let policy = Policy {
        lanes: vec![Lane::Exact, Lane::Replay],
        models: vec![*model.root(), *subject.root(), Digest::ZERO],
        specs: vec![model.spec().root(), *subject.spec()],
        ..world::policy()
    };
    let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
    let terms = bfv_verify::Terms::default();
    let case = bfv_verify::Case { policy: &policy, expected, prompt: &PROMPT, challenge: common::BOTH, terms };
    assert!(matches!(judge(&bytes, &case, &subject), Verdict::Undecided(Undecided::OtherModel)));
    // The integer model in this lane.
    let exact = common::prove(&common::model::<i8>(&common::draft(Bits::Eight)), &subject, &common::PROMPT, 2);
    let mut named = exact.clone();
    named.fields.lane = Lane::Replay;
    named.fields.execution = world::fields().execution;
    let case = bfv_verify::Case { prompt: &common::PROMPT, ..case };
    assert!(matches!(judge(&named.bytes(), &case, &subject), Verdict::Undecided(Undecided::Integers)));
    // This judge takes neither another lane nor a part of an answer.
    for change in [|f: &mut Fields| f.lane = Lane::Exact, |f: &mut Fields| f.operation = Operation::LayerRange] {
        let verdict = judged_with(&proof.clone().with(change).bytes(), &model, |replay| replay.policy = &policy);
        assert_eq!(undecided(verdict), Undecided::Operation);
    }
    let exact_only = Policy { lanes: vec![Lane::Exact], ..policy.clone() };
    let verdict = judged_with(&bytes, &model, |case| case.policy = &exact_only);
    assert!(matches!(verdict, Verdict::Rejected(Rejected::Refused(Refusal::Binding(_, BindingFault::Lane)))));
}
