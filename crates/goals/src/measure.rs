//! Measures that fall in every recursive call, so that a recursion may be bounded by them and stays the same function.
//!
//! A measure is a sum of sizes of data, with weights, and of numbers as far as they are above zero. That it falls is checked for each call
//! by linear arithmetic on what the branches around the call tell. A number that counts down to zero falls only above zero. Where it is below,
//! it is checked that no branch ends without another call, so that the original has no value there.

use crate::problem::{Data, Fun, Problem};
use crate::term::{Op, Order, Term};
use crate::types::Ty;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// What the parts of a constructor count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weights {
    Plain,
    /// The first part of the same type counts twice.
    First,
    /// The last one does.
    Last,
}

impl Weights {
    /// The weight of a part among all parts of the same type.
    pub fn of(self, place: usize, all: usize) -> i64 {
        match self {
            Weights::First if place == 0 => 2,
            Weights::Last if place + 1 == all => 2,
            _ => 1,
        }
    }
}

/// An argument, or a field of an argument whose type has one constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub arg: usize,
    pub field: Option<usize>,
}

/// A part of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Size(Path),
    /// A number, where it is positive.
    Count(Path),
    /// How many numbers there are from the first to the second.
    Span(Path, Path),
}

/// `scale` times the sum of the parts, and `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    pub parts: Vec<Part>,
    pub weights: Weights,
    pub scale: usize,
    pub offset: usize,
}

/// A linear expression over names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lin {
    constant: i64,
    of: BTreeMap<String, i64>,
}

impl Lin {
    fn constant(n: i64) -> Lin {
        Lin { constant: n, of: BTreeMap::new() }
    }

    fn name(x: &str) -> Lin {
        Lin { constant: 0, of: BTreeMap::from([(x.to_owned(), 1)]) }
    }

    /// This and `k` times the other.
    fn plus(&self, k: i64, other: &Lin) -> Option<Lin> {
        let mut out = self.clone();
        out.constant = out.constant.checked_add(k.checked_mul(other.constant)?)?;
        for (x, n) in &other.of {
            let entry = out.of.entry(x.clone()).or_insert(0);
            *entry = entry.checked_add(k.checked_mul(*n)?)?;
        }
        out.of.retain(|_, n| *n != 0);
        Some(out)
    }

    fn number(&self) -> Option<i64> {
        self.of.is_empty().then_some(self.constant)
    }
}

/// What branches tell.
#[derive(Clone, Debug, Default)]
struct Known {
    cons: BTreeMap<String, (String, Vec<Term>)>,
    /// These are not negative.
    above: Vec<Lin>,
    /// These are not zero.
    nonzero: Vec<Lin>,
}

impl Known {
    /// Takes in that a condition is true or false.
    fn learn(&mut self, c: &Term, holds: bool) {
        match c {
            Term::Not(c) => self.learn(c, !holds),
            Term::And(all) if holds => all.iter().for_each(|c| self.learn(c, true)),
            Term::Or(all) if !holds => all.iter().for_each(|c| self.learn(c, false)),
            Term::Compare(order, Ty::Int, a, b) => {
                let (Some(a), Some(b)) = (int(a), int(b)) else { return };
                let strict = (*order == Order::Less) == holds;
                let (low, high) = if holds { (a, b) } else { (b, a) };
                let gap = high.plus(-1, &low).and_then(|l| l.plus(-i64::from(strict), &Lin::constant(1)));
                self.above.extend(gap);
            }
            Term::Equal(Ty::Int, a, b) => {
                let (Some(a), Some(b)) = (int(a), int(b)) else { return };
                let (Some(up), Some(down)) = (a.plus(-1, &b), b.plus(-1, &a)) else { return };
                if holds {
                    self.above.extend([up, down]);
                } else {
                    self.nonzero.extend([up, down]);
                }
            }
            _ => {}
        }
    }

    /// Whether an expression is not negative because a fact says so.
    fn not_negative(&self, l: &Lin) -> bool {
        l.number().is_some_and(|n| n >= 0)
            || self.above.iter().any(|f| l.plus(-1, f).and_then(|d| d.number()).is_some_and(|n| n >= 0))
    }

