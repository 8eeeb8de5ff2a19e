//! Bytes of stored proofs: one content, one file; every damaged file is refused with a reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_format::{
    DEPTH_LIMIT, Decl, Library, Node, Outcome, Prim, Rational, ReadError, Stored, Term, read, read_library, reseal,
    write, write_library,
};
use common::{sample, stored};
use num_bigint::{BigInt, BigUint};
use proptest::prelude::*;

fn rejects(bytes: &[u8], reason: &str) {
    match read(bytes) {
        Err(ReadError { reason: r, .. }) => assert_eq!(r, reason),
        Ok(_) => panic!("accepted, expected: {reason}"),
    }
}

fn proof_of(statement: Term) -> Stored {
    Stored {
        decls: vec![],
        claim: "c".into(),
        statement: statement.clone(),
        verdict: Outcome::Proved,
        evidence: statement,
        witness: vec![],
        engine: "e".into(),
    }
}

fn nat() -> Term {
    Term::new(Node::Prim(Prim::Nat))
}

fn deep(height: u32) -> Term {
    (1..height).fold(nat(), |t, _| Term::new(Node::Lam(t)))
}

/// Frees a tall chain without recursion.
fn release(mut t: Term) {
    while let Ok(Node::Lam(next)) = std::rc::Rc::try_unwrap(t) {
        t = next;
    }
}

/// The smallest file: one node. Offsets: 0 magic, 4 version, 5 count 1, 6 tag Prim, 7 Nat, 8 no declarations,
/// 9 name "c", 11 statement, 12 verdict, 13 evidence, 14 no witness, 15 engine "e", 17 seal.
fn smallest() -> Vec<u8> {
    let bytes = write(&proof_of(nat()));
    assert_eq!(bytes[..17], *b"bfvp\x02\x01\x03\x03\x00\x01c\x00\x00\x00\x00\x01e");
    assert_eq!(bytes.len(), 17 + 32);
    bytes
}

fn edited(at: std::ops::Range<usize>, with: &[u8]) -> Vec<u8> {
    let mut bytes = smallest();
    bytes.splice(at, with.iter().copied());
    reseal(&bytes)
}

#[test]
fn the_sample_reads_back() {
    let s = sample();
    let bytes = write(&s);
    assert_eq!(read(&bytes).unwrap(), s);
}

