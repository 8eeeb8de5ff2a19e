//! Answers computed with the kernels of a card, which the interpreter of PTX runs here: what is committed is what the CPU commits to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "../../device/tests/common/mod.rs"]
mod interpreter;

use bfv_cert::certificate::{Layers, Slot, Validity};
use bfv_cert::digest::{Digest, query_id};
use bfv_cert::sign::SecretKey;
use bfv_device::arithmetic::OnMachine;
use bfv_device::fusion;
use bfv_device::kernels::identity;
use bfv_device::linear::Planes;
use bfv_exact::Refused;
use bfv_exact::commit::all_rows;
use bfv_exact::forward::Shown;
use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source};
use bfv_exact::rounding::Exact;
use bfv_model::stored::Element;
use bfv_worker::card::{Whole, whole, whole_of};
use bfv_worker::prove::{Circumstances, Failure, Prover, Question};
use bfv_worker::quantise::{Choice, quantise};
use bfv_worker::single::execution;
use bfv_worker::stage::Task;
use bfv_worker::stream::Speaker;
use common::{Draw, Random, Tiny};
use interpreter::{Counted, Interpreter};

const SEED: [u8; 32] = [7; 32];

fn same<G: Element + Shown + Planes>(prompt: &[u32])
where
    G::Sum: Shown,
{
    let tokens = Random(3).tokens(16, 13);
    let choice = Choice::Draw { temperature: 1.5, top_k: 13, top_p: 65_536 };
    let model = quantise::<G>(&Tiny::new(3).checkpoint(), &tokens, 32, choice).unwrap().model;
    let prover = Prover::new(model).unwrap();
    let query = query_id(&[5; 32], prompt, &Digest([1; 32]), &Digest([2; 32]));
    let question = Question { query, prompt: prompt.to_vec(), count: 2 };
    let machine = Interpreter::new();
    let by = OnMachine::new(&machine, prover.model()).unwrap();
    let here = prover.answer(question.clone(), SEED, true).unwrap();
    let there = prover.answer_by(&by, question.clone(), SEED, true).unwrap();
    assert!(machine.steps.get() > 100_000, "{}", machine.steps.get());
    assert_eq!((here.tokens(), &here.committed().cells), (there.tokens(), &there.committed().cells));
    assert_eq!(here.committed().tree.root(), there.committed().tree.root());

    // Where nothing is to be opened, cells are hashed where they are computed.
    let hashing = OnMachine::new(&machine, prover.model()).unwrap().hashing_from(0);
    let hashed = prover.answer_by(&hashing, question, SEED, false).unwrap();
    assert_eq!(hashed.committed().tree.root(), here.committed().tree.root());
    assert!(hashed.committed().cells.is_empty());

    // The certificate names the kernels and is otherwise that of the CPU.
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 0, seq: 0 },
        validity: Validity { not_before: 1_800_000_000, not_after: 1_800_000_300 },
        previous: Digest::ZERO,
        execution: execution(identity(), 80, prompt.len(), 2),
    };
    let key = SecretKey::from_seed(&[1; 32]);
    let own = prover.certify(&there, &circumstances, &key).unwrap();
    let plain = prover.certify(&here, &Circumstances { execution: None, ..circumstances }, &key).unwrap();
    assert_eq!(own.fields().execution.map(|e| (e.kernel, e.device)), Some((identity(), 80)));
    assert_eq!(own.fields().trace, plain.fields().trace);
    assert_eq!(own.fields().output, plain.fields().output);

    // Block by block.
    let question = Question { query, prompt: prompt.to_vec(), count: 2 };
    let mut on_cpu = Speaker::new(&prover, &Exact, question.clone(), SEED, true);
    let mut on_card = Speaker::new(&prover, &by, question, SEED, true);
    for _ in 0..2 {
        let (own, other) = (on_cpu.block(1).unwrap(), on_card.block(1).unwrap());
        assert_eq!((own.tokens(), &own.committed().cells), (other.tokens(), &other.committed().cells));
    }

    // A stage, and the step before it.
    let all = all_rows(prover.model().spec());
    let rows = Layers { start: 0, end: all.end - 1 };
    let task = Task { query, prompt: prompt.to_vec(), answer: here.tokens().to_vec(), rows, stream: None };
    assert_eq!(prover.step(&task, &SEED).unwrap(), prover.step_by(&by, &task, &SEED).unwrap());
    let ((here, handed), (there, other)) =
        (prover.stage(&task, &SEED, false).unwrap(), prover.stage_by(&by, &task, &SEED, false).unwrap());
    assert_eq!((here.committed().tree.root(), handed), (there.committed().tree.root(), other));
}

