//! Which elements of a type can be exchanged without a change of anything, and one state for all that differ by such exchanges.
//!
//! That an exchange changes nothing is seen on states of some runs, not proved. Were it wrong, states would be merged that differ, and
//! a run could be missed; a run that is found is one of states that were really met.

use crate::finite::Shape;
use crate::model::{Action, Given, Program};
use std::collections::BTreeMap;

/// Runs on which exchanges are tried, and their length.
const WALKS: u64 = 12;
const STEPS: u64 = 8;
/// Most ways to rename that are gone through for one state.
const WAYS: usize = 24;

/// A renaming of the elements of each sort.
type Renaming = Vec<Vec<u8>>;

/// A renaming with the new place of each cell.
struct Moved {
    places: Vec<usize>,
    renaming: Renaming,
}

/// Renamings under which states are the same.
pub struct Symmetry {
    /// Those of small sorts, the identity first.
    small: Vec<Moved>,
    /// The sort whose elements are sorted, and those that can be exchanged.
    main: Option<(usize, Vec<Vec<u64>>)>,
    /// For each element of that sort the cells that are about it alone, in one order.
    own: Vec<Vec<usize>>,
    /// Whether other cells are about elements of that sort, too.
    tangled: bool,
    sorts: Renaming,
}

fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn small(n: u64) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

/// The elements of a sort that may be exchanged at all: of numbers all but the last.
fn movable(s: &Shape) -> u64 {
    s.size() - u64::from(matches!(s, Shape::Nat(_)))
}

fn identity(p: &Program) -> Renaming {
    p.sorts.iter().map(|s| (0..s.size()).map(small).collect()).collect()
}

impl Moved {
    fn new(p: &Program, renaming: Renaming) -> Moved {
        let places = (0..p.cells.len()).map(|c| place(p, &renaming, c)).collect();
        Moved { places, renaming }
    }

    fn apply(&self, p: &Program, cells: &[u8], out: &mut [u8]) {
        for ((place, cell), value) in self.places.iter().zip(&p.cells).zip(cells) {
            if let Some(o) = out.get_mut(*place) {
                *o = renamed(&self.renaming, cell.holds, *value);
            }
        }
    }

    fn action(&self, a: &Action) -> (u32, Vec<u64>) {
        let to = |sort: usize, x: u64| u64::from(renamed(&self.renaming, Some(sort), small(x)));
        let arg = |g: &Given| {
            if !g.set {
                return to(g.sort, g.number);
            }
            let members = (0..u64::from(u64::BITS - g.number.leading_zeros())).filter(|x| g.number >> x & 1 == 1);
            members.fold(0, |set, x| set | 1 << to(g.sort, x))
        };
        (a.command, a.arguments.iter().map(arg).collect())
    }
}

fn renamed(r: &Renaming, sort: Option<usize>, x: u8) -> u8 {
    sort.and_then(|s| r.get(s)).and_then(|to| to.get(usize::from(x))).copied().unwrap_or(x)
}

/// The place of a cell under a renaming.
fn place(p: &Program, r: &Renaming, c: usize) -> usize {
    let Some(cell) = p.cells.get(c) else { return c };
    cell.arguments.iter().fold(c, |at, (s, x, stride)| {
        let to = usize::from(renamed(r, Some(*s), small(*x)));
        (at + to * stride).saturating_sub(index(*x) * stride)
    })
}

/// The actions of a program by command and arguments.
pub type Numbers = BTreeMap<(u32, Vec<u64>), usize>;

/// The state after an action; nothing where it is not allowed, or leads beyond the numbers that are gone through.
pub fn after(p: &Program, a: &Action, cells: &[u8], out: &mut Vec<u8>) -> bool {
    if a.guard.value(cells) == 0 {
        return false;
    }
    out.clear();
    out.extend_from_slice(cells);
    for (c, x) in &a.updates {
        let v = x.value(cells);
        if p.cells.get(*c).is_none_or(|cell| v >= cell.size) {
            return false;
        }
        if let Some(o) = out.get_mut(*c) {
            *o = small(v);
        }
    }
    true
}

/// What cells hold at first, where those that are chosen once are known.
pub fn first(p: &Program, chosen: &[u8]) -> Vec<u8> {
    let mut cells = chosen.to_vec();
    cells.resize(p.cells.len(), 0);
    let init: Vec<u8> = p.init.iter().map(|x| small(x.value(&cells))).collect();
    cells.truncate(p.chosen);
    cells.extend(init);
    cells
}

/// States of some runs, always the same.
fn samples(p: &Program, start: &[u8]) -> Vec<Vec<u8>> {
    let (mut out, mut seed, mut next) = (vec![start.to_vec()], 1u64, Vec::new());
    for _ in 0..WALKS {
        let mut now = start.to_vec();
        for _ in 0..STEPS {
            // Any fixed numbers do.
            let mut tried = 0;
            loop {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                tried += 1;
                let at = index(seed >> 33).checked_rem(p.actions.len()).unwrap_or(0);
                let allowed = p.actions.get(at).is_some_and(|a| after(p, a, &now, &mut next));
                if allowed && next != now {
                    std::mem::swap(&mut now, &mut next);
                    break;
                }
                if tried > 4 * p.actions.len() {
                    break;
                }
            }
            out.push(now.clone());
        }
    }
    out.sort();
    out.dedup();
    out
}

