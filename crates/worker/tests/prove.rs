//! Answers and their certificates, from generation to an envelope that is admitted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::*;
use bfv_cert::digest::{Digest, draw_word, query_id};
use bfv_cert::envelope::{LogExtract, RegistryExtract};
use bfv_cert::freshness::Fresh;
use bfv_cert::log::{Entry as LogEntry, Inclusion, Kind, Log};
use bfv_cert::registry::{Entry, Registry, Role};
use bfv_cert::sign::{Quorum, SecretKey};
use bfv_cert::statement::{Signed, Statement};
use bfv_cert::{Expected, Policy, Refusal, admit};
use bfv_exact::commit::{Layout, read_cell, token_bytes, tokens_root};
use bfv_exact::forward::{Op, Shown, State};
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::Exact;
use bfv_exact::sample::Sampler;
use bfv_exact::spec::Named;
use bfv_model::stored::Element;
use bfv_worker::prove::{Answer, Circumstances, Failure, Prover, Question};
use bfv_worker::quantise::{Choice, quantise};
use bfv_worker::stream::Speaker;
use common::{Draw, Random, Tiny};

const NOW: u64 = 1_800_000_000;
const SEED: [u8; 32] = [7; 32];
const DRAW: Choice = Choice::Draw { temperature: 1.5, top_k: 13, top_p: 65_536 };

fn prover<G: Element + Shown>(seed: u64, choice: Choice) -> Prover<G>
where
    G::Sum: Shown,
{
    let tokens = Random(seed).tokens(16, 13);
    Prover::new(quantise::<G>(&Tiny::new(seed).checkpoint(), &tokens, 32, choice).unwrap().model).unwrap()
}

fn question(prompt: &[u32], count: usize) -> Question {
    let query = query_id(&[5; 32], prompt, &Digest([1; 32]), &Digest([2; 32]));
    Question { query, prompt: prompt.to_vec(), count }
}

