//! Finding out in which order a machine sums, from its results alone. This is what measures a card.
//!
//! The method is that of Xie, Gao, Wang and Xue (FPRev, 2025): one summand is huge, another is its negative, and all others are small and equal. What
//! meets the huge one before its negative does is lost, and the rest is left. So the result counts the summands that come later, and the counts of all pairs
//! say which tree the additions form. Where several numbers are added at once, a node has more than two children.

use crate::format::{Format, Mode};
use crate::order::{Order, Unit};
use crate::spec::Refused;
use bfv_cert::digest::{Context, Words};
use std::collections::BTreeSet;
use std::fmt;

/// The most summands that are looked at: the number of sums grows with the square.
pub const SUMMAND_LIMIT: usize = 256;
/// `2^15` and `2^-12`, which every format has: products are `2^30` and `2^-24`.
const HUGE: u32 = 142 << 23;
const TINY: u32 = 115 << 23;
const ONE: u32 = 127 << 23;
const NEGATIVE: u32 = 1 << 31;
/// How many random sums a guess must get right.
const TRIALS: usize = 256;

/// A machine that sums products of two lists, all of them bits of single precision with few digits, as both formats of 16 bits have them.
pub type Sum<'a> = dyn FnMut(&[u32], &[u32]) -> u32 + 'a;

/// In which order summands are added: leaves are summands by their numbers from 0, and a node adds its children at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// A summand.
    Leaf(usize),
    /// A sum, at once.
    Node(Vec<Tree>),
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Leaf(n) => write!(f, "{n}"),
            Tree::Node(all) => {
                let all: Vec<String> = all.iter().map(Tree::to_string).collect();
                write!(f, "({})", all.join(" "))
            }
        }
    }
}

/// The tree of so many summands.
///
/// # Errors
/// There are fewer than two summands or too many, or the results are not those of any tree.
pub fn tree(n: usize, sum: &mut Sum<'_>) -> Result<Tree, Refused> {
    if !(2..=SUMMAND_LIMIT).contains(&n) {
        return Err(Refused(format!("There are {n} summands, and there must be 2 to {SUMMAND_LIMIT}.")));
    }
    // For each pair the number of summands below the node at which both meet.
    let mut below = vec![vec![1usize; n]; n];
    for i in 0..n {
        for j in 0..i {
            let b: Vec<u32> = (0..n).map(|k| if k == i || k == j { HUGE } else { TINY }).collect();
            let a: Vec<u32> = (0..n)
                .map(|k| {
                    if k == i {
                        HUGE | NEGATIVE
                    } else if k == j {
                        HUGE
                    } else {
                        TINY
                    }
                })
                .collect();
            let left = units(sum(&a, &b)).filter(|left| left + 2 <= n);
            let Some(left) = left else {
                return Err(Refused(format!(
                    "The sum with summands {j} and {i} is no count. The machine adds in no order."
                )));
            };
            for (row, column) in [(i, j), (j, i)] {
                if let Some(entry) = below.get_mut(row).and_then(|row| row.get_mut(column)) {
                    *entry = n - left;
                }
            }
        }
    }
    grown((0..n).collect(), &below)
        .ok_or_else(|| Refused("The counts are those of no tree. The machine adds in no fixed order.".to_owned()))
}

/// How many units of `2^-24` a number is.
fn units(bits: u32) -> Option<usize> {
    if bits == 0 {
        return Some(0);
    }
    let x = Some(bits).filter(|bits| Format::F32.is_finite(*bits)).map(|bits| Format::F32.unpack(bits))?;
    let by = x.exponent.checked_add(24)?;
    let (size, left) = (u64::from(x.size), by.unsigned_abs());
    let whole = if by >= 0 { size.checked_shl(left)? } else { size >> left.min(63) };
    let exact = by >= 0 || size.trailing_zeros() >= left;
    usize::try_from(whole).ok().filter(|_| exact && !x.negative)
}

/// The tree of some summands: children are those who meet below the node at which all meet.
fn grown(all: Vec<usize>, below: &[Vec<usize>]) -> Option<Tree> {
    if let [one] = all.as_slice() {
        return Some(Tree::Leaf(*one));
    }
    let mut left: BTreeSet<usize> = all.iter().copied().collect();
    let mut children = Vec::new();
    while let Some(first) = left.first().copied() {
        let row = below.get(first)?;
        let child: Vec<usize> = left.iter().copied().filter(|j| row.get(*j).is_some_and(|n| *n < all.len())).collect();
        if child.len() == all.len() {
            return None;
        }
        left.retain(|j| !child.contains(j));
        children.push(grown(child, below)?);
    }
    Some(Tree::Node(children))
}

/// The bits that a unit keeps behind the point of the largest: 1 and -1 vanish, and a small number between them is left, or is cut off.
fn kept(sum: &mut Sum<'_>) -> Option<u8> {
    let left = |d: &u8| {
        // As a product of two powers, so that both have their place in every format.
        let (half, rest) = (u32::from(d / 2), u32::from(d - d / 2));
        let (a, b) = ([ONE, ONE - (half << 23), ONE | NEGATIVE], [ONE, ONE - (rest << 23), ONE]);
        sum(&a, &b) != 0
    };
    // Single precision has 24 bits, so what keeps more is not told apart here beyond what both formats can show.
    (0..28).take_while(left).last()
}

/// The order of a machine, where it is one of those that are known, as far as the tree of so many summands and 256 random sums tell.
///
/// # Errors
/// As [`tree`], or no known order gives these results.
pub fn order(n: usize, sum: &mut Sum<'_>) -> Result<Order, Refused> {
    let own = tree(n, sum)?;
    let mut guesses = vec![Order::Sequential];
    let least = kept(sum).unwrap_or(0);
    for terms in 1..=n.max(1) {
        for joined in [true, false] {
            for mode in [Mode::Zero, Mode::Nearest] {
                let unit = Unit { terms: u16::try_from(terms).unwrap_or(u16::MAX), kept: least, joined, mode };
                guesses.push(Order::Unit(unit));
            }
        }
    }
    let words = Context::Kernel.hash().bytes(b"probe").words();
    let inputs = random(n, words);
    let results: Vec<u32> = inputs.iter().map(|(a, b)| sum(a, b)).collect();
    let fits = |order: &Order| {
        inputs.iter().zip(&results).all(|((a, b), result)| order.sum(a, b) == *result)
            && tree(n, &mut |a, b| order.sum(a, b)).as_ref() == Ok(&own)
    };
    guesses
        .into_iter()
        .find(fits)
        .ok_or_else(|| Refused(format!("The machine sums in an order that is not known here: {own}.")))
}

/// Lists of numbers with eight digits and exponents from -7 to 8.
fn random(n: usize, mut words: Words) -> Vec<(Vec<u32>, Vec<u32>)> {
    let mut one = || {
        let word = u32::try_from(words.next().unwrap_or(0) >> 32).unwrap_or(0);
        (word & NEGATIVE) | ((120 + (word & 15)) << 23) | (word >> 8 & 0x7f) << 16
    };
    (0..TRIALS).map(|_| ((0..n).map(|_| one()).collect(), (0..n).map(|_| one()).collect())).collect()
}
