//! Points from a solver outside of this program: what is wanted as a text in SMT-LIB 2, and the answer as a point.
//!
//! What the sheet does not see through is free in the text, so the answer may be no point. It is only proposed, like every other.

use crate::formula::{Entry, Number, Statement, Worth};
use crate::number::Q;
use crate::points::Wanted;
use bfv_format::Sort;
use bfv_search::{Reason, Solved, Solver};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;
use std::fmt::Write;

impl Wanted<'_> {
    /// Asks a solver for a point; none when there is none, or when it is none of the sheet.
    ///
    /// # Errors
    /// Why the solver gave up.
    pub fn ask(&self, solver: &dyn Solver) -> Result<Option<Vec<Q>>, (Reason, String)> {
        let names: Vec<String> = self.sorts.iter().enumerate().map(|(n, s)| name(*s, n)).collect();
        let values = match solver.solve(&self.text(&names), &names) {
            Solved::Values(values) if values.len() == names.len() => values,
            Solved::Values(_) => {
                return Err((Reason::Incomplete, format!("The solver {} has too few values.", solver.name())));
            }
            Solved::None => return Ok(None),
            Solved::GaveUp(reason, why) => return Err((reason, why)),
        };
        let point: Vec<Q> = values.iter().map(Q::from).collect();
        Ok(self.holds(&point).then(|| self.simpler(point)))
    }

    /// The point is one of the sheet, or what decides is opaque.
    fn holds(&self, point: &[Q]) -> bool {
        self.fits(point) && !matches!(self.sheet.worth(point).get(self.goal), Some(Worth::Truth(Some(false))) | None)
    }

    /// The same point with simpler numbers, where they do as well: people read it.
    fn simpler(&self, mut point: Vec<Q>) -> Vec<Q> {
        for n in 0..point.len() {
            let Some(old) = point.get(n).cloned() else { break };
            let simple = |d: u32| {
                let d = BigInt::from(d);
                Q::from(&BigRational::new((old.big() * &d).round().to_integer(), d))
            };
            for candidate in
                [Q::ZERO, Q::ONE, Q::ONE.negated(), simple(1), simple(2), simple(3), simple(4), simple(10), simple(100)]
            {
                if candidate == old {
                    break;
                }
                let kept = point.clone();
                if let Some(x) = point.get_mut(n) {
                    *x = candidate;
                }
                if self.holds(&point) {
                    break;
                }
                point = kept;
            }
        }
        point
    }

    fn text(&self, names: &[String]) -> String {
        let mut out = String::new();
        for (sort, name) in self.sorts.iter().zip(names) {
            line(&mut out, &format!("(declare-const {name} {})", if *sort == Sort::Real { "Real" } else { "Int" }));
            if *sort == Sort::Nat {
                line(&mut out, &format!("(assert (<= 0 {name}))"));
            }
        }
        let used = self.used();
        for (n, entry) in self.sheet.entries.iter().enumerate().filter(|(n, _)| used.get(*n) == Some(&true)) {
            let e = |n: &usize| format!("e{n}");
            let many = |word: &str, empty: &str, parts: &[usize]| {
                if parts.is_empty() {
                    empty.to_owned()
                } else {
                    format!("({word} {})", parts.iter().map(e).collect::<Vec<_>>().join(" "))
                }
            };
            let (sort, body) = match entry {
                Entry::Number(number) => {
                    let body = match number {
                        Number::Literal(q) => Some(literal(&q.big())),
                        Number::Unknown(u) => {
                            let at = usize::try_from(*u).ok().and_then(|u| Some((self.sorts.get(u)?, names.get(u)?)));
                            at.map(|(s, x)| if *s == Sort::Real { x.clone() } else { format!("(to_real {x})") })
                        }
                        Number::Opaque => None,
                        Number::Add(a, b) => Some(format!("(+ {} {})", e(a), e(b))),
                        Number::Sub(a, b) => Some(format!("(- {} {})", e(a), e(b))),
                        Number::Mul(a, b) => Some(format!("(* {} {})", e(a), e(b))),
                        // The inverse of zero is zero.
                        Number::Inverse(a) => Some(format!("(ite (= {0} 0.0) 0.0 (/ 1.0 {0}))", e(a))),
                        Number::Choice(c, a, b) => Some(format!("(ite {} {} {})", e(c), e(a), e(b))),
                    };
                    ("Real", body)
                }
                Entry::Statement(statement) => {
                    let body = match statement {
                        Statement::Open => None,
                        Statement::Less(_, a, b) => Some(format!("(< {} {})", e(a), e(b))),
                        Statement::Equal(_, a, b) => Some(format!("(= {} {})", e(a), e(b))),
                        Statement::Not(a) => Some(format!("(not {})", e(a))),
                        Statement::All(parts) => Some(many("and", "true", parts)),
                        Statement::Any(parts) => Some(many("or", "false", parts)),
                    };
                    ("Bool", body)
                }
            };
            match body {
                Some(body) => line(&mut out, &format!("(define-fun e{n} () {sort} {body})")),
                None => line(&mut out, &format!("(declare-const e{n} {sort})")),
            }
        }
        line(&mut out, &format!("(assert e{})", self.goal));
        out
    }

    /// The entries that the goal is made of.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.sheet.entries.len()];
        let mut todo = vec![self.goal];
        while let Some(n) = todo.pop() {
            match used.get_mut(n) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.sheet.entries.get(n) {
                Some(Entry::Number(Number::Add(a, b) | Number::Sub(a, b) | Number::Mul(a, b))) => todo.extend([a, b]),
                Some(Entry::Number(Number::Inverse(a)) | Entry::Statement(Statement::Not(a))) => todo.push(*a),
                Some(Entry::Number(Number::Choice(c, a, b))) => todo.extend([c, a, b]),
                Some(Entry::Statement(Statement::Less(_, a, b) | Statement::Equal(_, a, b))) => todo.extend([a, b]),
                Some(Entry::Statement(Statement::All(parts) | Statement::Any(parts))) => todo.extend(parts),
                _ => {}
            }
        }
        used
    }
}

