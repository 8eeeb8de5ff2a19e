//! The search: parts are filled in where the claim needs them, smaller values first; then the point is made smaller.

use crate::eval::{Env, Machine, Stop, Thunk, Tree, Value, of_tree};
use crate::ranges::cost;
use crate::shapes::{Shape, Shapes};
use bfv_format::Term;
use bfv_search::{Budget, Reason};
use std::rc::Rc;

/// Sizes up to which points are looked for, one after the other.
const SIZES: [u64; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 40, 65, 110, 220];
/// Steps for all sizes of the first round; each further round has so many times as many.
const FIRST: u64 = 60;
const MORE: u64 = 4;

/// A variable of the claim.
#[derive(Clone, Debug)]
pub enum Variable {
    /// A value of a shape.
    Value(usize),
    /// A statement, in the scope of the variables before it.
    Given(Term),
}

/// What is to be refuted: variables and hypotheses in order, then the conclusion.
pub struct Claim {
    pub variables: Vec<Variable>,
    pub conclusion: Term,
}

/// Where the search stands.
enum Now {
    /// The hypotheses hold and the conclusion fails.
    Found,
    /// They do not, whatever the rest is.
    Away,
    /// This part decides.
    Needs(usize),
}

pub struct Hunt<'g, 's> {
    pub machine: Machine<'g>,
    pub shapes: &'s Shapes,
    /// Hypotheses and whether they are to hold; last the conclusion, which is to fail.
    conditions: Vec<(Thunk, bool)>,
    roots: Vec<(usize, Thunk)>,
    /// Whether something was left out because it is too large.
    cut: bool,
    /// How much larger each variable may get, or all of them together where there is one number.
    sizes: Vec<u64>,
}

impl<'g, 's> Hunt<'g, 's> {
    pub fn new(machine: Machine<'g>, shapes: &'s Shapes, claim: &Claim) -> Self {
        let mut hunt =
            Hunt { machine, shapes, conditions: Vec::new(), roots: Vec::new(), cut: false, sizes: Vec::new() };
        hunt.machine.ways = shapes.ways();
        let mut made: Vec<Thunk> = Vec::new();
        for v in &claim.variables {
            if let Variable::Value(shape) = v {
                let part = hunt.part(*shape, hunt.roots.len());
                made.push(part.clone());
                hunt.roots.push((*shape, part));
            }
        }
        hunt.machine.roots = hunt.machine.parts.len();
        hunt.conditions = conditions(&hunt.machine, claim, &made);
        hunt
    }

    fn part(&mut self, shape: usize, root: usize) -> Thunk {
        let function = match self.shapes.get(shape) {
            Some(Shape::Fun(_, result, varies)) => Some((*result, *varies)),
            _ => None,
        };
        self.machine.part(shape, root, function)
    }

    /// Values of the variables at which the claim fails. None where there is none, of any size.
    ///
    /// # Errors
    /// Why the search ended before.
    pub fn search(&mut self, budget: &mut Budget) -> Result<Option<Vec<Tree>>, Stop> {
        // Sizes that were gone through to the end: of all variables together, and of each.
        let mut whole = [0, 0];
        let mut steps = FIRST;
        let ways: &[usize] = if self.roots.len() > 1 { &[0, 1] } else { &[0] };
        while budget.left > 0 {
            for way in ways {
                let first = whole.get(*way).copied().unwrap_or(0);
                // The smallest size has half of the steps, for most claims fail at small points; the others share the rest.
                let others = u64::try_from(SIZES.len().saturating_sub(first)).unwrap_or(1).max(1);
                for (n, size) in SIZES.into_iter().enumerate().skip(first) {
                    self.cut = false;
                    self.sizes = vec![size; if *way == 0 { 1 } else { self.roots.len() }];
                    let mut part = budget.part(if n == first { steps / 2 } else { steps / 2 / others + 1 });
                    let found = self.step(1, &mut part);
                    budget.spend(part.used).map_err(Stop::End)?;
                    match found {
                        Ok(true) => {
                            let found: Vec<(usize, Thunk)> = self.roots.clone();
                            let read = found.iter().map(|(shape, t)| self.read(*shape, t, budget));
                            return read.collect::<Result<_, _>>().map(Some);
                        }
                        Ok(false) if !self.cut => return Ok(None),
                        Ok(false) => {
                            if let Some(slot) = whole.get_mut(*way) {
                                *slot = (n + 1).max(*slot);
                            }
                        }
                        // The part is used up, not the whole.
                        Err(Stop::End(Reason::Budget)) => self.machine.restart(),
                        Err(stop) => return Err(stop),
                    }
                }
            }
            if whole.contains(&SIZES.len()) {
                break;
            }
            steps = steps.saturating_mul(MORE);
        }
        Err(Stop::End(Reason::Budget))
    }

