//! Values on which statements are tried before anybody proves them.

use crate::lang::{Head, Id, Kind, Lang, Ty, Type};
use crate::read::recursive;
use std::rc::Rc;

/// How many values of a type there are, at most.
const VALUES: usize = 24;
/// How many are made for that.
const TRIES: u64 = 80;

/// Small values of a type, the smallest first.
pub fn values(l: &mut Lang, ty: Ty) -> Rc<Vec<Id>> {
    if let Some(v) = l.samples.get(&ty) {
        return v.clone();
    }
    l.samples.insert(ty, Rc::new(Vec::new()));
    let mut out: Vec<Id> = Vec::new();
    match l.type_of_ty(ty) {
        Type::Fun(..) => {
            let (mut params, mut result) = (Vec::new(), ty);
            while let Type::Fun(a, b) = l.type_of_ty(result) {
                params.push(a);
                result = b;
            }
            for seed in 0..4 {
                let s = l.new_symbol(Kind::Table(seed), params.clone(), result);
                out.push(l.app(Head::Sym(s), Vec::new()));
            }
        }
        _ => match l.cons_of(ty) {
            None => {
                for _ in 0..3 {
                    let (_, t) = l.fresh_term(ty);
                    out.push(t);
                }
            }
            Some(cons) => {
                // Fields of other types have their values first.
                for c in cons.iter() {
                    for p in l.sym(*c).params.clone() {
                        values(l, p);
                    }
                }
                for n in 0..TRIES {
                    let mut dice = Dice::new(n + 17);
                    let depth = if n < 4 { 1 } else { 4 };
                    if let Some(t) = random(l, ty, depth, &mut dice)
                        && !out.contains(&t)
                        && out.len() < VALUES
                    {
                        out.push(t);
                    }
                }
                out.sort_by_key(|t| l.node(*t).size);
            }
        },
    }
    let out = Rc::new(out);
    l.samples.insert(ty, out.clone());
    out
}

/// A value of a type with constructors, so many of them inside of each other.
fn random(l: &mut Lang, ty: Ty, depth: u32, dice: &mut Dice) -> Option<Id> {
    let cons = l.cons_of(ty)?;
    let flat: Vec<u32> = cons.iter().copied().filter(|c| recursive(l, *c).is_empty()).collect();
    let deep: Vec<u32> = cons.iter().copied().filter(|c| !recursive(l, *c).is_empty()).collect();
    let choices = if deep.is_empty() || depth == 0 || dice.below(4) == 0 { flat } else { deep };
    let c = *choices.get(dice.below(choices.len().max(1)))?;
    let mut args = Vec::new();
    for p in l.sym(c).params.clone() {
        args.push(if p == ty {
            random(l, ty, depth - 1, dice)?
        } else {
            let all = values(l, p);
            *all.get(dice.below(all.len().min(6)))?
        });
    }
    Some(l.app(Head::Sym(c), args))
}

/// What a function for tests gives.
pub fn table(l: &mut Lang, seed: u32, ty: Ty, args: &[Id]) -> Option<Id> {
    let choices = values(l, ty);
    let mut hash = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(77);
    for a in args {
        hash = (hash ^ u64::from(*a)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        hash ^= hash >> 29;
    }
    let n = usize::try_from(hash >> 7).unwrap_or(0).checked_rem(choices.len().min(5))?;
    choices.get(n).copied()
}

/// Numbers without a pattern that matters.
pub struct Dice(u64);

impl Dice {
    /// Starts a sequence.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    /// A number below a bound that is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0).checked_rem(n).unwrap_or(0)
    }
}