impl Symmetry {
    /// No exchange.
    #[cfg(test)]
    pub fn none(p: &Program) -> Symmetry {
        let same = Moved::new(p, identity(p));
        Symmetry { small: vec![same], main: None, own: Vec::new(), tangled: false, sorts: identity(p) }
    }

    /// The exchanges that change nothing, where some cells are known.
    pub fn of(p: &Program, chosen: &[u8]) -> Symmetry {
        let start = first(p, chosen);
        let samples = samples(p, &start);
        let numbers: Numbers = p
            .actions
            .iter()
            .enumerate()
            .map(|(n, a)| ((a.command, a.arguments.iter().map(|g| g.number).collect()), n))
            .collect();
        let mut classes: Vec<Vec<Vec<u64>>> = Vec::new();
        for (s, shape) in p.sorts.iter().enumerate() {
            let mut of_sort: Vec<Vec<u64>> = Vec::new();
            for x in 0..movable(shape) {
                let found = of_sort
                    .iter()
                    .position(|class| class.first().is_some_and(|y| keeps(p, &numbers, &start, &samples, s, *y, x)));
                match found.and_then(|n| of_sort.get_mut(n)) {
                    Some(class) => class.push(x),
                    None => of_sort.push(vec![x]),
                }
            }
            classes.push(of_sort);
        }
        Self::from_classes(p, &classes)
    }

    /// Every exchange of elements of types of data, for what is chosen once.
    pub fn every(p: &Program) -> Symmetry {
        let classes: Vec<Vec<Vec<u64>>> = p
            .sorts
            .iter()
            .map(|s| if s.positions().is_some() { vec![(0..s.size()).collect()] } else { Vec::new() })
            .collect();
        let mut out = Self::from_classes(p, &classes);
        if let Some((s, _)) = &out.main {
            out.own.iter_mut().for_each(Vec::clear);
            for (c, cell) in p.cells.iter().enumerate().take(p.chosen) {
                let about: Vec<u64> = cell.arguments.iter().filter(|a| a.0 == *s).map(|a| a.1).collect();
                out.tangled |= about.len() > 1 || cell.holds == Some(*s);
                if let [x] = about.as_slice() {
                    out.own.get_mut(index(*x)).into_iter().for_each(|o| o.push(c));
                }
            }
        }
        out
    }

    fn from_classes(p: &Program, classes: &[Vec<Vec<u64>>]) -> Symmetry {
        // The sort with most ways to rename is sorted, the others are gone through while that is cheap.
        let ways = |c: &Vec<Vec<u64>>| c.iter().map(|k| factorial(k.len())).fold(1usize, usize::saturating_mul);
        let data = |s: usize| matches!(p.sorts.get(s), Some(Shape::Data(..)));
        let main = (0..classes.len())
            .filter(|s| data(*s) && classes.get(*s).is_some_and(|c| ways(c) > 1))
            .max_by_key(|s| classes.get(*s).map_or(0, ways));
        let mut renamings = vec![identity(p)];
        for (s, of_sort) in classes.iter().enumerate().filter(|(s, _)| Some(*s) != main) {
            if ways(of_sort).saturating_mul(renamings.len()) > WAYS {
                continue;
            }
            for class in of_sort.iter().filter(|c| c.len() > 1) {
                let all = orders(class);
                renamings =
                    renamings.iter().flat_map(|r| all.iter().map(move |order| with(r, s, class, order))).collect();
            }
        }
        let small = renamings.into_iter().map(|r| Moved::new(p, r)).collect();
        let main = main.and_then(|s| classes.get(s).map(|c| (s, c.clone())));
        let (mut own, mut tangled) = (Vec::new(), false);
        if let Some((s, _)) = &main {
            own = vec![Vec::new(); index(p.sorts.get(*s).map_or(0, Shape::size))];
            for (c, cell) in p.cells.iter().enumerate().skip(p.chosen) {
                let about: Vec<u64> = cell.arguments.iter().filter(|a| a.0 == *s).map(|a| a.1).collect();
                match about.as_slice() {
                    _ if cell.holds == Some(*s) => tangled = true,
                    [] => {}
                    [x] => own.get_mut(index(*x)).into_iter().for_each(|o: &mut Vec<usize>| o.push(c)),
                    _ => tangled = true,
                }
            }
        }
        Symmetry { small, main, own, tangled, sorts: identity(p) }
    }

