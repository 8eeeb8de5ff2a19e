//! Ordered completion. Equations are used from the greater side to the smaller one; where two of them meet in one term, what comes of
//! that on the two ways is an equation again. Both sides of the goal are made as simple as they become, until they are one.
//!
//! Knuth and Bendix (1970); Bachmair, Dershowitz and Plaisted, Completion without failure (1989), for equations of which no side is the
//! greater one. The loop is that of provers for such equations: Hillenbrand, Citius altius fortius (2003), on Waldmeister; Smallbone,
//! Twee: an equational theorem prover (2021). Every equation keeps the steps that lead from its left side to its right one.

use crate::order::Order;
use crate::term::{Head, Sort, Sub, Sym, Tm, app, at, matches, raise, replace, resolve, subst, unify, var, variables};
use bfv_search::{Budget, Reason};
use std::collections::BTreeMap;

/// Most variables and symbols that are looked at to make two terms one, and how many of them are one step.
const LOOKS: u64 = 20_000;
const LOOKED: u64 = 64;
/// Terms with more symbols are dropped, and with them the claim that everything was tried.
const LARGEST: u64 = 200;

/// One use of an equation.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where in the term, by numbers of arguments.
    pub place: Vec<usize>,
    /// Which equation.
    pub by: usize,
    /// Whether from left to right.
    pub forward: bool,
    /// What its variables stand for.
    pub sub: Sub,
}

/// An equation for all values of its variables, which are numbered from 0.
pub struct Equation {
    pub left: Tm,
    pub right: Tm,
    /// The sorts of its variables.
    pub sorts: Vec<Sort>,
    /// From the left side to the right one; none for an equation that was given.
    pub steps: Option<Vec<Step>>,
}

/// Two terms and the way between them.
struct Candidate {
    left: Tm,
    right: Tm,
    steps: Vec<Step>,
}

/// An equation in use.
struct Active {
    /// Which.
    id: usize,
    /// Whether its left side is the greater one.
    rule: bool,
    /// Whether it is still in use.
    alive: bool,
}

/// Why the search stopped without a proof.
pub enum Stop {
    Reason(Reason),
    /// Everything that follows has been made, and the sides of the goal stay apart.
    Complete,
    /// The same, but something was left out: it was too large, or nothing was known to exist that it is about.
    Incomplete,
}

enum Halt {
    Reason(Reason),
    Large,
}

impl From<Reason> for Halt {
    fn from(r: Reason) -> Halt {
        Halt::Reason(r)
    }
}

/// One side of the goal: how simple it has become, and by which steps.
struct Side {
    now: Tm,
    steps: Vec<Step>,
}

/// A search.
pub struct Completion<'a> {
    order: Order,
    /// The sort of each symbol at arguments.
    results: &'a [Sort],
    /// Everything that was derived; later ones rest on earlier ones.
    pub equations: Vec<Equation>,
    active: Vec<Active>,
    /// Positions in `active` by the symbol that a side to be rewritten begins with; none for a variable.
    index: BTreeMap<Option<Sym>, Vec<usize>>,
    waiting: BTreeMap<(u64, u64), Candidate>,
    age: u64,
    /// The least constant of each sort, where there is one.
    least: BTreeMap<Sort, Tm>,
    /// Functions of two arguments that are known to commute, and to associate.
    laws: BTreeMap<Sym, (bool, bool)>,
    left_out: bool,
    goal: [Side; 2],
}

/// Steps from the end to the beginning.
pub fn backwards(steps: &[Step]) -> Vec<Step> {
    steps.iter().rev().map(|s| Step { forward: !s.forward, ..s.clone() }).collect()
}

fn top(t: &Tm) -> Option<Sym> {
    match t.head {
        Head::Sym(f) => Some(f),
        Head::Var(..) => None,
    }
}

