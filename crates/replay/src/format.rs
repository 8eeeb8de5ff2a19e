//! Formats of IEEE 754-2019 as dyadic rationals: `m 2^e` with whole numbers m and e.

/// How what has no place in a format is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To the nearest number, of two the even one: `roundTiesToEven`.
    Nearest,
    /// Towards zero: `roundTowardZero`.
    Zero,
}

/// A binary format. Its numbers are handled as their bits, in the low bits of a `u32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 8 bits of exponent, 7 of fraction.
    Bf16,
    /// 5 bits of exponent, 10 of fraction.
    F16,
    /// 8 bits of exponent, 23 of fraction.
    F32,
}

/// A finite number: `(-1)^negative * size * 2^exponent`. The size has at most 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dyadic {
    pub(crate) negative: bool,
    pub(crate) size: u32,
    pub(crate) exponent: i32,
}

impl Format {
    /// Bits of the fraction.
    #[must_use]
    pub const fn fraction(self) -> u32 {
        match self {
            Format::Bf16 => 7,
            Format::F16 => 10,
            Format::F32 => 23,
        }
    }

    /// The exponent of the smallest normal number: normal numbers are from `2^lowest` up to below `2^(2 - lowest)`.
    #[must_use]
    pub const fn lowest(self) -> i32 {
        match self {
            Format::Bf16 | Format::F32 => -126,
            Format::F16 => -14,
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Format::Bf16 | Format::F16 => 2,
            Format::F32 => 4,
        }
    }

    /// The code in canonical bytes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Format::Bf16 => 0,
            Format::F16 => 1,
            Format::F32 => 2,
        }
    }

    /// The bits of infinity, which are those of the exponent field.
    #[must_use]
    pub const fn infinity(self) -> u32 {
        match self {
            Format::Bf16 => 0x7f80,
            Format::F16 => 0x7c00,
            Format::F32 => 0x7f80_0000,
        }
    }

    /// The bit of the sign.
    const fn sign(self) -> u32 {
        match self {
            Format::Bf16 | Format::F16 => 0x8000,
            Format::F32 => 0x8000_0000,
        }
    }

    /// Whether the bits stand for a number, and not for infinity or for none.
    #[must_use]
    #[inline]
    pub const fn is_finite(self, bits: u32) -> bool {
        bits & self.infinity() != self.infinity()
    }

    /// The number of finite bits.
    #[inline]
    pub(crate) fn unpack(self, bits: u32) -> Dyadic {
        let fraction = bits & ((1 << self.fraction()) - 1);
        let field = (bits & self.infinity()) >> self.fraction();
        let (size, field) = if field == 0 { (fraction, 1) } else { (fraction | 1 << self.fraction(), field) };
        // A field has at most 8 bits.
        let exponent = field.cast_signed() - 1 + self.lowest() - self.fraction().cast_signed();
        Dyadic { negative: bits & self.sign() != 0, size, exponent }
    }

    /// `(-1)^negative * size * 2^exponent`, rounded. What is too large is infinity, or towards zero the largest number. A size of 0 is a signed zero.
    #[must_use]
    #[inline]
    pub fn round(self, mode: Mode, negative: bool, size: u128, exponent: i32) -> u32 {
        match u64::try_from(size) {
            Ok(size) => self.round_short(mode, negative, size, exponent),
            Err(_) => {
                // The upper 62 bits, and behind them whether there is anything below: no result has more than 24, so they say all.
                let by = 2 + u64::BITS - size.leading_zeros();
                let below = size & ((1 << by) - 1) != 0;
                let upper = u64::try_from(size >> by).unwrap_or(u64::MAX);
                self.round_short(mode, negative, upper << 1 | u64::from(below), exponent + by.cast_signed() - 1)
            }
        }
    }

    /// The same for a size of 64 bits, which costs less.
    #[inline]
    pub(crate) fn round_short(self, mode: Mode, negative: bool, size: u64, exponent: i32) -> u32 {
        let sign = if negative { self.sign() } else { 0 };
        if size == 0 {
            return sign;
        }
        let fraction = self.fraction().cast_signed();
        let length = (u64::BITS - size.leading_zeros()).cast_signed();
        // The exponent of the last place of the result, in the binade of the number or that of the smallest numbers.
        let unit = (exponent + length - 1).max(self.lowest()) - fraction;
        let (kept, unit) = if unit <= exponent {
            (size << (exponent - unit), unit)
        } else {
            let kept = drop_bits(mode, size, unit - exponent);
            if kept >> (fraction + 1) == 0 { (kept, unit) } else { (kept >> 1, unit + 1) }
        };
        // At most as many bits as a fraction and the one before it.
        let kept = u32::try_from(kept).unwrap_or(u32::MAX);
        let one = 1 << self.fraction();
        if kept < one {
            return sign | kept;
        }
        let field = unit + fraction - self.lowest() + 1;
        let most = (self.infinity() >> self.fraction()).cast_signed();
        match (field >= most, mode) {
            (true, Mode::Nearest) => sign | self.infinity(),
            (true, Mode::Zero) => sign | (self.infinity() - 1),
            (false, _) => sign | field.cast_unsigned() << self.fraction() | (kept - one),
        }
    }

    /// A number of single precision, rounded to this format to nearest. Infinity stays, and what is no number stays none.
    #[must_use]
    #[inline]
    pub fn narrow(self, bits: u32) -> u32 {
        if self == Format::F32 {
            return bits;
        }
        let sign = if bits & Format::F32.sign() == 0 { 0 } else { self.sign() };
        if !Format::F32.is_finite(bits) {
            let none = u32::from(bits & !Format::F32.sign() != Format::F32.infinity());
            return sign | self.infinity() | none;
        }
        if self == Format::Bf16 {
            // The upper half, and one more where the lower half is more than a half of its unit, or just that and the upper one is odd.
            return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        }
        let Dyadic { negative, size, exponent } = Format::F32.unpack(bits);
        self.round(Mode::Nearest, negative, size.into(), exponent)
    }

    /// A number of this format in single precision, which has all of them.
    #[must_use]
    #[inline]
    pub fn widen(self, bits: u32) -> u32 {
        match self {
            Format::F32 => bits,
            Format::Bf16 => bits << 16,
            Format::F16 => {
                let sign = (bits & 0x8000) << 16;
                let rest = bits & 0x7fff;
                if rest >= 0x7c00 {
                    return sign | Format::F32.infinity() | (rest & 0x3ff) << 13;
                }
                if rest >= 0x400 {
                    // The field counts from -15 there and from -127 here.
                    return sign | ((rest << 13) + (112 << 23));
                }
                let Dyadic { negative, size, exponent } = self.unpack(bits);
                Format::F32.round(Mode::Nearest, negative, size.into(), exponent)
            }
        }
    }
}

/// A size without its last bits, rounded.
#[inline]
fn drop_bits(mode: Mode, size: u64, bits: i32) -> u64 {
    let bits = bits.cast_unsigned();
    if bits >= u64::BITS {
        // More than a half of the last place only where that is the place behind the size, and a tie goes to 0.
        return u64::from(mode == Mode::Nearest && bits == u64::BITS && size > 1 << 63);
    }
    let kept = size >> bits;
    let (rest, half) = (size & ((1 << bits) - 1), 1u64 << (bits - 1));
    let up = mode == Mode::Nearest && (rest > half || rest == half && kept & 1 == 1);
    kept + u64::from(up)
}
