//! The parts of a merge: tensors that share their numbers. A part comes from a slice and from the filters that fit the name of a tensor.

use crate::Fault;
use crate::number::{Num, whole};
use crate::yaml::At;
use num_integer::Integer;
use num_traits::One;

/// What a parameter is set to.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Cases in their order; the first whose filter fits the name of a tensor counts.
    pub cases: Vec<Case>,
}

/// One case of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// A part of a tensor's name; nothing fits every tensor.
    pub filter: Option<String>,
    /// One number, or a gradient over the layers.
    pub values: Vec<Num>,
    pub at: At,
}

impl Setting {
    /// The case for a tensor whose name contains these filters.
    pub fn case(&self, fitting: &[&String]) -> Option<&Case> {
        self.cases.iter().find(|c| c.filter.as_ref().is_none_or(|f| fitting.contains(&f)))
    }
}

/// Numbers that tensors share: for each place from the first layer to the last one row, with a number for each model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What names of its definitions end with: nothing, or an underscore and a word.
    pub suffix: String,
    /// Which tensors these are.
    pub says: String,
    /// At least one row. Between rows lie straight lines.
    pub rows: Vec<Vec<Num>>,
    /// For the methods that trim, the shares of the changes of each model that are kept: one number, or a gradient.
    pub densities: Vec<Case>,
    /// Where its first number stands.
    pub at: At,
}

impl Part {
    /// Whether its numbers change from layer to layer.
    pub fn layered(&self) -> bool {
        self.rows.len() > 1
    }

    /// Between how many places lines are drawn.
    pub fn steps(&self) -> usize {
        self.rows.len() - 1
    }

    /// The place of a row, from 0 to 1.
    pub fn place(&self, row: usize) -> Num {
        if self.layered() { whole(row) / whole(self.steps()) } else { Num::from_integer(0.into()) }
    }

    /// An expression for its numbers: a definition, at the place s where they change.
    pub fn at_s(&self, definition: &str) -> String {
        let name = format!("{definition}{}", self.suffix);
        if self.layered() { format!("({name} s)") } else { name }
    }

    /// The definition of its numbers in the file.
    pub fn definition(&self, what: &str) -> String {
        let Part { suffix, rows, .. } = self;
        let width = rows.first().map_or(0, Vec::len);
        let row = |r: &Vec<Num>| crate::number::list(r);
        match rows.as_slice() {
            [one] => format!("def {what}{suffix} : Vec {width} Real := {}", row(one)),
            many => {
                let n = self.steps();
                let all: Vec<String> = many.iter().map(row).collect();
                let points = crate::number::listed(&all);
                format!(
                    "def points{suffix} : Vec {} (Vec {width} Real) := {points}\ndef {what}{suffix} (s : Real) : Vec {width} Real := along {n} points{suffix} ({n} * s)",
                    n + 1
                )
            }
        }
    }

    /// Arguments of the lemmas about `along`, with a proof that s is not negative.
    pub fn along(&self, s_is_not_negative: &str) -> String {
        let n = self.steps();
        format!("{n} points{} ({n} * s) (by {{ have p := {s_is_not_negative} arith }})", self.suffix)
    }

    /// A proof that its numbers are equal, where they are; the hypothesis `hs` says where s lies.
    pub fn equal_weights(&self) -> String {
        if self.layered() {
            format!("(along_equal {} (by {{ arith }}))", self.along("hs.1"))
        } else {
            "(by { arith })".to_owned()
        }
    }
}

/// More places than any gradient of a recipe needs.
const STEPS: usize = 48;

/// The values of several gradients at places that fit all of them: one row for each place.
pub fn rows(gradients: &[&Case]) -> Result<Vec<Vec<Num>>, Fault> {
    let mut steps = 1_usize;
    let layered = gradients.iter().any(|c| c.values.len() > 1 && c.values.iter().any(|v| *v != c.values[0]));
    if !layered {
        return Ok(vec![gradients.iter().map(|c| c.values[0].clone()).collect()]);
    }
    for case in gradients.iter().filter(|c| c.values.len() > 1) {
        steps = steps.lcm(&(case.values.len() - 1));
        if steps > STEPS {
            let what = format!(
                "The gradients here have numbers of values that fit together at more than {STEPS} places only."
            );
            return Err(Fault::new(what, Some(case.at), "give the gradients the same number of values."));
        }
    }
    Ok((0..=steps).map(|row| gradients.iter().map(|c| value(&c.values, row, steps)).collect()).collect())
}

/// The value of a gradient at a place, on the straight line between two of its values.
fn value(values: &[Num], row: usize, steps: usize) -> Num {
    let last = values.len() - 1;
    let (before, rest) = (row * last).div_rem(&steps);
    if rest == 0 {
        return values[before].clone();
    }
    let part = whole(rest) / whole(steps);
    (Num::one() - &part) * &values[before] + part * &values[before + 1]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::number::{list, parse};

    fn case(values: &[&str]) -> Case {
        Case { filter: None, values: values.iter().map(|v| parse(v).unwrap()).collect(), at: (1, 1) }
    }

    #[test]
    fn gradients_meet_at_common_places() {
        let (a, b, c) = (case(&["0", "1"]), case(&["1", "0", "0.5"]), case(&["2"]));
        let all: Vec<String> = rows(&[&a, &b, &c]).unwrap().iter().map(|r| list(r)).collect();
        assert_eq!(all, ["[0, 1, 2]", "[0.5, 0, 2]", "[1, 0.5, 2]"]);
        assert_eq!(rows(&[&c, &case(&["1", "1"])]).unwrap().len(), 1);
        let many = case(&["0", "1", "0", "1", "0", "1", "0", "1"]);
        assert!(rows(&[&many, &case(&["0", "1", "0", "1", "0", "1", "0", "1", "0"])]).is_err());
    }
}
