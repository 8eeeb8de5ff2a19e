//! Types of numbers, and numbers of them. A number stands in the low bits of 64, and the others are 0.

/// A type: whether it has a sign, and its bits: 1, 8, 16, 32 or 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) signed: bool,
    pub(crate) bits: u32,
}

impl Type {
    pub(crate) const PRED: Type = Type { signed: false, bits: 1 };
    pub(crate) const U32: Type = Type { signed: false, bits: 32 };

    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<Type> {
        if name == "pred" {
            return Some(Type::PRED);
        }
        let (kind, bits) = name.split_at_checked(1)?;
        let signed = match kind {
            "s" => true,
            "u" | "b" => false,
            _ => return None,
        };
        let bits = bits.parse().ok().filter(|bits| [8, 16, 32, 64].contains(bits))?;
        Some(Type { signed, bits })
    }

    /// Twice as wide.
    pub(crate) fn wide(self) -> Type {
        Type { bits: self.bits * 2, ..self }
    }

    pub(crate) fn bytes(self) -> usize {
        usize::try_from(self.bits / 8).unwrap_or(usize::MAX)
    }

    /// The low bits of a number.
    pub(crate) fn low(self, n: u64) -> u64 {
        if self.bits >= 64 { n } else { n & ((1 << self.bits) - 1) }
    }

    /// What a number in these bits stands for.
    pub(crate) fn meaning(self, n: u64) -> i128 {
        let n = self.low(n);
        match self.signed && self.bits > 1 && n >> (self.bits - 1) == 1 {
            true => i128::from(n) - (1i128 << self.bits),
            false => i128::from(n),
        }
    }

    /// The bits that stand for a number, or for what is left of it in so many.
    pub(crate) fn bits_of(self, n: i128) -> u64 {
        let [low, _] = halves(n);
        self.low(low)
    }
}

/// The low 64 bits of a number in two's complement, and the 64 bits above.
pub(crate) fn halves(n: i128) -> [u64; 2] {
    let bytes = n.to_le_bytes();
    let (words, _) = bytes.as_chunks::<8>();
    match words {
        [low, high] => [u64::from_le_bytes(*low), u64::from_le_bytes(*high)],
        _ => [0, 0],
    }
}