#[test]
fn answers_of_the_kernels_are_those_of_the_cpu() {
    // Few tokens are computed one by one, many in tiles.
    same::<i8>(&[1, 2, 3]);
    same::<i16>(&[1, 2, 3]);
    same::<i8>(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    same::<i16>(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

/// The butterfly model, whose layers pair chunks: an answer that begins in one chunk and ends in another.
#[test]
fn answers_of_the_butterfly_are_those_of_the_cpu() {
    let layers = bfv_butterfly::shape::Shape::writing(1, 2, 1);
    let shape = bfv_butterfly::shape::Shape {
        width: 32,
        heads: 2,
        head_width: 16,
        inner: 48,
        chunk: 4,
        layers,
        rope_base: 10_000,
    };
    let net = bfv_butterfly::Net::new(shape.checked().unwrap(), 5).unwrap();
    let text: Vec<u8> = (0..40u8).map(|i| i.wrapping_mul(i)).collect();
    let made = bfv_worker::butterfly::quantise::<i8>(&net, &text, 64, Choice::Greedy).unwrap();
    let prover = Prover::new(made.model).unwrap();
    let question =
        Question { query: Digest([3; 32]), prompt: text.iter().take(11).map(|c| (*c).into()).collect(), count: 3 };
    let machine = Interpreter::new();
    let by = OnMachine::new(&machine, prover.model()).unwrap();
    let here = prover.answer(question.clone(), SEED, true).unwrap();
    for (by, keep) in [(by, true), (OnMachine::new(&machine, prover.model()).unwrap().hashing_from(0), false)] {
        let there = prover.answer_by(&by, question.clone(), SEED, keep).unwrap();
        assert_eq!((here.tokens(), here.committed().tree.root()), (there.tokens(), there.committed().tree.root()));
        assert!(!keep || here.committed().cells == there.committed().cells);
    }
}

/// What comes of a machine that fails at one of its calls, whichever it is: all of the answer from one of both, and why.
#[test]
fn an_answer_is_never_half_of_a_machine() {
    let tiny = Tiny::sized(3, [8, 2, 1, 4, 8, 13, 1]);
    let tokens = Random(3).tokens(16, 13);
    let model = quantise::<i8>(&tiny.checkpoint(), &tokens, 32, Choice::Greedy).unwrap().model;
    let prover = Prover::new(model).unwrap();
    let question = Question { query: Digest([3; 32]), prompt: vec![1, 2], count: 2 };
    let cpu = prover.answer(question.clone(), SEED, false).unwrap();
    let machine = Counted::new();
    let (mut call, mut others) = (0, 0);
    loop {
        machine.failing(Some(call));
        let mut heard = None;
        let Whole { value, failed } = whole(
            &machine,
            prover.model(),
            |by| prover.answer_by(by, question.clone(), SEED, false),
            |why| {
                heard = Some(why.clone());
                prover.answer(question.clone(), SEED, false)
            },
        )
        .unwrap();
        assert_eq!((value.tokens(), value.committed().tree.root()), (cpu.tokens(), cpu.committed().tree.root()));
        assert_eq!((machine.inner.taken(), &heard), (0, &failed));
        if machine.calls.get() <= call {
            assert_eq!(failed, None);
            break;
        }
        // Nothing is asked of it any more.
        assert_eq!(machine.calls.get(), call + 1);
        assert_eq!(failed, Some(Refused::new("the card", format!("call {call} fails"))));
        call += 1;
        others += u64::from(failed.is_some());
    }
    assert!(others == call && call > 80, "{call}");

    // Who wants that machine and no other is told, in plain words.
    machine.failing(Some(70));
    let only = whole(
        &machine,
        prover.model(),
        |by| prover.answer_by(by, question.clone(), SEED, false),
        |why| Err(Failure::Card(why.clone())),
    );
    let said = only.unwrap_err().to_string();
    assert_eq!(
        said,
        "The card has failed, and what it began is not signed. In the card: call 70 fails. Try again, or let the CPU compute it."
    );
    // What the model refuses is no fault of the machine, and the CPU is not asked.
    machine.failing(None);
    let wrong = Question { prompt: vec![99], ..question };
    let refused = whole(
        &machine,
        prover.model(),
        |by| prover.answer_by(by, wrong.clone(), SEED, false),
        |_| panic!("the CPU is asked"),
    );
    assert!(refused.unwrap_err().to_string().contains("there is no token 99"));
}

#[test]
fn a_fusion_is_never_half_of_a_machine() {
    let shape = Shape { workers: true, coords: true };
    let program = Program::new(Source {
        workers: 3,
        coords: 2,
        inputs: vec![Input { shape, low: -9, high: 9 }],
        tables: Vec::new(),
        ops: vec![Op::Input(0), Op::Sorted(0), Op::At(1, 1), Op::Sum(0, Axis::Coords), Op::Sum(3, Axis::Workers)],
        conditions: Vec::new(),
        result: 2,
    })
    .unwrap();
    let input: &[i64] = &[1, -5, 4, 9, 2, 0];
    let cpu = program.run(&[input]).unwrap();
    let machine = Counted::new();
    for call in 0.. {
        machine.failing(Some(call));
        let done = whole_of(
            &machine,
            |machine| fusion::run(machine, &program, &[input]).map_err(Failure::from),
            |_| Ok(program.run(&[input])?),
        )
        .unwrap();
        assert_eq!((&done.value, machine.inner.taken()), (&cpu, 0));
        if machine.calls.get() <= call {
            assert!(done.failed.is_none() && call > 5, "{call}");
            break;
        }
        assert_eq!(done.failed, Some(Refused::new("the card", format!("call {call} fails"))));
    }
}
