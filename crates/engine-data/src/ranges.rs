//! Whole numbers of which a range is known. A comparison with a number that is known cuts the range in two, so as many numbers are told apart
//! as the claim tells apart. This is what finite domains are in logic programming with constraints (Van Hentenryck 1989), for single ranges.

use crate::eval::{Eval, Machine, State, Stop, Thunk, Value, Work};
use bfv_format::Prim;
use bfv_search::Budget;

/// Largest whole number that is tried.
const INTEGERS: i64 = 40;

/// What a whole number costs: the first ones nothing, larger ones more, negative ones most.
pub fn cost(n: i64) -> u64 {
    match n.unsigned_abs() {
        size if n.is_negative() => size + 1,
        size if size < 3 => 0,
        size => size / 2,
    }
}

/// Numbers from the least to the most, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub least: i64,
    pub most: i64,
}

impl Range {
    /// The number that is nearest to zero.
    pub fn smallest(self) -> i64 {
        0.clamp(self.least, self.most)
    }

    /// What it costs to have no other numbers. One that the claim names is cheaper than one that is made up.
    pub fn cost(self) -> u64 {
        u64::from(self.least == self.most && cost(self.least) > 0)
    }

    fn plus(self, n: i64) -> Range {
        Range { least: self.least.saturating_add(n), most: self.most.saturating_add(n) }
    }
}

/// What is known of a whole number.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Ever smaller ranges, each with the choice that made it.
    ranges: Vec<(Range, usize)>,
    /// Where the last comparison would have it cut: the first number of the upper half, and whether that half comes first.
    cut: Option<(i64, bool)>,
}

impl Known {
    /// How often the range was made smaller.
    pub fn cuts(&self) -> usize {
        self.ranges.len()
    }

    /// Takes back this choice and those after it.
    pub fn forget(&mut self, choice: usize) {
        self.ranges.retain(|(_, by)| *by < choice);
    }
}

/// One side of a comparison.
struct Side {
    range: Range,
    /// The part that it is, and how much more it is than that part.
    part: Option<(usize, i64)>,
    choice: usize,
}

impl Machine<'_> {
    /// The range of a part that is a whole number.
    pub fn range(&self, part: usize) -> Range {
        self.ranged(part).0
    }

    fn ranged(&self, part: usize) -> (Range, usize) {
        let known = self.parts.get(part).and_then(|p| p.range.ranges.last());
        known.copied().unwrap_or((Range { least: -INTEGERS, most: INTEGERS }, 0))
    }

    /// The halves of a range where a comparison would have it cut.
    pub fn split(&self, part: usize) -> Option<[Range; 2]> {
        let (at, upper_first) = self.parts.get(part)?.range.cut?;
        let Range { least, most } = self.range(part);
        if at <= least || at > most {
            return None;
        }
        let (lower, upper) = (Range { least, most: at.saturating_sub(1) }, Range { least: at, most });
        Some(if upper_first { [upper, lower] } else { [lower, upper] })
    }

    /// Makes the range of a part smaller by a choice.
    pub fn narrow(&mut self, part: usize, range: Range, choice: usize) {
        if range.least == range.most {
            self.fill(part, Value::Int(range.least), choice);
        } else if let Some(p) = self.parts.get_mut(part) {
            p.range.ranges.push((range, choice));
        }
    }

    /// Whether one whole number is less than another one, as far as their ranges say. What they do not say becomes a wish for a cut.
    pub fn int_less(&mut self, a: &Thunk, b: &Thunk, budget: &mut Budget) -> Eval<bool> {
        let (x, y) = (self.side(a, budget)?, self.side(b, budget)?);
        if let (Some((p, more)), Some((q, other))) = (x.part, y.part)
            && p == q
        {
            return Ok(more < other);
        }
        self.depends = self.depends.max(x.choice).max(y.choice);
        let known = if x.range.most < y.range.least {
            true
        } else if x.range.least >= y.range.most {
            false
        } else {
            let (part, cut) = match (x.part, y.part) {
                (Some((part, more)), None) => (part, Some((y.range.least.saturating_sub(more), true))),
                (None, Some((part, more))) => {
                    (part, Some((x.range.least.saturating_add(1).saturating_sub(more), false)))
                }
                (Some((part, _)), Some(_)) => (part, None),
                (None, None) => return Err(Stop::Unsupported),
            };
            if let Some(p) = self.parts.get_mut(part) {
                p.range.cut = cut;
            }
            return Err(Stop::Stuck(part));
        };
        Ok(known)
    }

    fn side(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<Side> {
        match self.force(slot, budget) {
            Ok(Value::Int(n)) => Ok(Side { range: Range { least: n, most: n }, part: None, choice: 0 }),
            Ok(_) => Err(Stop::Unsupported),
            Err(Stop::Stuck(stuck)) => {
                let Some((part, more)) = self.moved(slot, budget)? else { return Err(Stop::Stuck(stuck)) };
                let (range, choice) = self.ranged(part);
                Ok(Side { range: range.plus(more), part: Some((part, more)), choice })
            }
            Err(stop) => Err(stop),
        }
    }

    /// The part that a number is that is not known, and how much more it is than that; nothing where it is anything else.
    fn moved(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<Option<(usize, i64)>> {
        let (op, a, b) = match &*slot.0.borrow() {
            State::Part(n) => return Ok(Some((*n, 0))),
            State::Todo(Work::Apply(inner, args), ..) if args.is_empty() => (None, inner.clone(), inner.clone()),
            State::Todo(Work::Op(op @ (Prim::IntAdd | Prim::IntSub), a, b), ..) => (Some(*op), a.clone(), b.clone()),
            _ => return Ok(None),
        };
        let Some(op) = op else { return self.moved(&a, budget) };
        let number = |found: Eval<Value>| match found {
            Ok(Value::Int(n)) => Ok(Some(n)),
            Ok(_) => Err(Stop::Unsupported),
            Err(Stop::Stuck(_)) => Ok(None),
            Err(stop) => Err(stop),
        };
        let (x, y) = (number(self.force(&a, budget))?, number(self.force(&b, budget))?);
        let (inner, more) = match (op, x, y) {
            (Prim::IntAdd, Some(n), None) => (b, Some(n)),
            (Prim::IntAdd, None, Some(n)) => (a, Some(n)),
            (Prim::IntSub, None, Some(n)) => (a, n.checked_neg()),
            _ => return Ok(None),
        };
        let Some(more) = more else { return Ok(None) };
        Ok(self.moved(&inner, budget)?.and_then(|(part, n)| Some((part, n.checked_add(more)?))))
    }
}