/// The places of a term at which there is no variable.
fn places(t: &Tm, place: &mut Vec<usize>, out: &mut Vec<Vec<usize>>) {
    if let Head::Sym(_) = t.head {
        out.push(place.clone());
        for (n, a) in t.args.iter().enumerate() {
            place.push(n);
            places(a, place, out);
            place.pop();
        }
    }
}

impl<'a> Completion<'a> {
    /// A search for a way between two terms without variables; `constants` are those that occur.
    pub fn new(order: Order, results: &'a [Sort], constants: &[Tm], goal: (&Tm, &Tm)) -> Self {
        let mut least: BTreeMap<Sort, Tm> = BTreeMap::new();
        for c in constants {
            let Some(sort) = top(c).and_then(|f| results.get(f)) else { continue };
            if least.get(sort).is_none_or(|known| order.greater(known, c)) {
                least.insert(*sort, c.clone());
            }
        }
        Completion {
            order,
            results,
            equations: Vec::new(),
            active: Vec::new(),
            index: BTreeMap::new(),
            waiting: BTreeMap::new(),
            age: 0,
            least,
            laws: BTreeMap::new(),
            left_out: false,
            goal: [goal.0, goal.1].map(|t| Side { now: t.clone(), steps: Vec::new() }),
        }
    }

    fn sort_of(&self, t: &Tm) -> Sort {
        match t.head {
            Head::Var(_, sort) => sort,
            Head::Sym(f) => self.results.get(f).copied().unwrap_or(usize::MAX),
        }
    }

    /// Adds an equation that was given.
    pub fn given(&mut self, left: Tm, right: Tm, sorts: Vec<Sort>) {
        let id = self.equations.len();
        let sub = (0u32..).zip(&sorts).map(|(n, sort)| (n, var(n, *sort))).collect();
        self.equations.push(Equation { left: left.clone(), right: right.clone(), sorts, steps: None });
        let steps = vec![Step { place: Vec::new(), by: id, forward: true, sub }];
        self.wait(Candidate { left, right, steps });
    }

    fn wait(&mut self, c: Candidate) {
        self.age += 1;
        self.waiting.insert((c.left.size.saturating_add(c.right.size), self.age), c);
    }