fn name(sort: Sort, n: usize) -> String {
    format!("{}{n}", if sort == Sort::Real { 'r' } else { 'n' })
}

fn literal(q: &BigRational) -> String {
    let size = q.abs();
    let text = format!("(/ {}.0 {}.0)", size.numer(), size.denom());
    if q.is_negative() { format!("(- {text})") } else { text }
}

fn line(out: &mut String, text: &str) {
    // Writing to a text does not fail.
    let _written = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::Sheet;
    use bfv_search::Core;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// Answers what it is told to, and keeps what it was asked.
    struct Told(Solved, Mutex<String>);

    impl Solver for Told {
        fn name(&self) -> &'static str {
            "told"
        }
        fn solve(&self, text: &str, _: &[String]) -> Solved {
            if let Ok(mut asked) = self.1.lock() {
                text.clone_into(&mut asked);
            }
            self.0.clone()
        }
        fn core(&self, _: &str, _: &[String]) -> Core {
            Core::GaveUp(Reason::Unsupported, String::new())
        }
    }

    /// `2 < x / n`, x real and n natural.
    fn sheet() -> Sheet {
        let numbers = [
            Number::Unknown(0),
            Number::Unknown(1),
            Number::Inverse(1),
            Number::Mul(0, 2),
            Number::Literal(Q::Small(2, 1)),
            Number::Opaque,
        ];
        let mut entries: Vec<Entry> = numbers.into_iter().map(Entry::Number).collect();
        entries.push(Entry::Statement(Statement::Less(Sort::Real, 4, 3)));
        Sheet { entries, unknowns: BTreeMap::new() }
    }

    type Point = Result<Option<Vec<Q>>, (Reason, String)>;

    fn ask(answer: Solved) -> (Point, String) {
        let sheet = sheet();
        let wanted = Wanted { sheet: &sheet, goal: 6, sorts: &[Sort::Real, Sort::Nat], groups: &[0, 1] };
        let told = Told(answer, Mutex::default());
        let found = wanted.ask(&told);
        let asked = told.1.into_inner().unwrap_or_default();
        (found, asked)
    }

    fn values(of: [(i32, i32); 2]) -> Solved {
        Solved::Values(of.iter().map(|(n, d)| BigRational::new((*n).into(), (*d).into())).collect())
    }

    #[test]
    fn what_is_wanted_is_written_without_what_it_does_not_need() {
        let (_, text) = ask(Solved::None);
        assert_eq!(
            text,
            "(declare-const r0 Real)\n(declare-const n1 Int)\n(assert (<= 0 n1))\n\
             (define-fun e0 () Real r0)\n(define-fun e1 () Real (to_real n1))\n\
             (define-fun e2 () Real (ite (= e1 0.0) 0.0 (/ 1.0 e1)))\n(define-fun e3 () Real (* e0 e2))\n\
             (define-fun e4 () Real (/ 2.0 1.0))\n(define-fun e6 () Bool (< e4 e3))\n(assert e6)\n"
        );
    }

    #[test]
    fn an_answer_is_tried_before_it_is_a_point() {
        assert_eq!(ask(Solved::None).0, Ok(None));
        assert_eq!(ask(values([(1, 1), (1, 1)])).0, Ok(None), "one is not above two");
        assert_eq!(ask(values([(7, 1), (1, 2)])).0, Ok(None), "half is no natural number");
        assert_eq!(ask(Solved::Values(Vec::new())).0.map_err(|e| e.0), Err(Reason::Incomplete));
        assert_eq!(ask(Solved::GaveUp(Reason::Time, String::new())).0, Err((Reason::Time, String::new())));
    }

    #[test]
    fn a_point_gets_simpler_numbers() {
        assert_eq!(ask(values([(22_222_223, 10_000_000), (1, 1)])).0, Ok(Some(vec![Q::Small(7, 3), Q::Small(1, 1)])));
    }
}