    /// Whether two facts contradict each other.
    fn impossible(&self) -> bool {
        let clash = |f: &Lin| {
            f.number().is_some_and(|n| n < 0)
                || self.above.iter().any(|g| f.plus(1, g).and_then(|s| s.number()).is_some_and(|n| n < 0))
        };
        self.above.iter().any(clash) || self.nonzero.iter().any(|l| l.number() == Some(0))
    }
}

/// A number as a linear expression over variables.
fn int(t: &Term) -> Option<Lin> {
    match t {
        Term::Var(x) => Some(Lin::name(x)),
        Term::Int(n) => Some(Lin::constant(i64::try_from(n).ok()?)),
        Term::Arith(Op::Add, a, b) => int(a)?.plus(1, &int(b)?),
        Term::Arith(Op::Sub, a, b) => int(a)?.plus(-1, &int(b)?),
        Term::Arith(Op::Mul, a, b) => match (int(a)?, int(b)?) {
            (a, b) if a.number().is_some() => Lin::default().plus(a.constant, &b),
            (a, b) => Lin::default().plus(b.number()?, &a),
        },
        _ => None,
    }
}

/// A call in a body, with what is known where it stands.
struct Call<'t> {
    to: &'t str,
    args: &'t [Term],
    known: Known,
}

fn calls<'t>(t: &'t Term, known: &Known, out: &mut Vec<Call<'t>>) {
    if known.impossible() {
        return;
    }
    match t {
        Term::Match(s, _, _, branches) => {
            calls(s, known, out);
            for b in branches {
                let mut inner = known.clone();
                if let Term::Var(x) = &**s {
                    inner.cons.insert(x.clone(), (b.con.clone(), b.vars.iter().cloned().map(Term::Var).collect()));
                }
                calls(&b.body, &inner, out);
            }
        }
        Term::Ite(c, a, b, _) => {
            calls(c, known, out);
            for (branch, holds) in [(a, true), (b, false)] {
                let mut inner = known.clone();
                inner.learn(c, holds);
                calls(branch, &inner, out);
            }
        }
        _ => {
            if let Term::Call(f, _, args) = t {
                out.push(Call { to: f, args, known: known.clone() });
            }
            for part in t.parts() {
                calls(part, known, out);
            }
        }
    }
}

/// How a measure changes in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Falls,
    Stays,
}

/// The functions that call each other, and how their measures are looked for.
pub struct Group<'p> {
    pub problem: &'p Problem,
    /// These are bounded.
    pub outer: Vec<&'p Fun>,
    /// These recur on parts of an argument of their own.
    pub inner: Vec<&'p Fun>,
    /// Whether the measure that was found last falls above zero only, and the original has no value below.
    pub cut: Cell<bool>,
}

/// Most choices of measures that are tried for one group.
const CHOICES: usize = 100_000;

