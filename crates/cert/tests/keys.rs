//! Attacks 4, 5 and 36: keys and signatures that a plain verification lets through.
//!
//! | | `verify` of ed25519-dalek | here |
//! |---|---|---|
//! | key of small order, R of small order, s = 0 | accepted for any message, or every eighth | weak key |
//! | key with y not reduced, or with the sign of x = 0 | decodes | not canonical |
//! | s not reduced | refused, unless built with `legacy_compatibility` | not reduced |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::registry::{Entry, Registry, Role};
use bfv_cert::sign::{Payload, PublicKey, Quorum, SecretKey, Signature};
use bfv_cert::{Malformed, Part, Refusal, SignatureFault};
use common::{Numbers, d, key};
use ed25519_dalek::{Verifier, VerifyingKey};

/// The order of the prime group, L = 2^252 + 27742317777372353535851937790883648493.
const TAIL: u128 = 27_742_317_777_372_353_535_851_937_790_883_648_493;

/// The eight encodings of the points of small order: L times a point leaves only its part of small order.
fn small() -> Vec<[u8; 32]> {
    let mut numbers = Numbers(1);
    loop {
        let bytes: [u8; 32] = std::array::from_fn(|_| numbers.next().to_le_bytes()[3]);
        let Ok(point) = VerifyingKey::from_bytes(&bytes) else { continue };
        let point = point.to_edwards();
        let zero = point + -point;
        let (mut part, mut doubled) = (zero, point);
        for bit in 0..253 {
            if bit == 252 || (bit < 128 && TAIL >> bit & 1 == 1) {
                part += doubled;
            }
            doubled += doubled;
        }
        let multiples = std::iter::successors(Some(zero), |sum| Some(sum + part)).take(8);
        let mut encodings: Vec<[u8; 32]> = multiples.map(|p| p.compress().to_bytes()).collect();
        encodings.sort_unstable();
        encodings.dedup();
        if encodings.len() == 8 {
            return encodings;
        }
    }
}

#[test]
fn the_eight_points_of_small_order_are_weak_keys() {
    let all = small();
    let zero = std::array::from_fn(|i| u8::from(i == 0));
    assert!(all.contains(&zero));
    for point in &all {
        assert_eq!(PublicKey::parse(point), Err(SignatureFault::WeakKey));
        // What the library accepts by its plain verification: s = 0 and R = -k A, where k is a hash of R and the message.
        let plain = VerifyingKey::from_bytes(point).unwrap();
        let accepts = |message: u8, r: &[u8; 32]| {
            let forged = ed25519_dalek::Signature::from_bytes(&[*r, [0; 32]].concat().try_into().unwrap());
            plain.verify(&Payload::Certificate.message(&[message]), &forged).is_ok()
        };
        let forgeries = (0..64).flat_map(|m| all.iter().map(move |r| (m, r))).filter(|(m, r)| accepts(*m, r)).count();
        assert!(forgeries > 20, "{forgeries}: this shows nothing if the library refuses them");
    }
}

#[test]
fn encodings_that_are_not_canonical_are_refused() {
    let mut found = [0; 2];
    // y from p to 2^255 - 1 is y from 0 to 18, with either sign.
    for low in 0xed..=0xffu8 {
        for sign in [0x7f, 0xff] {
            let bytes = std::array::from_fn(|i| match i {
                0 => low,
                31 => sign,
                _ => 0xff,
            });
            let decodes = VerifyingKey::from_bytes(&bytes).is_ok();
            let fault = if decodes { SignatureFault::NotCanonicalKey } else { SignatureFault::NoPoint };
            assert_eq!(PublicKey::parse(&bytes), Err(fault), "{bytes:?}");
            found[usize::from(decodes)] += 1;
        }
    }
    assert!(found.iter().all(|n| *n > 8), "{found:?}");
    // x = 0 has no sign: y = 1 and y = -1 with one.
    let one: [u8; 32] = std::array::from_fn(|i| match i {
        0 => 1,
        31 => 0x80,
        _ => 0,
    });
    let minus_one: [u8; 32] = std::array::from_fn(|i| if i == 0 { 0xec } else { 0xff });
    for bytes in [one, minus_one] {
        assert!(VerifyingKey::from_bytes(&bytes).is_ok(), "this shows nothing if the library refuses it");
        assert_eq!(PublicKey::parse(&bytes), Err(SignatureFault::NotCanonicalKey));
    }
}

