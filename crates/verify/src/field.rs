//! Numbers modulo the prime `p = 2^61 - 1`. That p is prime is proved in `sctt/lucas.sctt`.

/// The prime `2^61 - 1`. Numbers of the field are below it.
pub const P: u64 = (1 << 61) - 1;

/// Products of two numbers of the field that are added before they are reduced: `32 * 2^122 = 2^127`.
const LARGE: usize = 32;
/// Products with numbers below 2^55 in size that are added before they are reduced: `1024 * 2^116 = 2^126`.
const SMALL: usize = 1024;

/// The number modulo p.
#[must_use]
pub fn reduce(x: u128) -> u64 {
    let p = u128::from(P);
    // As 2^61 is 1; the first sum is below 2^68, the second at most p + 2^7.
    let x = (x & p) + (x >> 61);
    let x = (x & p) + (x >> 61);
    let x = if x >= p { x - p } else { x };
    u64::try_from(x).unwrap_or_default()
}

/// A signed number modulo p. It is at least `-2^126`.
#[must_use]
pub fn signed(x: i128) -> u64 {
    // 2^126 is 2^4 modulo p: 4 = 126 - 2 * 61.
    let shifted = reduce(x.wrapping_add(1 << 126).cast_unsigned());
    sub(shifted, 1 << 4)
}

/// The sum of two numbers of the field.
#[must_use]
#[inline]
pub fn add(a: u64, b: u64) -> u64 {
    let sum = a.wrapping_add(b);
    if sum >= P { sum.wrapping_sub(P) } else { sum }
}

/// The difference of two numbers of the field.
#[must_use]
#[inline]
pub fn sub(a: u64, b: u64) -> u64 {
    add(a, P.wrapping_sub(b))
}

/// The product of two numbers of the field.
#[must_use]
pub fn mul(a: u64, b: u64) -> u64 {
    reduce(u128::from(a).wrapping_mul(u128::from(b)))
}

/// The sum of products of two numbers of the field each. What one slice has more than the other is left out.
#[must_use]
pub fn dot(a: &[u64], b: &[u64]) -> u64 {
    a.chunks(LARGE).zip(b.chunks(LARGE)).fold(0, |sum, (a, b)| {
        let part = a.iter().zip(b).fold(0u128, |s, (&a, &b)| s.wrapping_add(u128::from(a).wrapping_mul(u128::from(b))));
        add(sum, reduce(part))
    })
}

/// The sum of products of numbers of the field with whole numbers below 2^55 in size. What one slice has more than the other is left out.
#[must_use]
pub fn dot_small<T: Copy + Into<i64>>(a: &[u64], b: &[T]) -> u64 {
    a.chunks(SMALL).zip(b.chunks(SMALL)).fold(0, |sum, (a, b)| {
        let part = a.iter().zip(b).fold(0i128, |s, (&a, &b)| {
            // A number of the field has 61 bits, so it keeps its sign.
            s.wrapping_add(i128::from(a.cast_signed()).wrapping_mul(i128::from(b.into())))
        });
        add(sum, signed(part))
    })
}

/// The next number of the field from random words, evenly: 61 bits each, and p itself is left out.
pub fn draw(words: &mut dyn Iterator<Item = u64>) -> u64 {
    words.map(|w| w >> 3).find(|w| *w < P).unwrap_or_default()
}
