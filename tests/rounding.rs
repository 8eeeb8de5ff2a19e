//! The numbers of `replay` are those of the library: each rounding there is a claim here, which the kernel judges by evaluating `rounded` of `std.float`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../crates/replay/tests/common/mod.rs"]
mod float;
#[path = "project/folder.rs"]
mod folder;

use bfv_replay::{Format, Mode};
use folder::{Folder, newcomer};
use num_bigint::BigUint;

/// `size * 2^exponent` as the language writes it.
fn number(size: u128, exponent: i32) -> String {
    let power = BigUint::from(1u8) << exponent.unsigned_abs();
    if exponent >= 0 { (power * size).to_string() } else { format!("{size} / {power}") }
}

/// A finite number that is not negative, of the format with so many bits of fraction and this exponent of the smallest normal number.
fn value(bits: u32, fraction: u32, lowest: i32) -> String {
    let field = i32::try_from(bits >> fraction).unwrap();
    let part = u128::from(bits & ((1 << fraction) - 1));
    let unit = lowest - i32::try_from(fraction).unwrap();
    if field == 0 { number(part, unit) } else { number(part | 1 << fraction, unit + field - 1) }
}

#[test]
fn rounding_is_that_of_the_library() {
    let mut words = float::words(71);
    let mut claims = "module rounding\nimport std.float\n".to_owned();
    let mut count = 0;
    for (format, name, fraction, lowest) in
        [(Format::Bf16, "bf16", 7, -126), (Format::F16, "fp16", 10, -14), (Format::F32, "fp32", 23, -126)]
    {
        for case in 0..110i32 {
            let word = words.next().unwrap();
            let size = match case % 5 {
                // Ties, and numbers beside ties.
                0 => (1u128 << (fraction + 1)) + (1 + 2 * u128::from(word % 16)),
                1 => (1u128 << (fraction + 9)) + (u128::from(word % 16) << 9) + 255 + u128::from(word >> 8) % 3,
                // Just below a power of two.
                2 => (1u128 << (fraction + 4)) - 1 - u128::from(word % 3),
                _ => u128::from(word | 1),
            };
            let length = i32::try_from(u128::BITS - size.leading_zeros()).unwrap();
            // From a quarter of the smallest number up to the largest binade.
            let whole = -2 * lowest + 1 + i32::try_from(fraction).unwrap();
            let top = lowest - i32::try_from(fraction).unwrap() - 2 + i32::try_from(word >> 40).unwrap() % whole;
            let exponent = if case % 7 == 0 && length < 35 {
                lowest - i32::try_from(fraction).unwrap() - 1
            } else {
                top - length + 1
            };
            let negative = case % 2 == 1;
            let bits = format.round(Mode::Nearest, negative, size, exponent);
            assert!(format.is_finite(bits));
            let size_bits = bits & (format.infinity() | ((1 << fraction) - 1));
            let sign = if negative { "0 - " } else { "" };
            let (x, y) = (number(size, exponent), value(size_bits, fraction, lowest));
            claims += &format!("claim c{count} : rounded {name} ({sign}({x})) = {sign}({y}) by refl\n");
            count += 1;
        }
    }
    let folder = Folder::new("rounding");
    folder.write("rounding.sctt", claims.as_bytes());
    let out = newcomer(&folder.0, &folder.0, &["check", "rounding.sctt"]).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(
        text.starts_with(&format!("Checked {count} goals in rounding.sctt: {count} proved, 0 refuted, 0 unknown.")),
        "{text}"
    );
    assert_eq!(out.status.code(), Some(0), "{text}");
    // One unit more is another number, and no proof.
    let claim = "module wrong\nimport std.float\nclaim c : rounded bf16 (3 / 7) = 220 / 512 by refl\n";
    folder.write("wrong.sctt", claim.as_bytes());
    assert_ne!(newcomer(&folder.0, &folder.0, &["check", "wrong.sctt"]).output().unwrap().status.code(), Some(0));
}