fn circumstances() -> Circumstances {
    Circumstances {
        slot: Slot { epoch: u64::MAX, view: u64::MAX, seq: u64::MAX },
        validity: Validity { not_before: NOW, not_after: NOW + 300 },
        previous: Digest([0xff; 32]),
        execution: None,
    }
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn extracts(certificate: &Certificate) -> (LogExtract, RegistryExtract) {
    let registry = Registry::new(vec![Entry::new(&key(1), Role::Worker, NOW, NOW + 500)]).unwrap();
    let head = registry.head(NOW);
    let mut log = Log::default();
    log.append(&LogEntry { kind: Kind::RegistryHead, time: NOW, id: head.id() }).unwrap();
    log.append(&LogEntry { kind: Kind::Certificate, time: NOW + 1, id: certificate.id() }).unwrap();
    let tree = log.head(NOW + 1).unwrap();
    let place = |index, time| Inclusion { index, time, proof: log.inclusion(index, 2).unwrap() };
    let log = LogExtract {
        head: Signed::new(tree, vec![tree.sign(&key(11))]),
        certificate: place(1, NOW + 1),
        registry: place(0, NOW),
    };
    let opening = registry.open(key(1).public().id(), Role::Worker).unwrap();
    (log, RegistryExtract { head: Signed::new(head, vec![head.sign(&key(10))]), opening })
}

/// The envelope is admitted for the question that was asked, and for no other.
fn admitted<G: Named + Saturate + Shown>(prover: &Prover<G>, answer: &Answer, q: &Question, bytes: &[u8])
where
    G::Sum: Shown,
{
    let policy = Policy {
        authority: Quorum::one(key(10).public()),
        log: Quorum::one(key(11).public()),
        registry_max_age: 600,
        lanes: vec![Lane::Exact],
        models: vec![prover.model_root()],
        specs: vec![prover.spec_root()],
        kernels: Vec::new(),
    };
    let output = token_bytes(answer.tokens());
    let expect = |query, prompt: &[u32], output| {
        let fresh = Fresh { query: Some(query), ..Fresh::default() };
        let input = Some(tokens_root(prompt).unwrap());
        admit(
            bytes,
            &policy,
            &Expected { at: Some(NOW + 5), fresh, input, output: Some(output), ..Expected::default() },
        )
    };
    expect(q.query, &q.prompt, &output).unwrap();
    assert!(matches!(expect(Digest([3; 32]), &q.prompt, &output), Err(Refusal::Freshness(_))));
    assert!(matches!(expect(q.query, &[1, 2], &output), Err(Refusal::Binding(..))));
    assert!(matches!(expect(q.query, &q.prompt, &output[1..]), Err(Refusal::Binding(..))));
    let other = Policy { models: vec![Digest([9; 32])], ..policy.clone() };
    assert!(matches!(admit(bytes, &other, &Expected::default()), Err(Refusal::Binding(..))));
}

fn certified<G: Element + Shown>(seed: u64, choice: Choice)
where
    G::Sum: Shown,
{
    let prover = prover::<G>(seed, choice);
    let q = question(&[3, 1, 12, 4, 4], 6);
    let answer = prover.answer(q.clone(), SEED, true).unwrap();
    let certificate = prover.certify(&answer, &circumstances(), &key(1)).unwrap();
    certificate.verify().unwrap();
    let (log, registry) = extracts(&certificate);
    // Hashes alone give the same certificate.
    let hashed = prover.answer(q.clone(), SEED, false).unwrap();
    assert_eq!(prover.certify(&hashed, &circumstances(), &key(1)).unwrap(), certificate);
    // All values, some and none.
    for leaves in [answer.leaves(), vec![0, 7, 99], Vec::new()] {
        let bytes = answer.envelope(&certificate, (&log, &registry), &leaves).unwrap();
        admitted(&prover, &answer, &q, &bytes);
    }
    // What is opened as the logits of a block chooses its token by the revealed seed.
    let spec = prover.model().spec();
    let layout = Layout::new(spec, q.prompt.len(), answer.tokens().len()).unwrap();
    assert_eq!(layout.shape(), answer.committed().shape);
    let head = u32::try_from(spec.draft().layers.len()).unwrap() + 1;
    for (block, token) in (0u32..).zip(answer.tokens()) {
        let leaf = usize::try_from(layout.leaf(block, head, Op::Logits).unwrap()).unwrap();
        let form = layout.form(block, head, Op::Logits).unwrap();
        let logits = read_cell::<i32>(form, &answer.committed().cells[leaf]).unwrap().remove(0);
        let word = draw_word(&SEED, &q.query, block.into());
        let chosen = spec.draft().sampler.choose(prover.model().powers(), logits.entries(), word).unwrap();
        assert_eq!(chosen, *token as usize);
    }
}

#[test]
fn an_answer_is_certified_and_admitted() {
    certified::<i8>(1, Choice::Greedy);
    certified::<i8>(2, DRAW);
    certified::<i16>(3, Choice::Greedy);
    certified::<i16>(4, DRAW);
}

/// A greedy answer is what a step over the whole text gives, whatever the seed.
#[test]
fn generation_continues_the_prompt() {
    let prover = prover::<i16>(5, Choice::Greedy);
    let q = question(&[2, 9], 8);
    let answer = prover.answer(q.clone(), SEED, false).unwrap();
    let mut text = q.prompt.clone();
    for token in answer.tokens() {
        let (_, logits) = prover.model().forward(State::default(), &text, &mut ()).unwrap();
        assert_eq!(Sampler::Greedy.choose(prover.model().powers(), &logits, 0).unwrap(), *token as usize);
        text.push(*token);
    }
    assert_eq!(prover.answer(q, [8; 32], false).unwrap().tokens(), answer.tokens());
}

#[test]
fn a_drawn_answer_follows_the_seed_and_the_question() {
    let prover = prover::<i16>(6, DRAW);
    let draw = |q: &Question, seed| prover.answer(q.clone(), seed, false).unwrap().tokens().to_vec();
    let q = question(&[2, 9], 20);
    assert_eq!(draw(&q, SEED), draw(&q, SEED));
    assert_ne!(draw(&q, SEED), draw(&q, [8; 32]));
    assert_ne!(draw(&q, SEED), draw(&Question { query: Digest([4; 32]), ..q.clone() }, SEED));
}

#[test]
fn every_circumstance_and_every_part_of_the_answer_is_signed() {
    let prover = prover::<i8>(7, DRAW);
    let q = question(&[1, 2, 3], 5);
    let answer = |q: &Question, seed| prover.answer(q.clone(), seed, false).unwrap();
    let id = |a: &Answer, c: &Circumstances, n| prover.certify(a, c, &key(n)).unwrap().id();
    let (a, c) = (answer(&q, SEED), circumstances());
    let mut all = vec![id(&a, &c, 1), id(&a, &c, 2), id(&answer(&q, [8; 32]), &c, 1)];
    all.push(id(&answer(&question(&[1, 2, 4], 5), SEED), &c, 1));
    all.push(id(&answer(&question(&[1, 2, 3], 4), SEED), &c, 1));
    all.push(id(&answer(&Question { query: Digest([4; 32]), ..q }, SEED), &c, 1));
    all.push(id(&a, &Circumstances { slot: Slot { epoch: 1, view: 2, seq: 3 }, ..c }, 1));
    all.push(id(&a, &Circumstances { validity: Validity { not_after: NOW + 299, ..c.validity }, ..c }, 1));
    all.push(id(&a, &Circumstances { previous: Digest::ZERO, ..c }, 1));
    all.push(id(&a, &Circumstances { execution: Some(execution()), ..c }, 1));
    let n = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), n);
}