    /// One of the states that differ by exchanges: the same for all of them, or for most where cells are tangled.
    pub fn canonical(&self, p: &Program, cells: &[u8], out: &mut Vec<u8>) {
        let mut best: Option<Vec<u8>> = None;
        let mut moved = vec![0; cells.len()];
        for s in &self.small {
            s.apply(p, cells, &mut moved);
            let Some((sort, classes)) = &self.main else {
                best = least(best, moved.clone());
                continue;
            };
            let about = |x: &u64| -> Vec<u8> {
                let own = self.own.get(index(*x)).into_iter().flatten();
                own.map(|c| moved.get(*c).copied().unwrap_or(0)).collect()
            };
            let sorted = |class: &Vec<u64>| {
                let mut order: Vec<(Vec<u8>, u64)> = class.iter().map(|x| (about(x), *x)).collect();
                order.sort();
                order
            };
            let classes = classes.iter().filter(|c| c.len() > 1);
            if !self.tangled {
                // Only the cells of the elements change places.
                let mut out = moved.clone();
                for class in classes {
                    for ((_, from), to) in sorted(class).iter().zip(class) {
                        let cells = self.own.get(index(*from)).into_iter().flatten();
                        for (c, place) in cells.zip(self.own.get(index(*to)).into_iter().flatten()) {
                            if let (Some(o), Some(v)) = (out.get_mut(*place), moved.get(*c)) {
                                *o = *v;
                            }
                        }
                    }
                }
                best = least(best, out);
                continue;
            }
            // Ways to sort: more than one where elements look alike.
            let mut ways = vec![self.sorts.clone()];
            for class in classes {
                let mut orders_here = alike(&sorted(class));
                if orders_here.len().saturating_mul(ways.len()) > WAYS {
                    orders_here.truncate(1);
                }
                // The element that comes n-th is renamed to the n-th of the class.
                ways = ways
                    .iter()
                    .flat_map(|r| orders_here.iter().map(move |order| with(r, *sort, order, class)))
                    .collect();
            }
            for r in ways {
                let mut renamed = vec![0; cells.len()];
                Moved::new(p, r).apply(p, &moved, &mut renamed);
                best = least(best, renamed);
            }
        }
        out.clear();
        out.extend(best.unwrap_or_default());
    }
}

fn least(best: Option<Vec<u8>>, new: Vec<u8>) -> Option<Vec<u8>> {
    Some(match best {
        Some(b) if b <= new => b,
        _ => new,
    })
}

/// Renames the elements of a class, in order, to those given.
fn with(r: &Renaming, sort: usize, class: &[u64], to: &[u64]) -> Renaming {
    let mut out = r.clone();
    if let Some(of_sort) = out.get_mut(sort) {
        for (x, y) in class.iter().zip(to) {
            if let Some(o) = of_sort.get_mut(index(*x)) {
                *o = small(*y);
            }
        }
    }
    out
}

fn factorial(n: usize) -> usize {
    (1..=n).fold(1, usize::saturating_mul)
}

/// All orders of a few elements, the given one first.
fn orders(class: &[u64]) -> Vec<Vec<u64>> {
    let Some((x, rest)) = class.split_first() else { return vec![Vec::new()] };
    let mut out = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut o = order.clone();
            o.insert(at, *x);
            out.push(o);
        }
    }
    out
}

/// All orders of sorted elements in which only those change places that look alike; one where these would be many.
fn alike(sorted: &[(Vec<u8>, u64)]) -> Vec<Vec<u64>> {
    let mut out: Vec<Vec<u64>> = vec![Vec::new()];
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let members: Vec<u64> = group.iter().map(|g| g.1).collect();
        let all =
            if factorial(members.len()).saturating_mul(out.len()) > WAYS { vec![members] } else { orders(&members) };
        out = out.iter().flat_map(|o| all.iter().map(move |m| [o.as_slice(), m].concat())).collect();
    }
    out
}

/// Whether the exchange of two elements changes nothing that can be seen on the samples.
fn keeps(p: &Program, numbers: &Numbers, start: &[u8], samples: &[Vec<u8>], sort: usize, x: u64, y: u64) -> bool {
    let exchange = Moved::new(p, with(&identity(p), sort, &[x, y], &[y, x]));
    let moved = |cells: &[u8]| {
        let mut out = vec![0; cells.len()];
        exchange.apply(p, cells, &mut out);
        out
    };
    if moved(start) != start {
        return false;
    }
    let (mut a_after, mut b_after) = (Vec::new(), Vec::new());
    samples.iter().all(|cells| {
        let other = moved(cells);
        let agree = |a: &Action, a_after: &mut Vec<u8>, b_after: &mut Vec<u8>| {
            let b = numbers.get(&exchange.action(a)).and_then(|n| p.actions.get(*n));
            let (one, two) = (after(p, a, cells, a_after), b.is_some_and(|b| after(p, b, &other, b_after)));
            one == two && (!one || moved(a_after) == *b_after)
        };
        p.safe.value(cells) == p.safe.value(&other) && p.actions.iter().all(|a| agree(a, &mut a_after, &mut b_after))
    })
}
