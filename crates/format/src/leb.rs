//! Byte primitives: minimal LEB128 lengths, strings, big numbers. Every value has exactly one encoding.

use crate::term::Rational;
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;

/// Most bytes of one number. The reader must reduce fractions to see that they are in lowest terms, at quadratic cost.
pub const NUMBER_LIMIT: usize = 1 << 14;

/// Room for so many members is made for a list at once.
const SHORT: usize = 16;

/// Why bytes were refused: a fixed phrase, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// A fixed phrase.
    pub reason: &'static str,
    /// Offset of the byte at which reading stopped.
    pub offset: usize,
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl std::error::Error for ReadError {}

pub(crate) fn put_u64(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let low = n.to_le_bytes()[0] & 0x7f;
        n >>= 7;
        if n == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

pub(crate) fn put_u32(out: &mut Vec<u8>, n: u32) {
    put_u64(out, u64::from(n));
}

pub(crate) fn put_len(out: &mut Vec<u8>, n: usize) {
    put_u64(out, n as u64);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(crate) fn put_nat(out: &mut Vec<u8>, n: &BigUint) {
    // Zero has no bytes at all; `to_bytes_le` gives it one.
    if n.bits() == 0 {
        put_len(out, 0);
    } else {
        put_bytes(out, &n.to_bytes_le());
    }
}

pub(crate) fn put_int(out: &mut Vec<u8>, n: &BigInt) {
    out.push(match n.sign() {
        Sign::NoSign => 0,
        Sign::Plus => 1,
        Sign::Minus => 2,
    });
    if n.sign() != Sign::NoSign {
        put_nat(out, n.magnitude());
    }
}

pub(crate) fn put_rational(out: &mut Vec<u8>, q: &Rational) {
    put_int(out, &q.num);
    put_nat(out, &q.den);
}

/// A cursor over bytes that are not trusted.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

pub(crate) type Read<T> = Result<T, ReadError>;

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Reader { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or(&[])
    }

    pub(crate) fn fail<T>(&self, reason: &'static str) -> Read<T> {
        Err(ReadError { reason, offset: self.at })
    }

    pub(crate) fn finished(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn byte(&mut self) -> Read<u8> {
        let Some(b) = self.bytes.get(self.at) else {
            return self.fail("truncated");
        };
        self.at += 1;
        Ok(*b)
    }

    fn take(&mut self, n: usize) -> Read<&'a [u8]> {
        let Some(slice) = self.at.checked_add(n).and_then(|end| self.bytes.get(self.at..end)) else {
            return self.fail("truncated");
        };
        self.at += n;
        Ok(slice)
    }

    pub(crate) fn u64(&mut self) -> Read<u64> {
        let mut n = 0_u64;
        let mut shift = 0_u32;
        loop {
            let b = self.byte()?;
            let low = u64::from(b & 0x7f);
            if shift == 63 && low > 1 {
                return self.fail("number too large");
            }
            n |= low << shift;
            if b & 0x80 == 0 {
                if b == 0 && shift > 0 {
                    return self.fail("number not in its shortest form");
                }
                return Ok(n);
            }
            shift += 7;
            if shift > 63 {
                return self.fail("number too large");
            }
        }
    }

    pub(crate) fn u32(&mut self) -> Read<u32> {
        let n = self.u64()?;
        u32::try_from(n).or_else(|_| self.fail("number too large"))
    }

    /// A count of things that take at least one byte each, so that it can be held against the bytes that are left.
    pub(crate) fn count(&mut self) -> Read<usize> {
        let n = self.u64()?;
        match usize::try_from(n) {
            Ok(n) if n <= self.bytes.len() - self.at => Ok(n),
            _ => self.fail("count larger than the file"),
        }
    }

    pub(crate) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let n = self.count()?;
        // Most lists are short, and a long one is not believed.
        let mut out = Vec::with_capacity(n.min(SHORT));
        for _ in 0..n {
            out.push(item(self)?);
        }
        Ok(out)
    }

    pub(crate) fn bytes(&mut self) -> Read<&'a [u8]> {
        let n = self.count()?;
        self.take(n)
    }

    /// Text that is shown to people, so control characters (which a terminal would obey) are refused.
    pub(crate) fn string(&mut self) -> Read<String> {
        let bytes = self.bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(s) if s.chars().any(char::is_control) => self.fail("control character in a text"),
            Ok(s) => Ok(s.to_owned()),
            Err(_) => self.fail("text is not UTF-8"),
        }
    }

    pub(crate) fn nat(&mut self) -> Read<BigUint> {
        let bytes = self.bytes()?;
        if bytes.len() > NUMBER_LIMIT {
            return self.fail("number has too many digits");
        }
        if bytes.last() == Some(&0) {
            return self.fail("number not in its shortest form");
        }
        Ok(BigUint::from_bytes_le(bytes))
    }

    pub(crate) fn int(&mut self) -> Read<BigInt> {
        let sign = match self.byte()? {
            0 => return Ok(BigInt::from(0)),
            1 => Sign::Plus,
            2 => Sign::Minus,
            _ => return self.fail("unknown sign"),
        };
        let n = self.nat()?;
        if n.bits() == 0 {
            return self.fail("zero with a sign");
        }
        Ok(BigInt::from_biguint(sign, n))
    }

    pub(crate) fn rational(&mut self) -> Read<Rational> {
        let num = self.int()?;
        let den = self.nat()?;
        if den.bits() == 0 {
            return self.fail("denominator not positive");
        }
        if num.magnitude().gcd(&den) != BigUint::from(1_u32) {
            return self.fail("fraction not in lowest terms");
        }
        Ok(Rational { num, den })
    }
}
