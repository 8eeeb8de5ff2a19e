//! Numbers as people write them in a recipe: exact decimal fractions, never a float.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// An exact number.
pub type Num = BigRational;

/// The largest power of ten that is read.
const EXPONENT: i32 = 40;
/// The most digits that are read.
const DIGITS: usize = 60;

/// A whole number.
pub fn whole(n: usize) -> Num {
    Num::from_integer(BigInt::from(n))
}

/// Reads `1`, `-0.3`, `.5`, `2.`, `1e-3`; nothing for other texts, such as `.inf`.
pub fn parse(text: &str) -> Option<Num> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{before}{after}");
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) && digits.len() <= DIGITS;
    if !plain || exponent.abs() > EXPONENT {
        return None;
    }
    let places = exponent - i32::try_from(after.len()).ok()?;
    let value = Num::from_integer(digits.parse::<BigInt>().ok()?) * power_of_ten(places);
    Some(if negative { -value } else { value })
}

fn power_of_ten(n: i32) -> Num {
    let power = Num::from_integer(BigInt::from(10).pow(n.unsigned_abs()));
    if n < 0 { power.recip() } else { power }
}

/// A number as the language and a message write it: a decimal where that ends soon, a fraction otherwise.
pub fn shown(n: &Num) -> String {
    let scaled = (0_i32..=6).find_map(|places| {
        let value = n * power_of_ten(places);
        value.is_integer().then(|| (places, value.to_integer()))
    });
    let Some((places, value)) = scaled else { return format!("{}/{}", n.numer(), n.denom()) };
    let Ok(places) = usize::try_from(places) else { return n.to_string() };
    let sign = if value.is_negative() { "-" } else { "" };
    let digits = format!("{:0>width$}", value.abs().to_string(), width = places + 1);
    let (before, after) = digits.split_at(digits.len() - places);
    if after.is_empty() { format!("{sign}{before}") } else { format!("{sign}{before}.{after}") }
}

/// The same as the argument of a function.
pub fn argument(n: &Num) -> String {
    let text = shown(n);
    if text.contains(['-', '/']) { format!("({text})") } else { text }
}

/// The same as a part of a name: `13_over_10`, `minus_2`.
pub fn named(n: &Num) -> String {
    let sign = if n.is_negative() { "minus_" } else { "" };
    let over = if n.denom().is_one() { String::new() } else { format!("_over_{}", n.denom()) };
    format!("{sign}{}{over}", n.numer().abs())
}

/// The sum.
pub fn sum(v: &[Num]) -> Num {
    v.iter().fold(Num::zero(), |a, b| a + b)
}

/// `[1, 0.5]`.
pub fn list(v: &[Num]) -> String {
    listed(&v.iter().map(shown).collect::<Vec<_>>())
}

/// A list of the language.
pub fn listed(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

/// The list that is one at a position and zero elsewhere.
pub fn single(length: usize, at: usize) -> Vec<Num> {
    (0..length).map(|i| if i == at { Num::one() } else { Num::zero() }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_written_back() {
        for (text, back) in [
            ("0.3", "0.3"),
            ("1", "1"),
            ("1.0", "1"),
            ("-0.40", "-0.4"),
            (".5", "0.5"),
            ("2.", "2"),
            ("1e-3", "0.001"),
            ("+3E2", "300"),
            ("0.30000000000000004", "7500000000000001/25000000000000000"),
        ] {
            assert_eq!(shown(&parse(text).unwrap()), back, "{text}");
        }
        for text in ["", ".", "-", "one", ".inf", "nan", "0x10", "1e", "1e99", "1/2", "1 2", "--1"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(shown(&(parse("1").unwrap() / parse("3").unwrap())), "1/3");
        assert_eq!(named(&parse("-1.3").unwrap()), "minus_13_over_10");
    }
}