    fn now(&mut self, budget: &mut Budget) -> Result<Now, Stop> {
        let mut needs = None;
        for n in 0..self.conditions.len() {
            let Some((t, wanted)) = self.conditions.get(n).cloned() else { break };
            match self.machine.holds(&t, budget) {
                Ok(b) if b == wanted => {}
                Ok(_) => return Ok(Now::Away),
                Err(Stop::Stuck(part)) => needs = Some(needs.map_or(part, |n| self.machine.sooner(n, part))),
                Err(stop) => return Err(stop),
            }
        }
        Ok(needs.map_or(Now::Found, Now::Needs))
    }

    /// Fills in what is needed, as far as the size allows.
    fn step(&mut self, choice: usize, budget: &mut Budget) -> Result<bool, Stop> {
        let part = match self.now(budget)? {
            Now::Found => return Ok(true),
            Now::Away => return Ok(false),
            Now::Needs(part) => part,
        };
        let parts = self.machine.parts.len();
        let (shape, root) = self.machine.parts.get(part).map(|p| (p.shape, p.root)).ok_or(Stop::Unsupported)?;
        let group = if self.sizes.len() == 1 { 0 } else { root };
        let size = self.sizes.get(group).copied().ok_or(Stop::Unsupported)?;
        if let Some(halves) = self.machine.split(part) {
            // Numbers beyond the range are left out.
            self.cut = true;
            for half in halves {
                let Some(rest) = size.checked_sub(half.cost()) else { continue };
                self.machine.narrow(part, half, choice);
                if let Some(slot) = self.sizes.get_mut(group) {
                    *slot = rest;
                }
                if self.step(choice + 1, budget)? {
                    return Ok(true);
                }
                if let Some(slot) = self.sizes.get_mut(group) {
                    *slot = size;
                }
                self.machine.take_back(part, parts, choice);
            }
            return Ok(false);
        }
        let ways = self.ways(part, shape, size)?;
        for way in ways {
            let Some(rest) = size.checked_sub(way.cost) else {
                self.cut = true;
                continue;
            };
            let fields: Rc<[Thunk]> = way.fields.iter().map(|f| self.part(*f, root)).collect();
            let value = match (way.make, &*fields) {
                (Make::Con(c), _) => Value::Con(c, fields),
                (Make::Value(v), _) => v,
                (Make::Suc, [less]) => Value::Suc(less.clone()),
                (Make::Pair, [a, b]) => Value::Pair(a.clone(), b.clone()),
                (Make::Suc | Make::Pair, _) => return Err(Stop::Unsupported),
            };
            self.machine.fill(part, value, choice);
            if let Some(slot) = self.sizes.get_mut(group) {
                *slot = rest;
            }
            if self.step(choice + 1, budget)? {
                return Ok(true);
            }
            if let Some(slot) = self.sizes.get_mut(group) {
                *slot = size;
            }
            self.machine.take_back(part, parts, choice);
        }
        Ok(false)
    }

