//! Commitments and the log against the definitions of RFC 9162, computed naively here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::digest::{Context, Digest};
use bfv_cert::log::{Entry, Inclusion, Kind, Log, TreeHead, verify_consistency};
use bfv_cert::merkle::{Builder, LEAF_LIMIT, Tree, verify_opening};
use bfv_cert::{BindingFault, Class, Equivocation, FreshnessFault, Part, Refusal};
use common::d;
use proptest::prelude::*;

fn hash(context: Context, parts: &[&[u8]]) -> Digest {
    Digest(blake3::derive_key(context.string(), &parts.concat()))
}

/// MTH of section 2.1.1, by its recursion: k is the largest power of two below n.
fn mth(context: Context, leaves: &[Digest]) -> Digest {
    if let [leaf] = leaves {
        return *leaf;
    }
    let mut k = 1;
    while k * 2 < leaves.len() {
        k *= 2;
    }
    let (l, r) = (mth(context, &leaves[..k]), mth(context, &leaves[k..]));
    hash(context, &[&[1], l.as_bytes(), r.as_bytes()])
}

fn content(i: u64) -> Digest {
    hash(Context::Cell, &[&i.to_le_bytes()])
}

fn tree(n: u64) -> Tree {
    let mut builder = Builder::new();
    (0..n).for_each(|i| builder.push(content(i)));
    builder.finish().unwrap()
}

fn verify(tree: &Tree, count: u64, leaves: &[(u64, Digest)], proof: &[Digest]) -> Result<(), Refusal> {
    verify_opening(Part::Trace, &tree.root(), count, leaves.iter().copied(), proof.iter().copied())
}

#[test]
fn roots_of_commitments_are_those_of_the_definition() {
    for n in 1..=20u64 {
        let leaf = |i: u64| hash(Context::Leaf, &[&[0], &i.to_le_bytes(), &n.to_le_bytes(), content(i).as_bytes()]);
        let leaves: Vec<Digest> = (0..n).map(leaf).collect();
        let top = mth(Context::Node, &leaves);
        assert_eq!(tree(n).root(), hash(Context::Root, &[&n.to_le_bytes(), top.as_bytes()]), "{n} leaves");
    }
    assert!(Builder::new().finish().is_none());
}

/// Every set of leaves of every tree of up to nine leaves, and every single one and pair up to twenty.
#[test]
fn openings_are_accepted_as_they_are_and_in_no_other_way() {
    let mut tried = 0;
    for n in 1..=20u64 {
        let tree = tree(n);
        for set in 1u64..1 << n {
            if n > 9 && set.count_ones() > 2 {
                continue;
            }
            let indices: Vec<u64> = (0..n).filter(|i| set >> i & 1 == 1).collect();
            let proof = tree.open(&indices).unwrap();
            let leaves: Vec<(u64, Digest)> = indices.iter().map(|i| (*i, content(*i))).collect();
            verify(&tree, n, &leaves, &proof).unwrap();
            tried += 1;
            let refuse = |count, leaves: &[(u64, Digest)], proof: &[Digest]| {
                let refusal = verify(&tree, count, leaves, proof).expect_err("a wrong opening was accepted");
                assert_eq!(refusal.class(), Class::Binding);
                refusal
            };
            let longer = [proof.as_slice(), &[d(1)]].concat();
            assert_eq!(refuse(n, &leaves, &longer), Refusal::Binding(Part::Trace, BindingFault::ProofLength));
            if let [most @ .., _] = proof.as_slice() {
                assert_eq!(refuse(n, &leaves, most), Refusal::Binding(Part::Trace, BindingFault::ProofLength));
                let swapped: Vec<Digest> = proof.iter().rev().copied().collect();
                if swapped != proof {
                    refuse(n, &leaves, &swapped);
                }
            }
            // Another number of leaves, another index, another content, a leaf that is left out or doubled.
            refuse(n + 1, &leaves, &proof);
            if n > 1 {
                refuse(n - 1, &leaves, &proof);
            }
            for at in 0..leaves.len() {
                let mut other = leaves.clone();
                other[at].1 = d(9);
                refuse(n, &other, &proof);
                for index in [other[at].0 + 1, other[at].0.wrapping_sub(1), other[at].0 ^ 2, n, u64::MAX] {
                    let mut moved = leaves.clone();
                    moved[at].0 = index;
                    refuse(n, &moved, &proof);
                }
                let mut fewer = leaves.clone();
                fewer.remove(at);
                refuse(n, &fewer, &proof);
                let mut twice = leaves.clone();
                twice.insert(at, leaves[at]);
                refuse(n, &twice, &proof);
            }
        }
        assert_eq!([tree.open(&[]), tree.open(&[n]), tree.open(&[0, 0])], [None, None, None]);
    }
    println!("{tried} openings");
}