#[test]
fn signatures_with_weak_points_are_refused() {
    let public = key(1).public();
    let honest = key(1).sign(Payload::TreeHead, b"body");
    public.verify(Payload::TreeHead, b"body", &honest).unwrap();
    for point in small() {
        let mut forged = honest;
        forged.0[..32].copy_from_slice(&point);
        let found = public.verify(Payload::TreeHead, b"body", &forged);
        assert_eq!(found, Err(SignatureFault::WeakPoint));
    }
    let zero = Signature([0; 64]);
    assert!(public.verify(Payload::TreeHead, b"body", &zero).is_err());
    assert_eq!(public.verify(Payload::TreeHead, b"body", &Signature([0xff; 64])), Err(SignatureFault::NotReduced));
    assert_eq!(public.verify(Payload::TreeHead, b"other", &honest), Err(SignatureFault::Wrong));
}

/// Nobody registers the key of another, or a key for another role or time than its holder said.
#[test]
fn a_key_is_registered_by_whoever_has_it() {
    let own = Entry::new(&key(1), Role::Worker, 5, 9);
    assert!(Registry::new(vec![own]).is_ok());
    let stolen = Entry { key: key(2).public().id(), ..own };
    for wrong in [stolen, Entry { role: Role::Head, ..own }, Entry { not_after: 10, ..own }] {
        let refusal = Registry::new(vec![own, wrong]).expect_err("it was registered");
        let faults = [Refusal::Signature(Part::RegistryEntry, SignatureFault::Wrong)];
        // A second entry for one key and role is noticed before.
        let twice = matches!(refusal, Refusal::Malformed(_, Malformed::Order));
        assert_eq!(twice, (wrong.key, wrong.role) == (own.key, own.role), "{refusal}");
        assert!(twice || faults.contains(&refusal), "{refusal}");
        assert_eq!(Registry::new(vec![wrong]).err(), Some(faults[0]));
    }
    // A revocation is the word of the authority, not of the holder.
    assert!(Registry::new(vec![Entry { revoked_at: Some(6), ..own }]).is_ok());
}

/// Test 1 of RFC 8032, section 7.1: the key of a seed.
#[test]
fn the_key_of_a_seed_is_that_of_the_standard() {
    let read =
        |text: &str| -> [u8; 32] { std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()) };
    let seed = read("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = read("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_eq!(SecretKey::from_seed(&seed).public().id().0.as_bytes(), &public);
    assert_eq!(PublicKey::parse(&public), Ok(SecretKey::from_seed(&seed).public()));
}

#[test]
fn a_quorum_has_different_keys_and_a_threshold_that_can_be_met() {
    let keys = |n: &[u8]| n.iter().map(|n| key(*n).public()).collect::<Vec<_>>();
    assert!(Quorum::new(keys(&[1, 2, 1]), 2).is_none());
    assert!(Quorum::new(keys(&[1, 2]), 0).is_none());
    assert!(Quorum::new(keys(&[1, 2]), 3).is_none());
    let quorum = Quorum::new(keys(&[2, 1]), 2).unwrap();
    // One signature twice is one.
    let one = (key(1).public().id(), key(1).sign(Payload::TreeHead, b"x"));
    let twice = quorum.verify(Payload::TreeHead, b"x", &[one, one]);
    assert_eq!(twice, Err(SignatureFault::TooFewSigners(2, 2)));
}

/// Attack 36: nothing in this build turns on the verification of old, which takes signatures that others have changed.
#[test]
fn the_feature_legacy_compatibility_is_absent() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let o = std::process::Command::new(cargo)
        .args(["tree", "--workspace", "--offline", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p} features {f}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(o.stdout).unwrap();
    let features = |name: &str| text.lines().find(|l| l.starts_with(name)).map(|l| l.split_once("features").unwrap().1);
    let dalek = features("ed25519-dalek v3.").expect("cargo does not list the crate");
    assert_eq!(dalek.replace(" (*)", "").trim(), "fast,zeroize");
    assert!(features("curve25519-dalek v").is_some_and(|f| f.contains("precomputed-tables")), "{text}");
    assert!(!text.contains("legacy_compatibility"), "{text}");
}

#[test]
fn an_entry_carries_its_manifest_and_the_key_signs_it() {
    let with = |manifest| Entry::with_manifest(&key(1), Role::Worker, 5, 6, manifest);
    let (none, some) = (with(None), with(Some(d(7))));
    assert_eq!(none, Entry::new(&key(1), Role::Worker, 5, 6));
    for entry in [none, some, Entry { revoked_at: Some(9), ..some }] {
        entry.verify_possession().unwrap();
        assert_eq!(Entry::decode(&entry.encode()).unwrap(), entry);
        for end in 0..entry.encode().len() {
            Entry::decode(&entry.encode()[..end]).unwrap_err();
        }
        Entry::decode(&[entry.encode().as_slice(), &[0]].concat()).unwrap_err();
    }
    // Nobody but the holder of the key says which manifest it has.
    for manifest in [None, Some(d(8))] {
        Entry { manifest, ..some }.verify_possession().unwrap_err();
    }
    Entry { manifest: Some(d(7)), ..none }.verify_possession().unwrap_err();
}