fn execution() -> Execution {
    let step = BatchStep { sequences: BATCH_LIMIT, tokens: BATCH_LIMIT, position: BATCH_LIMIT - 1 };
    Execution { kernel: Digest([6; 32]), device: 255, batch: Batch::Fixed(step) }
}

/// With the largest numbers in every field.
#[test]
fn a_certificate_is_short() {
    let prover = prover::<i8>(8, Choice::Greedy);
    let answer = prover.answer(question(&[1, 2, 3], 5), SEED, false).unwrap();
    let with = |execution| {
        let c = Circumstances { execution, ..circumstances() };
        prover.certify(&answer, &c, &key(1)).unwrap().encode().len()
    };
    let (without, with) = (with(None), with(Some(execution())));
    println!("A certificate has {without} bytes, and {with} with kernel, device and batch.");
    assert!(without < with && with < 700, "{without} and {with}");
}

#[test]
fn what_cannot_be_answered_or_opened_is_refused() {
    let prover = prover::<i8>(9, Choice::Greedy);
    let model = |prompt: &[u32], count, why: &str| {
        let failure = prover.answer(question(prompt, count), SEED, false).unwrap_err();
        assert!(matches!(&failure, Failure::Model(r) if r.why.contains(why)), "{failure}");
    };
    model(&[13], 1, "no token 13");
    model(&[], 1, "there are 0 rows");
    model(&[1], 0, "there are no tokens");
    model(&[1; 33], 1, "exceed 32 positions");
    model(&[1; 30], 4, "exceed 32 positions");
    // The last token that is chosen needs no position.
    prover.answer(question(&[1; 30], 3), SEED, false).unwrap();
    let kept = prover.answer(question(&[1], 1), SEED, true).unwrap();
    let hashed = prover.answer(question(&[1], 1), SEED, false).unwrap();
    let certificate = prover.certify(&kept, &circumstances(), &key(1)).unwrap();
    let (log, registry) = extracts(&certificate);
    let opening = |a: &Answer, leaves: &[u64]| a.envelope(&certificate, (&log, &registry), leaves);
    for leaves in [vec![1, 1], vec![2, 1], vec![kept.committed().shape.leaves()], vec![u64::MAX]] {
        assert_eq!(opening(&kept, &leaves).unwrap_err(), Failure::Opening);
    }
    assert_eq!(opening(&hashed, &[0]).unwrap_err(), Failure::Opening);
    opening(&hashed, &[]).unwrap();
}

/// Whatever the blocks are, the tokens are those of the answer as a whole, and each certificate says where its block begins.
#[test]
fn blocks_of_an_answer_are_the_answer() {
    let prover = prover::<i8>(5, DRAW);
    let prompt = [3, 1, 2];
    let whole = prover.answer(question(&prompt, 12), SEED, false).unwrap();
    let key = SecretKey::from_seed(&[1; 32]);
    let spec = prover.model().spec();
    for sizes in [&[12, 1][..], &[5, 7, 1], &[1; 13], &[4, 20]] {
        let mut speaker = Speaker::new(&prover, &Exact, question(&prompt, 12), SEED, true);
        let (mut told, mut input, mut parent) = (Vec::new(), prompt.to_vec(), None);
        for size in sizes {
            let left = speaker.left();
            if left == 0 {
                // There is nothing more to tell.
                assert!(matches!(speaker.block(*size), Err(Failure::Model(_))));
                continue;
            }
            let block = speaker.block(*size).unwrap();
            assert_eq!(block.tokens().len(), left.min(*size));
            let certificate = prover.certify_after(&block, parent, &circumstances(), &key).unwrap();
            let f = certificate.fields();
            let operation = if told.is_empty() { Operation::FullForward } else { Operation::Continuation };
            assert_eq!((f.operation, f.input), (operation, tokens_root(&input).unwrap()));
            assert_eq!(f.parents, parent.into_iter().collect::<Vec<_>>());
            assert_eq!(f.output_root, tokens_root(block.tokens()).unwrap());
            // A later block without a parent would be malformed, and so would be a first one with one.
            let other = if parent.is_none() { Some(Digest::ZERO) } else { None };
            let refused = prover.certify_after(&block, other, &circumstances(), &key);
            assert!(matches!(refused, Err(Failure::Certificate(Refusal::Malformed(..)))));
            let products = block.products(spec).unwrap();
            assert_eq!(products.len(), block.tokens().len() * (spec.draft().layers.len() * 9 + 1));
            told.extend_from_slice(block.tokens());
            (input, parent) = (told[told.len() - 1..].to_vec(), Some(certificate.id()));
        }
        assert_eq!(told, whole.tokens());
    }
}
