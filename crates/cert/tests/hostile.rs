//! Lengths that are said and not kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::cbor::Extent;
use bfv_cert::certificate::BODY_LIMIT;
use bfv_cert::envelope::Envelope;
use bfv_cert::sign::SIGNATURE_LEN;
use bfv_cert::{Malformed, Refusal};

/// An envelope up to its certificate, which says that it has so many bytes.
fn says(length: u64) -> Vec<u8> {
    let honest = common::World::new().bytes();
    let certificate = common::certificate().encode();
    let at = honest.windows(certificate.len()).position(|w| w == certificate).unwrap();
    // In front of it stand three bytes: those of a length of 16 bits.
    let mut bytes = honest[..at - 3].to_vec();
    assert_eq!(honest[at - 3], 0x59);
    bytes.push(0x5b);
    bytes.extend(length.to_be_bytes());
    bytes.extend(certificate);
    bytes
}

/// What no more bytes can mend is refused at once, and not taken for something that was cut off: a reader of a stream would wait for them.
#[test]
fn a_length_beyond_the_limit_is_not_waited_for() {
    let most = (BODY_LIMIT + SIGNATURE_LEN) as u64;
    for length in [1 << 40, u64::MAX] {
        let found = Envelope::first(&says(length)).unwrap_err();
        let expected = Malformed::TooLarge(length, most);
        assert!(matches!(&found, Refusal::Malformed(_, m) if *m == expected), "{found}");
    }
}

/// It is refused in any case, and nothing is taken from memory for it.
#[test]
fn a_length_that_is_not_kept_is_malformed() {
    for length in [1 << 16, 1 << 32, 1 << 40, u64::MAX / 2, u64::MAX] {
        for found in [Envelope::first(&says(length)).map(|_| ()), Envelope::decode(&says(length)).map(|_| ())] {
            assert!(matches!(found, Err(Refusal::Malformed(..))), "{found:?}");
        }
    }
}

/// A reader of a stream learns at the last byte of an envelope that it is complete, however its bytes come, and what follows does not matter.
#[test]
fn the_end_of_an_envelope_is_found_byte_by_byte() {
    let honest = common::World::new().bytes();
    let mut grows = Extent::default();
    for end in 0..honest.len() {
        assert!(!grows.ended(&honest[..end]) && !Extent::default().ended(&honest[..end]), "{end}");
    }
    assert!(grows.ended(&honest) && Extent::default().ended(&[honest.as_slice(), &[0; 9]].concat()));
    // What no envelope has is no reason to wait: a text, a map, a tag, a float, and a length that is left open.
    for strange in [0x61, 0xa1, 0xc1, 0xfb, 0x9f, 0x5f, 0x1c] {
        assert!(Extent::default().ended(&[0x82, strange]), "{strange:x}");
    }
    // Lengths beyond every limit do not wrap.
    let most = [[0x9b].as_slice(), &[0xff; 8], &[0x5b], &[0xff; 8], &[0x5b], &[0xff; 8]].concat();
    assert!(!Extent::default().ended(&most));
}