impl Group<'_> {
    fn all(&self) -> Vec<&Fun> {
        self.outer.iter().chain(&self.inner).copied().collect()
    }

    /// A measure for each function, in the order outer, inner.
    pub fn measures(&self) -> Option<Vec<Measure>> {
        let all = self.all();
        let menus: Vec<Vec<Vec<Part>>> = all.iter().map(|f| self.menu(f)).collect();
        let mut tried = 0;
        for weights in [Weights::Plain, Weights::First, Weights::Last] {
            let mut at = vec![0usize; menus.len()];
            loop {
                let choice: Option<Vec<&Vec<Part>>> = at.iter().zip(&menus).map(|(n, menu)| menu.get(*n)).collect();
                if let Some(offsets) = choice.as_ref().and_then(|c| self.offsets(c, weights)) {
                    let scale = offsets.iter().max().map_or(1, |m| m + 1);
                    let parts = choice.into_iter().flatten().cloned();
                    return Some(
                        parts.zip(offsets).map(|(parts, offset)| Measure { parts, weights, scale, offset }).collect(),
                    );
                }
                tried += 1;
                if tried > CHOICES || !next(&mut at, &menus) {
                    break;
                }
            }
        }
        None
    }

    /// Measures that may do for a function, simple ones first.
    fn menu(&self, f: &Fun) -> Vec<Vec<Part>> {
        let mut single = Vec::new();
        let mut numbers = Vec::new();
        for (arg, (_, ty)) in f.args.iter().enumerate() {
            match ty {
                Ty::Data(d, params) => {
                    single.push(Part::Size(Path { arg, field: None }));
                    let data = self.problem.data(d);
                    if let Some((data, [con])) = data.map(|d| (d, d.cons.as_slice())) {
                        let map = data.params.iter().cloned().zip(params.iter().cloned()).collect();
                        let fields = con.fields.iter().enumerate();
                        let ints = fields.filter(|(_, (_, ty))| ty.with(&map) == Ty::Int);
                        single.extend(ints.map(|(n, _)| Part::Count(Path { arg, field: Some(n) })));
                    }
                }
                Ty::Int => numbers.push(Path { arg, field: None }),
                _ => {}
            }
        }
        single.extend(numbers.iter().map(|p| Part::Count(*p)));
        for a in &numbers {
            single.extend(numbers.iter().filter(|b| *b != a).map(|b| Part::Span(*a, *b)));
        }
        let mut out: Vec<Vec<Part>> = single.iter().map(|p| vec![*p]).collect();
        for (n, a) in single.iter().enumerate() {
            out.extend(single.iter().skip(n + 1).map(|b| vec![*a, *b]));
        }
        out
    }

    /// The offsets of the functions, when these parts do.
    fn offsets(&self, parts: &[&Vec<Part>], weights: Weights) -> Option<Vec<usize>> {
        let all = self.all();
        self.cut.set(false);
        // Calls in which the measure stays.
        let mut stays: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (from, f) in all.iter().enumerate() {
            let mut found = Vec::new();
            calls(&f.body, &Known::default(), &mut found);
            for call in found {
                let Some(to) = all.iter().position(|g| g.source == call.to) else { continue };
                let change = self.change(f, parts.get(from)?, &call, parts.get(to)?, weights)?;
                if change == Change::Stays && !(from == to && from >= self.outer.len()) {
                    stays.insert((from, to));
                }
            }
        }
        // Each function above those to which it passes its measure.
        let mut offsets = vec![0usize; all.len()];
        for _ in 0..=all.len() {
            let mut changed = false;
            for (from, to) in &stays {
                let low = offsets.get(*to).map_or(0, |n| n + 1);
                if let Some(slot) = offsets.get_mut(*from)
                    && *slot < low
                {
                    *slot = low;
                    changed = true;
                }
            }
            if !changed {
                return Some(offsets);
            }
        }
        None
    }

    fn change(&self, f: &Fun, from: &[Part], call: &Call<'_>, to: &[Part], weights: Weights) -> Option<Change> {
        let own: Vec<Term> = f.args.iter().map(|(x, _)| Term::Var(x.clone())).collect();
        let mut sizes = Lin::default();
        for p in from {
            if let Part::Size(p) = p {
                sizes = sizes.plus(1, &self.size(&at(&own, *p, &call.known)?, &call.known, weights)?)?;
            }
        }
        for p in to {
            if let Part::Size(p) = p {
                sizes = sizes.plus(-1, &self.size(&at(call.args, *p, &call.known)?, &call.known, weights)?)?;
            }
        }
        // Each size is at least 1.
        if sizes.of.values().any(|n| *n < 0) {
            return None;
        }
        let least = sizes.of.values().try_fold(sizes.constant, |sum, n| sum.checked_add(*n))?;
        let counts = |all: &[Part]| all.iter().filter(|p| !matches!(p, Part::Size(_))).copied().collect::<Vec<_>>();
        let mine = counts(from);
        let mut falls = least >= 1;
        for (n, theirs) in counts(to).into_iter().enumerate() {
            let mine = *mine.get(n)?;
            falls |= self.counted(f, mine, &own, call, theirs)? == Change::Falls;
        }
        if least < 0 {
            return None;
        }
        Some(if falls { Change::Falls } else { Change::Stays })
    }

    /// How a number above zero changes.
    fn counted(&self, f: &Fun, mine: Part, own: &[Term], call: &Call<'_>, theirs: Part) -> Option<Change> {
        let l = number(mine, own, &call.known)?;
        let positive = |l: &Lin| {
            let less = l.plus(-1, &Lin::constant(1));
            if less.is_some_and(|less| call.known.not_negative(&less))
                || call.known.not_negative(l) && call.known.nonzero.contains(l)
            {
                return true;
            }
            let endless = call.to == f.source
                && call.known.nonzero.contains(l)
                && self.endless(&f.body, f, mine, own, &Known::default());
            self.cut.set(self.cut.get() || endless);
            endless
        };
        if let Part::Count(p) = theirs
            && let Some(Term::Arith(Op::Div, a, k)) = at(call.args, p, &call.known)
            && int(&a)? == l
            && int(&k)?.number()? >= 2
        {
            return Some(if positive(&l) { Change::Falls } else { Change::Stays });
        }
        let falls_by = l.plus(-1, &number(theirs, call.args, &call.known)?)?.number()?;
        match falls_by {
            0 => Some(Change::Stays),
            n if n > 0 => Some(if positive(&l) { Change::Falls } else { Change::Stays }),
            _ => None,
        }
    }

    /// Whether no branch ends without another call where a number is negative.
    fn endless(&self, t: &Term, f: &Fun, part: Part, own: &[Term], known: &Known) -> bool {
        let mut known = known.clone();
        if let Some(l) = number(part, own, &known).and_then(|l| Lin::constant(-1).plus(-1, &l)) {
            known.above.push(l);
        }
        if known.impossible() {
            return true;
        }
        match t {
            Term::Match(s, _, _, branches) => branches.iter().all(|b| {
                let mut inner = known.clone();
                if let Term::Var(x) = &**s {
                    inner.cons.insert(x.clone(), (b.con.clone(), b.vars.iter().cloned().map(Term::Var).collect()));
                }
                self.endless(&b.body, f, part, own, &inner)
            }),
            Term::Ite(c, a, b, _) => [(a, true), (b, false)].into_iter().all(|(branch, holds)| {
                let mut inner = known.clone();
                inner.learn(c, holds);
                self.endless(branch, f, part, own, &inner)
            }),
            Term::Let(_, _, _, body) => self.endless(body, f, part, own, &known),
            Term::Call(g, ..) if *g == f.source => true,
            // All that is strict; what is below a function may never be asked for.
            Term::Con(_, _, all) | Term::Call(_, _, all) => all.iter().any(|t| self.endless(t, f, part, own, &known)),
            Term::Arith(_, a, b) => [a, b].into_iter().any(|t| self.endless(t, f, part, own, &known)),
            _ => false,
        }
    }

    /// The size of data, over the sizes of variables.
    fn size(&self, t: &Term, known: &Known, weights: Weights) -> Option<Lin> {
        match t {
            Term::Var(x) => match known.cons.get(x) {
                Some((con, args)) => self.size_of(con, args, known, weights),
                None => Some(Lin::name(x)),
            },
            Term::Con(con, _, args) => self.size_of(con, args, known, weights),
            _ => None,
        }
    }

    fn size_of(&self, con: &str, args: &[Term], known: &Known, weights: Weights) -> Option<Lin> {
        let (data, con) = self.problem.con(con)?;
        let places = own_fields(data, con);
        let mut out = Lin::constant(1);
        for (n, place) in places.iter().enumerate() {
            out = out.plus(weights.of(n, places.len()), &self.size(args.get(*place)?, known, weights)?)?;
        }
        Some(out)
    }
}