#[test]
fn every_single_byte_change_is_refused() {
    let bytes = write(&sample());
    for i in 0..bytes.len() {
        for change in [1_u8, 2, 0x10, 0x55, 0x80, 0xff] {
            let mut b = bytes.clone();
            b[i] ^= change;
            let reason = read(&b).expect_err("a changed file was accepted").reason;
            let expected = match i {
                0..4 => "not a file of this kind",
                4 => "unknown version",
                _ => "seal does not match",
            };
            assert_eq!(reason, expected, "byte {i}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = write(&sample());
    for n in 0..bytes.len() {
        let reason = read(&bytes[..n]).expect_err("a truncated file was accepted").reason;
        assert!(["truncated", "seal does not match"].contains(&reason), "{reason} at {n}");
        assert!(n + 33 > bytes.len() || read(&reseal(&bytes[..n])).is_err(), "resealed truncation at {n}");
    }
}

#[test]
fn resealed_changes_are_refused_or_are_other_files() {
    let bytes = write(&sample());
    let (mut refused, mut other) = (0_u32, 0_u32);
    for i in 0..bytes.len() - 32 {
        for value in 0..=255_u8 {
            if value == bytes[i] {
                continue;
            }
            let mut b = bytes.clone();
            b[i] = value;
            let b = reseal(&b);
            match read(&b) {
                Ok(s) => {
                    assert!(write(&s) == b, "byte {i} as {value} decodes to a content that has other bytes");
                    other += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1000 && other > 1000, "{refused} refused, {other} other");
}

#[test]
fn equal_terms_share_one_node_whatever_their_addresses() {
    let twice = Term::new(Node::Pi(nat(), nat()));
    let n = nat();
    let shared = Term::new(Node::Pi(n.clone(), n));
    assert_eq!(write(&proof_of(twice)), write(&proof_of(shared)));
}

#[test]
fn sharing_keeps_a_tree_of_two_to_the_200_small() {
    let t = (0..200).fold(nat(), |t, _| Term::new(Node::App(t.clone(), t)));
    let bytes = write(&proof_of(t));
    assert!(bytes.len() < 2000);
    assert_eq!(write(&read(&bytes).unwrap()), bytes);
}

#[test]
fn each_defect_has_its_reason() {
    rejects(&edited(17..17, &[0]), "trailing bytes");
    rejects(&edited(5..6, &[0x81, 0x00]), "number not in its shortest form");
    rejects(&edited(5..6, &[0xff, 0xff, 0xff, 0xff, 0x7f]), "count larger than the file");
    rejects(&edited(5..6, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), "number too large");
    rejects(&edited(6..7, &[99]), "unknown kind of term");
    rejects(&edited(7..8, &[u8::try_from(Prim::ALL.len()).unwrap()]), "unknown constant");
    rejects(&edited(6..8, &[8, 0]), "child does not come before its parent");
    rejects(&edited(11..12, &[1]), "child does not come before its parent");
    rejects(&edited(5..8, &[2, 3, 3, 3, 3]), "the same term twice");
    rejects(&edited(5..8, &[2, 3, 3, 3, 4]), "unused term");
    rejects(&edited(11..12, &[0xff, 0xff, 0xff, 0xff, 0x10]), "number too large");
    rejects(&edited(12..13, &[2]), "unknown verdict");
    rejects(&edited(10..11, &[0xff]), "text is not UTF-8");
    rejects(&edited(10..11, &[0x1b]), "control character in a text");
    rejects(&edited(6..8, &[2, 0, 0]), "constant does not come earlier");
    rejects(&edited(6..8, &[4, 1, 0]), "number not in its shortest form");
    rejects(&edited(8..9, &[1, 4, 0]), "unknown kind of declaration");
    rejects(&edited(6..8, &[18, 0, 3]), "child does not come before its parent");
    rejects(&edited(5..8, &[2, 3, 3, 18, 0, 3]), "unknown interval term");
    rejects(&edited(5..8, &[2, 3, 3, 29, 3, 0, 0, 0]), "unknown sort");
    rejects(&edited(5..8, &[1, 29, 2, 0, 1, 8, 0]), "unknown arithmetic instruction");
    rejects(&edited(5..8, &[1, 31, 0, 0, 0, 1, 3]), "unknown step");
    rejects(&edited(5..8, &[2, 3, 3, 30, 0, 1, 3, 0, 0, 0, 0, 0]), "unknown relation");
    rejects(&[], "truncated");
}

#[test]
fn terms_out_of_order_are_refused() {
    // Two leaves in the wrong order for `Pi(Nat, Int)`, which the walk visits left to right.
    let right = edited(5..14, &[3, 3, 3, 3, 4, 7, 0, 1, 0, 1, b'c', 2, 0, 2]);
    assert_eq!(write(&read(&right).unwrap()), right);
    let wrong = edited(5..14, &[3, 3, 4, 3, 3, 7, 1, 0, 0, 1, b'c', 2, 0, 2]);
    rejects(&wrong, "terms out of order");
}

#[test]
fn t46_rationals_not_in_lowest_terms_are_refused() {
    rejects(&edited(6..8, &[6, 1, 1, 2, 1, 4]), "fraction not in lowest terms");
    rejects(&edited(6..8, &[6, 1, 1, 2, 0]), "denominator not positive");
    rejects(&edited(6..8, &[6, 1, 0, 1, 1]), "zero with a sign");
    rejects(&edited(6..8, &[6, 0, 1, 2]), "fraction not in lowest terms");
    rejects(&edited(6..8, &[6, 3, 1, 2, 1, 1]), "unknown sign");
    assert!(read(&edited(6..8, &[6, 2, 1, 3, 1, 4])).is_ok());
}

#[test]
fn a_number_with_too_many_digits_is_refused() {
    let n = BigUint::from(1_u32) << (8 * bfv_format::NUMBER_LIMIT);
    rejects(&write(&proof_of(Term::new(Node::NatLit(n)))), "number has too many digits");
}

#[test]
fn a_fraction_that_the_writer_was_given_wrongly_is_refused() {
    let q = Rational { num: BigInt::from(2), den: BigUint::from(4_u32) };
    rejects(&write(&proof_of(Term::new(Node::RealLit(q)))), "fraction not in lowest terms");
}

#[test]
fn depth_is_bounded_and_needs_no_stack() {
    let t = deep(DEPTH_LIMIT);
    let bytes = write(&proof_of(t.clone()));
    let Stored { statement, evidence, .. } = read(&bytes).unwrap();
    drop(evidence);
    release(statement);
    release(t);
    let t = deep(DEPTH_LIMIT + 1);
    rejects(&write(&proof_of(t.clone())), "term too deep");
    release(t);
}

#[test]
fn a_data_type_may_name_itself_and_a_definition_may_not() {
    let mut s = sample();
    let Decl::Data(d) = &mut s.decls[1] else { panic!() };
    d.params[0] = Term::new(Node::Const { id: 1, shift: 0 });
    rejects(&write(&s), "constant does not come earlier");
    let mut s = sample();
    let Decl::Def { body, .. } = &mut s.decls[2] else { panic!() };
    *body = Term::new(Node::Const { id: 2, shift: 0 });
    rejects(&write(&s), "constant does not come earlier");
}

#[test]
fn a_library_reads_back_and_is_not_a_proof() {
    let library = Library { decls: sample().decls, meta: vec![0, 255, 7] };
    let bytes = write_library(&library);
    assert_eq!(read_library(&bytes).unwrap(), library);
    rejects(&bytes, "not a file of this kind");
    assert_eq!(read_library(&smallest()).unwrap_err().reason, "not a file of this kind");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_is_written_reads_back(seeds in prop::collection::vec(any::<(u8, u32, u32, u32, u32)>(), 1..12)) {
        let s = stored(&seeds);
        let bytes = write(&s);
        // Fractions made from seeds may not be in lowest terms; then the reader must say so.
        match read(&bytes) {
            Ok(back) => {
                prop_assert_eq!(&back, &s);
                prop_assert_eq!(write(&back), bytes);
            }
            Err(e) => prop_assert_eq!(e.reason, "fraction not in lowest terms"),
        }
    }

    #[test]
    fn random_bytes_are_refused_with_or_without_a_seal(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"bfvp\x02".to_vec();
        bytes.extend(tail);
        prop_assert!(read(&bytes).is_err());
        let sealed = reseal(&bytes);
        if let Ok(s) = read(&sealed) {
            prop_assert_eq!(write(&s), sealed);
        }
    }
}
