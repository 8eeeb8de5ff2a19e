//! What functions of the library do to units. The library itself speaks of plain numbers, and most of its functions work for any unit:
//! those that people apply to quantities stand here, with the type that they have for every unit. A function that does not stand here takes
//! anything, and what it gives is not tracked.

use super::Shape;
use crate::names::Names;
use std::collections::BTreeMap;

/// Full names with types, in the language itself.
const FUNCTIONS: &[(&str, &str)] = &[
    ("inv", "Real [?u] -> Real [1 / ?u]"),
    ("of_nat", "Nat [?u] -> Real [?u]"),
    ("of_int", "Int [?u] -> Real [?u]"),
    ("floor", "Real [?u] -> Int [?u]"),
    ("Real.floor", "Real [?u] -> Int [?u]"),
    ("Real.of_nat", "Nat [?u] -> Real [?u]"),
    ("Real.of_int", "Int [?u] -> Real [?u]"),
    ("Real.inv", "Real [?u] -> Real [1 / ?u]"),
    ("Real.add", "Real [?u] -> Real [?u] -> Real [?u]"),
    ("Real.sub", "Real [?u] -> Real [?u] -> Real [?u]"),
    ("Real.mul", "Real [?u] -> Real [?v] -> Real [?u * ?v]"),
    ("Real.ltb", "Real [?u] -> Real [?u] -> Bool"),
    ("std.real.min2", "Real [?u] -> Real [?u] -> Real [?u]"),
    ("std.real.max2", "Real [?u] -> Real [?u] -> Real [?u]"),
    ("std.real.abs", "Real [?u] -> Real [?u]"),
    ("std.root.sqrt", "Real [?u ^ 2] -> Real [?u]"),
    ("std.exp.exp", "Real -> Real"),
    ("std.exp.log", "Real -> Real"),
    ("std.softmax.softmax", "{k : Nat} -> Real [?u] -> Vec k (Real [?u]) -> Vec k Real"),
    ("std.softmax.log_sum_exp", "{k : Nat} -> Real [?u] -> Vec k (Real [?u]) -> Real [?u]"),
    ("std.softmax.sigmoid", "Real -> Real"),
    ("std.vec.head", "{A : U 0} -> {n : Nat} -> (Fin (n + 1) -> Real [?u]) -> Real [?u]"),
    ("std.vec.tail", "{A : U 0} -> {n : Nat} -> (Fin (n + 1) -> Real [?u]) -> Fin n -> Real [?u]"),
    ("std.sum.total", "Nat -> (Fin k -> Real [?u]) -> Real [?u]"),
    ("std.sum.sum", "{k : Nat} -> (Fin k -> Real [?u]) -> Real [?u]"),
    ("std.fusion.Simplex", "{k : Nat} -> Vec k Real -> U 0"),
    ("std.fusion.min", "{k : Nat} -> Vec (k + 1) (Real [?u]) -> Real [?u]"),
    ("std.fusion.max", "{k : Nat} -> Vec (k + 1) (Real [?u]) -> Real [?u]"),
    ("std.fusion.weighted_mean", "{k : Nat} -> Vec k (Real [?u]) -> Vec k (Real [?v]) -> Real [?u * ?v]"),
    ("std.mean.mean", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u]"),
    ("std.mean.sum_sq", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u ^ 2]"),
    ("std.mean.variance", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u ^ 2]"),
    ("std.norm.norm_one", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u]"),
    ("std.norm.norm_two", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u]"),
    ("std.norm.norm_inf", "{k : Nat} -> Vec k (Real [?u]) -> Real [?u]"),
    ("std.norm.dot", "{k : Nat} -> Vec k (Real [?u]) -> Vec k (Real [?v]) -> Real [?u * ?v]"),
    ("std.rank.median", "{k : Nat} -> Vec (k + 1) (Real [?u]) -> Real [?u]"),
];

/// The shapes of the functions above.
pub struct Library(BTreeMap<&'static str, Shape>);

impl Library {
    /// Reads the types above.
    pub fn new(names: &Names) -> Library {
        let read = |(name, ty): &(&'static str, &'static str)| {
            let ty = bfv_syntax::words::expression(ty)?;
            Some((*name, names.shape(&ty).ok()?))
        };
        Library(FUNCTIONS.iter().filter_map(read).collect())
    }

    /// The shape of a function, by its full name.
    pub fn get(&self, full: &str) -> Option<&Shape> {
        self.0.get(full)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_type_is_read_and_speaks_of_units() {
        let library = Library::new(&Names::new());
        for (name, ty) in FUNCTIONS {
            assert!(matches!(library.get(name), Some(Shape::Function(..))), "{name} : {ty}");
        }
        assert_eq!(library.0.len(), FUNCTIONS.len());
    }
}