/// The fields of a constructor that are of its own type.
pub fn own_fields(data: &Data, con: &crate::problem::Con) -> Vec<usize> {
    let fields = con.fields.iter().enumerate();
    fields.filter(|(_, (_, ty))| matches!(ty, Ty::Data(d, _) if *d == data.source)).map(|(n, _)| n).collect()
}

/// What stands at a path.
fn at(args: &[Term], path: Path, known: &Known) -> Option<Term> {
    let arg = args.get(path.arg)?;
    let Some(field) = path.field else { return Some(arg.clone()) };
    match arg {
        Term::Con(_, _, args) => args.get(field).cloned(),
        Term::Var(x) => known.cons.get(x)?.1.get(field).cloned(),
        _ => None,
    }
}

/// What a part counts, when it is a number.
fn number(part: Part, args: &[Term], known: &Known) -> Option<Lin> {
    match part {
        Part::Size(_) => None,
        Part::Count(p) => int(&at(args, p, known)?),
        Part::Span(a, b) => {
            let (a, b) = (int(&at(args, a, known)?)?, int(&at(args, b, known)?)?);
            b.plus(-1, &a)?.plus(1, &Lin::constant(1))
        }
    }
}

/// The next choice, the first one fastest.
fn next(at: &mut [usize], menus: &[Vec<Vec<Part>>]) -> bool {
    for (n, menu) in at.iter_mut().zip(menus) {
        *n += 1;
        if *n < menu.len() {
            return true;
        }
        *n = 0;
    }
    false
}