/// An inner node as a leaf of a smaller tree, and a doubled last leaf: both roots are others.
#[test]
fn inner_nodes_are_no_leaves_and_leaves_are_not_doubled() {
    let pair = |a: u64, b: u64| {
        let mut builder = Builder::new();
        [a, b].iter().for_each(|i| builder.push(content(*i)));
        builder.finish().unwrap().root()
    };
    let mut nodes = Builder::new();
    [pair(0, 1), pair(2, 3)].iter().for_each(|r| nodes.push(*r));
    assert_ne!(nodes.finish().unwrap().root(), tree(4).root());
    let mut doubled = Builder::new();
    [0, 1, 2, 2].iter().for_each(|i| doubled.push(content(*i)));
    assert_ne!(doubled.finish().unwrap().root(), tree(3).root());
    // A leaf says among how many it stands, so a part of a tree is no tree.
    let proof = tree(4).open(&[0, 1]).unwrap();
    assert_eq!(proof.len(), 1);
    let small = verify(&tree(2), 4, &[(0, content(0)), (1, content(1))], &proof);
    assert_eq!(small, Err(Refusal::Binding(Part::Trace, BindingFault::Root)));
    let large = verify(&tree(4), LEAF_LIMIT + 1, &[(0, content(0))], &proof);
    assert_eq!(large, Err(Refusal::Binding(Part::Trace, BindingFault::Index(0))));
}

fn entry(i: u64) -> Entry {
    Entry {
        kind: if i.is_multiple_of(3) { Kind::RegistryHead } else { Kind::Certificate },
        time: 100 + i,
        id: content(i),
    }
}

/// The log after each of its entries.
fn logs(n: u64) -> (Log, Vec<TreeHead>) {
    let mut log = Log::default();
    let heads = (0..n).map(|i| {
        assert_eq!(log.append(&entry(i)), Some(i));
        log.head(200 + i).unwrap()
    });
    let heads = heads.collect();
    (log, heads)
}

#[test]
fn roots_of_logs_are_those_of_the_definition() {
    let leaf = |i| {
        let e = entry(i);
        let kind = u8::from(e.kind == Kind::RegistryHead);
        hash(Context::LogLeaf, &[&[0, kind], &e.time.to_le_bytes(), e.id.as_bytes()])
    };
    let leaves: Vec<Digest> = (0..20).map(leaf).collect();
    for (n, head) in (1..).zip(logs(20).1) {
        assert_eq!(head.root, mth(Context::LogNode, &leaves[..n]), "{n} entries");
    }
    let mut log = logs(3).0;
    assert_eq!(log.append(&entry(1)), None, "an entry that is older than the last one");
}

/// Every entry of every size up to 20, with the proof as section 2.1.3.1 has it, and with changed ones.
#[test]
fn inclusion_in_the_log() {
    let (log, heads) = logs(20);
    for head in &heads {
        for index in 0..head.size {
            let e = entry(index);
            let place = Inclusion { index, time: e.time, proof: log.inclusion(index, head.size).unwrap() };
            place.verify(head, e.kind, e.id).unwrap();
            let refuse = |place: &Inclusion, head: &TreeHead, kind, id| {
                let refusal = place.verify(head, kind, id).expect_err("a wrong proof was accepted");
                assert_eq!(refusal.class(), Class::Binding);
            };
            let other = if e.kind == Kind::Certificate { Kind::RegistryHead } else { Kind::Certificate };
            refuse(&place, head, other, e.id);
            refuse(&place, head, e.kind, d(1));
            refuse(&Inclusion { time: e.time + 1, ..place.clone() }, head, e.kind, e.id);
            refuse(&Inclusion { index: index + 1, ..place.clone() }, head, e.kind, e.id);
            refuse(&Inclusion { index: u64::MAX, ..place.clone() }, head, e.kind, e.id);
            for size in (1..=24).filter(|size| *size != head.size) {
                let lie = TreeHead { size, ..*head };
                let found = place.verify(&lie, e.kind, e.id);
                // The way from a leaf to the root can be the same in trees of two sizes: the size is bound by the signature on the head.
                if found.is_ok() {
                    assert_eq!(
                        shape(index, size),
                        shape(index, head.size),
                        "entry {index} of {} and {size}",
                        head.size
                    );
                }
            }
            let longer = [place.proof.as_slice(), &[d(1)]].concat();
            let length = Err(Refusal::Binding(Part::TreeHead, BindingFault::ProofLength));
            assert_eq!(Inclusion { proof: longer, ..place.clone() }.verify(head, e.kind, e.id), length);
            for at in 0..place.proof.len() {
                let mut proof = place.proof.clone();
                proof[at] = d(1);
                refuse(&Inclusion { proof: proof.clone(), ..place.clone() }, head, e.kind, e.id);
                proof.remove(at);
                refuse(&Inclusion { proof, ..place.clone() }, head, e.kind, e.id);
            }
            let early = TreeHead { time: e.time - 1, ..*head };
            let later = Err(Refusal::Freshness(FreshnessFault::LoggedLater(e.time)));
            assert_eq!(place.verify(&early, e.kind, e.id), later);
        }
        assert!(log.inclusion(head.size, head.size).is_none());
    }
    assert!(log.inclusion(0, 21).is_none());
}

