//! Answers computed with the kernels of a card, which the interpreter of PTX runs here: what is committed is what the CPU commits to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "../../device/tests/common/mod.rs"]
mod interpreter;

use bfv_cert::certificate::{Layers, Slot, Validity};
use bfv_cert::digest::{Digest, query_id};
use bfv_cert::sign::SecretKey;
use bfv_device::arithmetic::OnMachine;
use bfv_device::kernels::identity;
use bfv_device::linear::Planes;
use bfv_exact::commit::all_rows;
use bfv_exact::forward::Shown;
use bfv_exact::rounding::Exact;
use bfv_model::stored::Element;
use bfv_worker::prove::{Circumstances, Prover, Question};
use bfv_worker::quantise::{Choice, quantise};
use bfv_worker::single::execution;
use bfv_worker::stage::Task;
use bfv_worker::stream::Speaker;
use common::{Draw, Random, Tiny};
use interpreter::Interpreter;

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
    let there = prover.answer_by(&by, question, SEED, true).unwrap();
    assert!(machine.steps.get() > 100_000, "{}", machine.steps.get());
    assert_eq!((here.tokens(), &here.committed().cells), (there.tokens(), &there.committed().cells));
    assert_eq!(here.committed().tree.root(), there.committed().tree.root());

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