    /// Goes on for about so many steps. The way from the left side of the goal to the right one; none where it may go on.
    pub fn run(&mut self, slice: u64, budget: &mut Budget) -> Result<Option<Vec<Step>>, Stop> {
        let end = budget.used.saturating_add(slice);
        loop {
            if let [left, right] = &self.goal
                && left.now == right.now
            {
                let mut steps = left.steps.clone();
                steps.extend(backwards(&right.steps));
                return Ok(Some(steps));
            }
            if budget.used >= end {
                return Ok(None);
            }
            let Some((_, c)) = self.waiting.pop_first() else {
                return Err(if self.left_out { Stop::Incomplete } else { Stop::Complete });
            };
            match self.activate(c, budget) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(Halt::Reason(r)) => return Err(Stop::Reason(r)),
                Err(Halt::Large) => {
                    self.left_out = true;
                    continue;
                }
            }
            for n in 0..self.goal.len() {
                let Some(side) = self.goal.get(n) else { continue };
                let (now, mut more) = (side.now.clone(), Vec::new());
                let now = match self.normal(&now, &mut Vec::new(), &mut more, budget) {
                    Ok(t) => t,
                    Err(Halt::Reason(r)) => return Err(Stop::Reason(r)),
                    Err(Halt::Large) => return Err(Stop::Incomplete),
                };
                if let Some(side) = self.goal.get_mut(n) {
                    side.now = now;
                    side.steps.extend(more);
                }
            }
        }
    }

    /// The equations that are in use.
    #[cfg(test)]
    pub fn in_use_now(&self) -> Vec<(Tm, Tm)> {
        let ids = self.active.iter().filter(|a| a.alive).filter_map(|a| self.equations.get(a.id));
        ids.map(|e| (e.left.clone(), e.right.clone())).collect()
    }

    /// The sides from which an equation in use may rewrite: from, to, whether that is from left to right.
    fn sides(&self, a: &Active) -> Vec<(Tm, Tm, bool)> {
        let Some(e) = self.equations.get(a.id) else { return Vec::new() };
        let mut out = vec![(e.left.clone(), e.right.clone(), true)];
        if !a.rule {
            out.push((e.right.clone(), e.left.clone(), false));
        }
        out
    }

    /// One step at the root of a term by one equation.
    fn rewrite(&self, a: &Active, t: &Tm) -> Option<(Tm, Step)> {
        let e = self.equations.get(a.id)?;
        let ways = [(&e.left, &e.right, true), (&e.right, &e.left, false)];
        for (from, to, forward) in ways.into_iter().take(if a.rule { 1 } else { 2 }) {
            let mut sub = Sub::new();
            if !matches(from, t, &|t| self.sort_of(t), &mut sub) {
                continue;
            }
            // What occurs on the other side only may be anything: the least constant makes the least of it.
            let missing = (0u32..).zip(&e.sorts).filter(|(n, _)| !sub.contains_key(n)).collect::<Vec<_>>();
            let fill =
                missing.iter().map(|(n, sort)| Some((*n, self.least.get(sort)?.clone()))).collect::<Option<Sub>>();
            let Some(fill) = fill else { continue };
            sub.extend(fill);
            let u = subst(to, &sub);
            if a.rule || self.order.greater(t, &u) {
                return Some((u, Step { place: Vec::new(), by: a.id, forward, sub }));
            }
        }
        None
    }

    fn rewrite_by_any(&self, t: &Tm) -> Option<(Tm, Step)> {
        let lists = [top(t), None].map(|f| self.index.get(&f));
        // A term of which nothing is known is rewritten by variables only, once.
        let lists = lists.into_iter().take(if top(t).is_some() { 2 } else { 1 });
        lists.flatten().flatten().find_map(|n| self.rewrite(self.active.get(*n)?, t))
    }

    /// A term made as simple as it becomes; the steps are added.
    fn normal(&self, t: &Tm, place: &mut Vec<usize>, steps: &mut Vec<Step>, budget: &mut Budget) -> Result<Tm, Halt> {
        let mut t = t.clone();
        loop {
            budget.spend(1)?;
            if t.size > LARGEST {
                return Err(Halt::Large);
            }
            if let Head::Sym(f) = t.head {
                let before = steps.len();
                let mut args = Vec::with_capacity(t.args.len());
                for (n, a) in t.args.iter().enumerate() {
                    place.push(n);
                    args.push(self.normal(a, place, steps, budget)?);
                    place.pop();
                }
                if steps.len() > before {
                    t = app(f, args);
                }
            }
            match self.rewrite_by_any(&t) {
                None => return Ok(t),
                Some((u, step)) => {
                    steps.push(Step { place: place.clone(), ..step });
                    t = u;
                }
            }
        }
    }

    /// A candidate made as simple as it becomes; none when it says nothing new.
    fn simple(&self, c: Candidate, budget: &mut Budget) -> Result<Option<Candidate>, Halt> {
        let (mut from_left, mut from_right) = (Vec::new(), Vec::new());
        let left = self.normal(&c.left, &mut Vec::new(), &mut from_left, budget)?;
        let right = self.normal(&c.right, &mut Vec::new(), &mut from_right, budget)?;
        if left == right || self.regrouped(&left, &right) || self.known(&left, &right) {
            return Ok(None);
        }
        let mut steps = backwards(&from_left);
        steps.extend(c.steps);
        steps.extend(from_right);
        Ok(Some(Candidate { left, right, steps }))
    }

    /// Whether two terms differ in an instance of an equation without a greater side.
    fn known(&self, left: &Tm, right: &Tm) -> bool {
        let by = |a: &Active| {
            let fits = |l: &Tm, r: &Tm| {
                let mut sub = Sub::new();
                matches(l, left, &|t| self.sort_of(t), &mut sub) && matches(r, right, &|t| self.sort_of(t), &mut sub)
            };
            !a.rule && self.equations.get(a.id).is_some_and(|e| fits(&e.left, &e.right) || fits(&e.right, &e.left))
        };
        if left == right {
            return true;
        }
        let lists = [top(left), None].map(|f| self.index.get(&f));
        if lists.into_iter().flatten().flatten().any(|n| self.active.get(*n).is_some_and(by)) {
            return true;
        }
        left.head == right.head
            && !left.args.is_empty()
            && left.args.len() == right.args.len()
            && left.args.iter().zip(&right.args).all(|(l, r)| self.known(l, r))
    }

    /// Whether two terms are equal up to how they are grouped and ordered, where that is known not to matter. The three equations that say
    /// so are kept.
    fn regrouped(&self, left: &Tm, right: &Tm) -> bool {
        let law = |f: &Sym| self.laws.get(f) == Some(&(true, true));
        self.laws.keys().any(law)
            && !top(left).is_some_and(|f| law(&f) && is_base(left, right))
            && self.flat(left) == self.flat(right)
    }

    fn flat(&self, t: &Tm) -> Tm {
        let Head::Sym(f) = t.head else { return t.clone() };
        if self.laws.get(&f) != Some(&(true, true)) {
            return app(f, t.args.iter().map(|a| self.flat(a)).collect());
        }
        let mut parts = Vec::new();
        let mut open = vec![t.clone()];
        while let Some(u) = open.pop() {
            if u.head == t.head { open.extend(u.args.iter().cloned()) } else { parts.push(self.flat(&u)) }
        }
        parts.sort();
        app(f, parts)
    }

    /// Takes an equation into use; false when it says nothing new.
    fn activate(&mut self, c: Candidate, budget: &mut Budget) -> Result<bool, Halt> {
        let Some(mut c) = self.simple(c, budget)? else { return Ok(false) };
        let mut rule = self.order.greater(&c.left, &c.right);
        if !rule && self.order.greater(&c.right, &c.left) {
            c = Candidate { left: c.right, right: c.left, steps: backwards(&c.steps) };
            rule = true;
        }
        let Some(id) = self.keep(c) else {
            self.left_out = true;
            return Ok(false);
        };
        self.learn(id);
        let n = self.active.len();
        self.active.push(Active { id, rule, alive: true });
        self.enter(n);
        self.interreduce(n, budget)?;
        for m in 0..=n {
            if self.in_use(m) {
                self.overlaps(n, m, budget)?;
                if m != n {
                    self.overlaps(m, n, budget)?;
                }
            }
        }
        Ok(true)
    }

    /// Keeps an equation with its variables numbered from 0. None where its proof needs an element of which none is known.
    fn keep(&mut self, c: Candidate) -> Option<usize> {
        let mut vars = Vec::new();
        variables(&c.left, &mut vars);
        variables(&c.right, &mut vars);
        let mut all = vars.clone();
        c.steps.iter().flat_map(|s| s.sub.values()).for_each(|t| variables(t, &mut all));
        let mut to = Sub::new();
        for (n, (v, sort)) in (0u32..).zip(&vars) {
            to.insert(*v, var(n, *sort));
        }
        for (v, sort) in all.iter().skip(vars.len()) {
            let same = (0u32..).zip(&vars).find(|(_, (_, s))| s == sort).map(|(n, _)| var(n, *sort));
            to.insert(*v, same.or_else(|| self.least.get(sort).cloned())?);
        }
        let through = |s: Step| Step { sub: s.sub.iter().map(|(n, t)| (*n, subst(t, &to))).collect(), ..s };
        let id = self.equations.len();
        self.equations.push(Equation {
            left: subst(&c.left, &to),
            right: subst(&c.right, &to),
            sorts: vars.iter().map(|(_, sort)| *sort).collect(),
            steps: Some(c.steps.into_iter().map(through).collect()),
        });
        Some(id)
    }

    /// Notes whether an equation says that a function commutes or associates.
    fn learn(&mut self, id: usize) {
        let Some(e) = self.equations.get(id) else { return };
        let Some(f) = top(&e.left).filter(|_| e.left.args.len() == 2) else { return };
        let law = |x: Tm, y: Tm| (e.left == x && e.right == y) || (e.left == y && e.right == x);
        let Some(sort) = e.sorts.first().filter(|s| e.sorts.iter().all(|t| t == *s)) else { return };
        let x = |n| var(n, *sort);
        let two = |a: Tm, b: Tm| app(f, vec![a, b]);
        let commutes = law(two(x(0), x(1)), two(x(1), x(0)));
        let grouped = law(two(two(x(0), x(1)), x(2)), two(x(0), two(x(1), x(2))));
        if commutes || grouped {
            let known = self.laws.entry(f).or_default();
            known.0 |= commutes;
            known.1 |= grouped;
        }
    }

    fn keys(&self, n: usize) -> Vec<Option<Sym>> {
        let mut keys: Vec<_> =
            self.active.get(n).map(|a| self.sides(a)).unwrap_or_default().iter().map(|(l, _, _)| top(l)).collect();
        keys.dedup();
        keys
    }

    fn enter(&mut self, n: usize) {
        for key in self.keys(n) {
            self.index.entry(key).or_default().push(n);
        }
    }

    fn leave(&mut self, n: usize) {
        for key in self.keys(n) {
            if let Some(list) = self.index.get_mut(&key) {
                list.retain(|m| *m != n);
            }
        }
        if let Some(a) = self.active.get_mut(n) {
            a.alive = false;
        }
    }

    fn in_use(&self, n: usize) -> bool {
        self.active.get(n).is_some_and(|a| a.alive)
    }

    /// Whether an equation rewrites some part of a term.
    fn reduces(&self, a: &Active, t: &Tm) -> bool {
        self.rewrite(a, t).is_some() || t.args.iter().any(|x| self.reduces(a, x))
    }

    /// Makes the others simpler by a new equation: one whose greater side is rewritten has to be considered again.
    fn interreduce(&mut self, new: usize, budget: &mut Budget) -> Result<(), Halt> {
        for n in 0..new {
            budget.spend(1)?;
            let (Some(a), Some(by)) = (self.active.get(n), self.active.get(new)) else { continue };
            let Some(e) = self.equations.get(a.id) else { continue };
            if !self.in_use(n) {
                continue;
            }
            let (id, left, right, rule) = (a.id, e.left.clone(), e.right.clone(), a.rule);
            let sub: Sub = (0u32..).zip(&e.sorts).map(|(n, sort)| (n, var(n, *sort))).collect();
            let first = Step { place: Vec::new(), by: id, forward: true, sub };
            if self.reduces(by, &left) || (!rule && self.reduces(by, &right)) {
                self.leave(n);
                self.wait(Candidate { left, right, steps: vec![first] });
            } else if self.reduces(by, &right) {
                let mut steps = vec![first];
                let right = self.normal(&right, &mut Vec::new(), &mut steps, budget)?;
                if let Some(id) = self.keep_as(&left, &right, steps, id)
                    && let Some(a) = self.active.get_mut(n)
                {
                    a.id = id;
                }
            }
        }
        Ok(())
    }

    /// Keeps an equation with a simpler right side, whose variables are numbered as before.
    fn keep_as(&mut self, left: &Tm, right: &Tm, steps: Vec<Step>, old: usize) -> Option<usize> {
        let sorts = self.equations.get(old)?.sorts.clone();
        self.equations.push(Equation { left: left.clone(), right: right.clone(), sorts, steps: Some(steps) });
        Some(self.equations.len() - 1)
    }

    /// What comes of the places where the second equation rewrites a part of what the first one rewrites.
    fn overlaps(&mut self, n: usize, m: usize, budget: &mut Budget) -> Result<(), Halt> {
        let (Some(a), Some(b)) = (self.active.get(n), self.active.get(m)) else { return Ok(()) };
        let offset = self.equations.get(a.id).map_or(0, |e| e.sorts.len());
        let Ok(offset) = u32::try_from(offset) else { return Ok(()) };
        let (a_id, b_id) = (a.id, b.id);
        let (a_sides, b_sides) = (self.sides(a), self.sides(b));
        let mut found = Vec::new();
        for (l1, r1, forward1) in &a_sides {
            let mut all = Vec::new();
            places(l1, &mut Vec::new(), &mut all);
            for (l2, r2, forward2) in &b_sides {
                let (l2, r2) = (raise(l2, offset), raise(r2, offset));
                for place in &all {
                    budget.spend(1)?;
                    // At the root each pair of sides is looked at once.
                    if place.is_empty() && (n < m || (n == m && forward1 >= forward2)) {
                        continue;
                    }
                    let Some(part) = at(l1, place) else { continue };
                    let mut s = Sub::new();
                    let mut looks = LOOKS;
                    let one = unify(part, &l2, &|t| self.sort_of(t), &mut s, &mut looks);
                    budget.spend((LOOKS - looks) / LOOKED)?;
                    match one {
                        Some(true) => {}
                        Some(false) => continue,
                        None => {
                            self.left_out = true;
                            continue;
                        }
                    }
                    let written = |t: &Tm| resolve(t, &s, &mut LARGEST.clone());
                    let all = (written(l1), written(r1), written(&r2), written(&l2));
                    let (Some(u), Some(right), Some(small), Some(large)) = all else {
                        self.left_out = true;
                        continue;
                    };
                    if self.order.greater(&right, &u) || self.order.greater(&small, &large) {
                        continue;
                    }
                    let Some(left) = replace(&u, place, &small) else { continue };
                    let sub_of = |id: usize, offset: u32| -> Option<Sub> {
                        let sorts = self.equations.get(id).map(|e| e.sorts.as_slice()).unwrap_or_default();
                        let of = |(n, sort): (u32, &Sort)| Some((n, written(&var(n.saturating_add(offset), *sort))?));
                        (0u32..).zip(sorts).map(of).collect()
                    };
                    let (Some(b_sub), Some(a_sub)) = (sub_of(b_id, offset), sub_of(a_id, 0)) else {
                        self.left_out = true;
                        continue;
                    };
                    let back = Step { place: place.clone(), by: b_id, forward: !forward2, sub: b_sub };
                    let on = Step { place: Vec::new(), by: a_id, forward: *forward1, sub: a_sub };
                    found.push(Candidate { left, right, steps: vec![back, on] });
                }
            }
        }
        for c in found {
            match self.simple(c, budget) {
                Ok(Some(c)) => self.wait(c),
                Ok(None) => {}
                Err(Halt::Large) => self.left_out = true,
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }
}

/// Whether an equation is one of the three by which a function commutes and associates: `x y = y x`, `(x y) z = x (y z)` and
/// `x (y z) = y (x z)`.
fn is_base(left: &Tm, right: &Tm) -> bool {
    let split = |t: &Tm| match t.args.as_slice() {
        [a, b] => Some((a.clone(), b.clone())),
        _ => None,
    };
    let is_var = |t: &Tm| matches!(t.head, Head::Var(..));
    let (Some((a, b)), Some((c, d))) = (split(left), split(right)) else { return false };
    if left.size == 3 {
        return is_var(&a) && is_var(&b) && a != b && a == d && b == c;
    }
    match (split(&a), split(&b), split(&c), split(&d)) {
        // (x y) z = x (y z), in either order.
        (Some((x, y)), None, None, Some((v, z))) => x == c && y == v && b == z && [&x, &y, &b].into_iter().all(is_var),
        (None, Some((v, z)), Some((x, y)), None) => x == a && y == v && d == z && [&x, &y, &z].into_iter().all(is_var),
        (None, Some((y, z)), None, Some((x, w))) => {
            a == x && y == c && z == w && x != y && y != z && x != z && [&x, &y, &z].into_iter().all(is_var)
        }
        _ => false,
    }
}