    /// The ways to fill a part of a shape, cheap ones first.
    fn ways(&mut self, part: usize, shape: usize, size: u64) -> Result<Vec<Way>, Stop> {
        let value = |v, cost| Way { make: Make::Value(v), fields: Vec::new(), cost };
        Ok(match self.shapes.get(shape).ok_or(Stop::Unsupported)? {
            Shape::Bool => vec![value(Value::Bool(false), 0), value(Value::Bool(true), 0)],
            Shape::Unit => vec![value(Value::Star, 0)],
            Shape::Nat => {
                vec![value(Value::Nat(0), 0), Way { make: Make::Suc, fields: vec![shape], cost: 1 }]
            }
            Shape::Int => {
                self.cut = true;
                let range = self.machine.range(part);
                let mut all: Vec<(u64, i64)> = (range.least..=range.most).map(|n| (cost(n), n)).collect();
                all.sort_by_key(|(cost, n)| (*cost, n.is_negative(), n.unsigned_abs()));
                all.into_iter().filter(|(cost, _)| *cost <= size).map(|(cost, n)| value(Value::Int(n), cost)).collect()
            }
            Shape::Pair(a, b) => vec![Way { make: Make::Pair, fields: vec![*a, *b], cost: 0 }],
            Shape::Data(_, _, cons) => {
                let mut all: Vec<Way> = (0u32..)
                    .zip(cons)
                    .filter(|(_, fields)| fields.iter().all(|f| self.shapes.least(*f).is_some()))
                    .map(|(n, fields)| Way {
                        make: Make::Con(n),
                        fields: fields.clone(),
                        cost: u64::from(!fields.is_empty()),
                    })
                    .collect();
                all.sort_by_key(|w| w.fields.len());
                all
            }
            Shape::Fun(..) | Shape::Open => return Err(Stop::Unsupported),
        })
    }

    /// A value with parts as a finished one. What nothing needs is as small as can be.
    fn read(&mut self, shape: usize, t: &Thunk, budget: &mut Budget) -> Result<Tree, Stop> {
        let value = match self.machine.force(t, budget) {
            Ok(v) => v,
            Err(Stop::Stuck(part)) => {
                return match self.shapes.get(shape) {
                    Some(Shape::Int) => Ok(Tree::Int(self.machine.range(part).smallest())),
                    _ => self.shapes.least(shape).ok_or(Stop::Unsupported),
                };
            }
            Err(stop) => return Err(stop),
        };
        Ok(match (self.shapes.get(shape), value) {
            (Some(Shape::Data(_, _, cons)), Value::Con(c, fields)) => {
                let shapes = usize::try_from(c).ok().and_then(|c| cons.get(c)).ok_or(Stop::Unsupported)?.clone();
                let fields =
                    fields.iter().zip(shapes).map(|(f, s)| self.read(s, f, budget)).collect::<Result<_, _>>()?;
                Tree::Con(c, fields)
            }
            (_, Value::Bool(b)) => Tree::Bool(b),
            (_, Value::Star) => Tree::Star,
            (_, Value::Nat(n)) => Tree::Nat(n),
            (_, Value::Int(n)) => Tree::Int(n),
            (_, Value::Suc(less)) => match self.read(shape, &less, budget)? {
                Tree::Nat(n) => Tree::Nat(n.checked_add(1).ok_or(Stop::Unsupported)?),
                _ => return Err(Stop::Unsupported),
            },
            (Some(Shape::Pair(a, b)), Value::Pair(x, y)) => {
                let (a, b) = (*a, *b);
                Tree::Pair(Box::new(self.read(a, &x, budget)?), Box::new(self.read(b, &y, budget)?))
            }
            (Some(Shape::Fun(_, result, _)), Value::Table(n)) => {
                let result = *result;
                let entries = self.machine.parts.get(n).map(|p| p.table.clone()).ok_or(Stop::Unsupported)?;
                let mut all = Vec::new();
                for (key, part) in entries {
                    let slot = self.machine.at(part);
                    all.push((key, self.read(result, &slot, budget)?));
                }
                Tree::Table(all, Box::new(self.shapes.least(result).ok_or(Stop::Unsupported)?))
            }
            _ => return Err(Stop::Unsupported),
        })
    }
}

struct Way {
    make: Make,
    fields: Vec<usize>,
    cost: u64,
}

enum Make {
    Con(u32),
    Value(Value),
    Suc,
    Pair,
}

fn conditions(machine: &Machine<'_>, claim: &Claim, values: &[Thunk]) -> Vec<(Thunk, bool)> {
    let mut env = Env::default();
    let mut values = values.iter();
    let mut out = Vec::new();
    for v in &claim.variables {
        match v {
            Variable::Value(_) => {
                if let Some(x) = values.next() {
                    env = env.push(x.clone());
                }
            }
            Variable::Given(t) => {
                out.push((machine.delay(&env, t), true));
                // Nothing looks at a proof.
                env = env.push(of_tree(&Tree::Star));
            }
        }
    }
    out.push((machine.delay(&env, &claim.conclusion), false));
    out
}

