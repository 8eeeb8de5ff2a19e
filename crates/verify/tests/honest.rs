//! Honest answers are accepted, whatever the grid, the openings and the random numbers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_exact::spec::Bits;
use bfv_verify::{Beacon, Challenge, Secret, Subject};
use common::*;

#[test]
fn honest_answers_are_accepted_with_every_kind_of_random_numbers() {
    let subject = subject();
    let proof = prove(subject.model(), &subject, &PROMPT, 5);
    let secret = Secret::new(&subject, [9; 32]);
    for bytes in [proof.bytes(), proof.products().bytes()] {
        let beacon = Beacon::new(&subject, &[8; 32], &log_root(&bytes), world::LOGGED + 1, 1);
        let all = [
            (Challenge::Secret(&secret, 0), 60),
            (Challenge::Beacon(&beacon), 60),
            (BOTH, 59),
            (Challenge::FiatShamir { repetitions: 3, tries: 80 }, 99),
        ];
        for (challenge, bits) in all {
            let accepted = accepts(judged_by(&bytes, &subject, challenge));
            assert_eq!(accepted.soundness().bits(), bits);
            assert_eq!(accepted.values().len(), 5);
            assert!(accepted.checked().products > 1000 && accepted.checked().computed > 1000);
        }
    }
}

#[test]
fn honest_answers_are_accepted_for_many_shapes() {
    let mut random = numbers::Random(5);
    for n in 0..30 {
        let grid = if n % 2 == 0 { Bits::Eight } else { Bits::Sixteen };
        let mut draft = numbers::small::any_draft(&mut random, grid);
        draft.dims.vocab = 9;
        let prompt = &PROMPT[..];
        let answer = 1 + random.below(6);
        if grid == Bits::Eight {
            let subject = Subject::new(model::<i8>(&draft)).unwrap();
            accepts(judged(&prove(subject.model(), &subject, prompt, answer).bytes(), &subject));
        } else {
            let subject = Subject::new(model::<i16>(&draft)).unwrap();
            accepts(judged(&prove(subject.model(), &subject, prompt, answer).bytes(), &subject));
        }
    }
}
