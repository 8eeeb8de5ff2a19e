//! Bytes as hexadecimal digits.

use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;

/// The bytes of lower-case hexadecimal digits; `None` where there are others, or an odd number. Each sequence of bytes has one text.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// The name of a key of 64 digits.
#[must_use]
pub fn key_id(text: &str) -> Option<KeyId> {
    digest(text).map(KeyId)
}

/// The digest, or other 32 bytes, of 64 digits.
#[must_use]
pub fn digest(text: &str) -> Option<Digest> {
    from_hex(text)?.try_into().ok().map(Digest)
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