/// Most points that are tried to make a point smaller.
const SMALLER: u32 = 600;

/// Makes a point smaller as long as the claim fails there. Functions stay as they are found.
pub fn shrink(
    machine: &mut Machine<'_>,
    shapes: &Shapes,
    claim: &Claim,
    mut point: Vec<Tree>,
    budget: &mut Budget,
) -> Vec<Tree> {
    let kinds: Vec<usize> =
        claim.variables.iter().filter_map(|v| if let Variable::Value(s) = v { Some(*s) } else { None }).collect();
    if point.iter().any(has_table) {
        return point;
    }
    let mut tries = SMALLER;
    'again: loop {
        for (n, shape) in kinds.iter().enumerate() {
            let Some(tree) = point.get(n).cloned() else { continue };
            for smaller in smaller(shapes, *shape, &tree) {
                let Some(left) = tries.checked_sub(1) else { return point };
                tries = left;
                let mut next = point.clone();
                if let Some(slot) = next.get_mut(n) {
                    *slot = smaller;
                }
                let values: Vec<Thunk> = next.iter().map(of_tree).collect();
                let fails = conditions(machine, claim, &values)
                    .into_iter()
                    .all(|(t, wanted)| machine.holds(&t, budget).is_ok_and(|b| b == wanted));
                if fails {
                    point = next;
                    continue 'again;
                }
            }
        }
        return point;
    }
}

fn has_table(t: &Tree) -> bool {
    match t {
        Tree::Table(..) => true,
        Tree::Con(_, fields) => fields.iter().any(has_table),
        Tree::Pair(a, b) => has_table(a) || has_table(b),
        Tree::Bool(_) | Tree::Star | Tree::Nat(_) | Tree::Int(_) => false,
    }
}

/// Values that are smaller than a value: the least one, its parts of the same type, and those with a smaller part.
fn smaller(shapes: &Shapes, shape: usize, t: &Tree) -> Vec<Tree> {
    let mut out = Vec::new();
    let least = shapes.least(shape);
    out.extend(least.filter(|l| size(l) < size(t)));
    match (shapes.get(shape), t) {
        (Some(Shape::Data(_, _, cons)), Tree::Con(c, fields)) => {
            let kinds = usize::try_from(*c).ok().and_then(|c| cons.get(c));
            for (kind, field) in kinds.into_iter().flatten().zip(fields) {
                if *kind == shape {
                    out.push(field.clone());
                }
            }
            for (n, (kind, field)) in kinds.into_iter().flatten().zip(fields).enumerate() {
                for less in smaller(shapes, *kind, field) {
                    let mut fields = fields.clone();
                    if let Some(slot) = fields.get_mut(n) {
                        *slot = less;
                    }
                    out.push(Tree::Con(*c, fields));
                }
            }
        }
        (_, Tree::Nat(n)) => out.extend(n.checked_sub(1).map(Tree::Nat)),
        (_, Tree::Int(n)) if *n < 0 => out.extend(n.checked_neg().map(Tree::Int)),
        (_, Tree::Int(n)) if *n > 0 => out.push(Tree::Int(*n - 1)),
        (Some(Shape::Pair(a, b)), Tree::Pair(x, y)) => {
            out.extend(smaller(shapes, *a, x).into_iter().map(|x| Tree::Pair(Box::new(x), y.clone())));
            out.extend(smaller(shapes, *b, y).into_iter().map(|y| Tree::Pair(x.clone(), Box::new(y))));
        }
        _ => {}
    }
    out
}

/// The size of a value: what it would cost to fill it in.
fn size(t: &Tree) -> u64 {
    match t {
        Tree::Con(_, fields) => fields.iter().map(size).fold(u64::from(!fields.is_empty()), u64::saturating_add),
        Tree::Nat(n) => *n,
        Tree::Int(n) => cost(*n),
        Tree::Pair(a, b) => size(a).saturating_add(size(b)),
        Tree::Bool(_) | Tree::Star | Tree::Table(..) => 0,
    }
}