/// On which side the siblings of a leaf stand, from above.
fn shape(index: u64, size: u64) -> Vec<bool> {
    if size <= 1 {
        return Vec::new();
    }
    let k = 1 << (size - 1).ilog2();
    let (right, rest) = if index < k { (true, shape(index, k)) } else { (false, shape(index - k, size - k)) };
    [vec![right], rest].concat()
}

/// Every pair of sizes up to 20, with the proof as section 2.1.4.1 has it, and with changed ones.
#[test]
fn consistency_of_the_log() {
    let (log, heads) = logs(20);
    let inconsistent = Err(Refusal::Freshness(FreshnessFault::LogInconsistent));
    for old in &heads {
        for new in &heads {
            if new.size < old.size {
                let rollback = Err(Refusal::Freshness(FreshnessFault::LogRollback(new.size)));
                assert_eq!(verify_consistency(old, new, &[]), rollback);
                assert!(log.consistency(old.size, new.size).is_none());
                continue;
            }
            let proof = log.consistency(old.size, new.size).unwrap();
            verify_consistency(old, new, &proof).unwrap();
            let longer = [proof.as_slice(), &[d(1)]].concat();
            assert_eq!(verify_consistency(old, new, &longer), inconsistent);
            if new.size == old.size {
                let fork = Refusal::Equivocation(Equivocation::Log(old.size, old.root, d(7)));
                assert_eq!(verify_consistency(old, &TreeHead { root: d(7), ..*new }, &[]), Err(fork));
                continue;
            }
            for at in 0..proof.len() {
                let mut wrong = proof.clone();
                wrong[at] = d(1);
                assert_eq!(verify_consistency(old, new, &wrong), inconsistent);
                wrong.remove(at);
                assert_eq!(verify_consistency(old, new, &wrong), inconsistent);
            }
            assert_eq!(verify_consistency(&TreeHead { root: d(1), ..*old }, new, &proof), inconsistent);
            assert_eq!(verify_consistency(old, &TreeHead { root: d(1), ..*new }, &proof), inconsistent);
            assert_eq!(verify_consistency(old, &TreeHead { time: old.time - 1, ..*new }, &proof), inconsistent);
            assert_eq!(verify_consistency(&TreeHead { size: 0, ..*old }, new, &proof), inconsistent);
            // A size of a deeper tree, with the root of this one.
            let deeper = TreeHead { size: new.size.next_power_of_two() * 4, ..*new };
            assert_eq!(verify_consistency(old, &deeper, &proof), inconsistent);
        }
    }
    assert!(log.consistency(0, 3).is_none() && log.consistency(3, 21).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Larger trees, any leaves.
    #[test]
    fn openings_of_larger_trees(n in 1u64..600, picks in proptest::collection::btree_set(0u64..600, 1..40)) {
        let tree = tree(n);
        let indices: Vec<u64> = picks.into_iter().filter(|i| *i < n).collect();
        prop_assume!(!indices.is_empty());
        let proof = tree.open(&indices).unwrap();
        let leaves: Vec<(u64, Digest)> = indices.iter().map(|i| (*i, content(*i))).collect();
        prop_assert_eq!(verify(&tree, n, &leaves, &proof), Ok(()));
        let mut wrong = leaves.clone();
        wrong[0].1 = d(2);
        prop_assert_eq!(verify(&tree, n, &wrong, &proof), Err(Refusal::Binding(Part::Trace, BindingFault::Root)));
    }

    #[test]
    fn proofs_of_larger_logs(n in 2u64..400, a in 0u64..400, b in 0u64..400) {
        let (log, heads) = logs(n);
        let (old, new) = (heads[usize::try_from(a.min(b) % n).unwrap()], heads[usize::try_from(n - 1).unwrap()]);
        let proof = log.consistency(old.size, new.size).unwrap();
        prop_assert_eq!(verify_consistency(&old, &new, &proof), Ok(()));
        let index = b % n;
        let e = entry(index);
        let place = Inclusion { index, time: e.time, proof: log.inclusion(index, n).unwrap() };
        // The last entry has the time of no head that is older.
        prop_assert_eq!(place.verify(&TreeHead { time: u64::MAX, ..new }, e.kind, e.id), Ok(()));
    }
}
