//! Heads of the log and of the registry: whose signatures they need, and what must be in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::envelope::LogExtract;
use bfv_cert::log::Log;
use bfv_cert::registry::RegistryHead;
use bfv_cert::statement::{Signed, Statement};
use bfv_cert::{BindingFault, Part, Refusal, SignatureFault, admit};
use common::*;

/// Too few witnesses of the log, or unknown ones, also where enough others have signed.
#[test]
fn heads_need_their_quorum() {
    let world = World::new();
    let (log, registry) = world.extract();
    let head = log.head.head;
    let judge = |signers: &[u8]| {
        let signatures = signers.iter().map(|n| head.sign(&key(*n))).collect();
        let log = LogExtract { head: Signed::new(head, signatures), ..log.clone() };
        admit(&world.bytes_with(&log, &registry), &policy(), &expected()).err()
    };
    let refused = |fault| Some(Refusal::Signature(Part::TreeHead, fault));
    assert_eq!(judge(&[11, 13]), None);
    assert_eq!(judge(&[11, 12, 13]), None);
    assert_eq!(judge(&[12]), refused(SignatureFault::TooFewSigners(1, 2)));
    assert_eq!(judge(&[11, 12, 9]), refused(SignatureFault::UnknownSigner));
    // A certificate that is not in the log.
    let mut elsewhere = log.clone();
    elsewhere.certificate.index = 3;
    let found = admit(&world.bytes_with(&elsewhere, &registry), &policy(), &expected()).err();
    assert_eq!(found, Some(Refusal::Binding(Part::TreeHead, BindingFault::Root)));
    // A registry head that the authority signed and the log does not have: somebody alone was given it.
    let (mut elsewhere, mut other) = (log.clone(), registry.clone());
    let hidden = RegistryHead { time: LOGGED - 60, ..registry.head.head };
    other.head = Signed::new(hidden, vec![hidden.sign(&key(10))]);
    let found = admit(&world.bytes_with(&log, &other), &policy(), &expected()).err();
    assert_eq!(found, Some(Refusal::Binding(Part::TreeHead, BindingFault::Root)));
    // Nor is the place of the certificate one of a registry head.
    elsewhere.registry = log.certificate.clone();
    let found = admit(&world.bytes_with(&elsewhere, &registry), &policy(), &expected()).err();
    assert_eq!(found, Some(Refusal::Binding(Part::TreeHead, BindingFault::Root)));
    assert!(Log::default().head(5).is_none());
}
