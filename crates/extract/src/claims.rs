//! Which claims of a file are about a program, and what they say of it.
//!
//! A claim is about programs of every size: `{n d : Nat} (p : Nat) (low high : Int) : OfRank p (InHull (outputs_valid low high))`. Given what its
//! variables are, it is evaluated until a property of `sctt/program.sctt` stands at its head, and what that property says is read off. Nothing
//! here is believed: a wrong reading makes a statement that the proof does not prove, which [`crate::Package::make`] refuses.

use crate::build::{apply, computed, constant, nat, prim, table};
use crate::denote::{Meaning, denote};
use crate::package::Argument;
use crate::property::{Number, Property, Ratio, Refinement};
use crate::translate::{Names, arguments};
use crate::vocabulary::Vocabulary;
use bfv_exact::Refused;
use bfv_exact::program::Program;
use bfv_format::{Decl, Hash, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Head, Limits, Machine, Neutral, Res, Signature, V, Val};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// Steps for the question whether a claim is about a program, and for each entry of its tables. Claims about the same program are alike
/// operation by operation, which takes few; of another program, all could be spent on unfolding what is different.
const COMPARED: u64 = 50_000;
const COMPARED_EACH: u64 = 50;

/// What a variable of a claim is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A number: natural, whole or a fraction, as the variable asks for.
    Number(Ratio),
    /// The first values of a function from natural numbers.
    Table(Vec<i64>),
}

/// What the variables of claims are, by their names. The numbers of workers and coordinates are `n` and `d`, and need no value here.
pub type Values = BTreeMap<String, Given>;

/// What a claim says of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<'v> {
    /// A property, and what the variables and hypotheses of the claim are.
    Property(Property, Vec<Argument<'v>>),
    /// It is about this program, and this variable has no value.
    Lacks(String),
    /// It is about another program, or about none.
    Other,
    /// Whether it is about this program was not found out within the steps for that. So it most likely is not.
    Unclear,
}

/// A program that was extracted from an operator, among checked declarations.
pub struct Extracted<'a> {
    signature: &'a Signature,
    names: &'a Names,
    operator: u32,
    hash: Hash,
    program: &'a Program,
    meaning: Meaning,
    limits: Limits,
}

fn refused(why: impl Into<String>) -> Refused {
    Refused::new("a claim", why)
}

impl<'a> Extracted<'a> {
    /// The program of an operator, over declarations with these hashes ([`crate::named_hashes`]).
    ///
    /// # Errors
    /// A definition of the library is not there.
    pub fn new(
        signature: &'a Signature,
        names: &'a Names,
        hashes: &[Hash],
        operator: u32,
        program: &'a Program,
        limits: Limits,
    ) -> Result<Self, Refused> {
        let meaning = denote(program, &Vocabulary::of(hashes))?;
        let hash = usize::try_from(operator).ok().and_then(|id| hashes.get(id));
        let hash = *hash.ok_or_else(|| Refused::new("an operator", "it is not among the declarations"))?;
        Ok(Self { signature, names, operator, hash, program, meaning, limits })
    }

    /// What a claim with these leading variables, hypotheses included, says of the program.
    ///
    /// # Errors
    /// A value is no number of the kind that its variable asks for, or a distance from the operator is no fraction.
    pub fn said<'v>(&self, statement: &Term, variables: &[String], values: &'v Values) -> Result<Said<'v>, Refused> {
        let workers = self.program.source().workers;
        match self.at(workers, statement, variables, values)? {
            // Some claims are about one worker more than their variable says, so that there is one.
            None => Ok(workers
                .checked_sub(1)
                .and_then(|n| self.at(n, statement, variables, values).transpose())
                .transpose()?
                .unwrap_or(Said::Other)),
            Some(said) => Ok(said),
        }
    }

    /// The same where the variable `n` is this number; nothing where the claim is then about other numbers of workers or coordinates.
    fn at<'v>(
        &self,
        n: u32,
        statement: &Term,
        variables: &[String],
        values: &'v Values,
    ) -> Result<Option<Said<'v>>, Refused> {
        let entries: usize = self.program.source().tables.iter().map(|t| t.entries.len()).sum();
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        let steps = COMPARED_EACH.saturating_mul(entries).saturating_add(COMPARED).min(self.limits.steps);
        let m = Machine::new(self.signature, Limits { steps, ..self.limits });
        let mut ctx = Ctx::default();
        let (mut arguments, mut lacks) = (Vec::new(), None);
        let mut current = m.eval(&ctx.env, statement);
        for name in variables {
            let Ok(whnf) = m.whnf(&current) else { return Ok(Some(Said::Other)) };
            let Val::Pi(domain, result) = &*whnf else { return Ok(Some(Said::Other)) };
            let Ok(kind) = kind(&m, domain) else { return Ok(Some(Said::Other)) };
            let value = match (kind, name.as_str()) {
                (Kind::Hypothesis, _) => Some((Argument::Holds, computed())),
                (Kind::Number(Prim::Nat), "n") => Some(number(Number::Nat(n.into()))),
                (Kind::Number(Prim::Nat), "d") => Some(number(Number::Nat(self.program.source().coords.into()))),
                (kind, name) => values.get(name).map(|v| given(name, kind, v)).transpose()?,
            };
            let value = match value {
                Some((argument, term)) => {
                    arguments.push(argument);
                    m.eval(&Env::default(), &term)
                }
                None => {
                    lacks.get_or_insert_with(|| name.clone());
                    let (inner, x) = m.bind(&ctx, domain.clone());
                    ctx = inner;
                    x
                }
            };
            current = m.inst(result, value);
        }
        let Ok(Some((name, parts))) = self.head(&m, &current) else { return Ok(Some(Said::Other)) };
        let [workers, coords, said @ .., _, run] = parts.as_slice() else { return Ok(Some(Said::Other)) };
        let source = self.program.source();
        if !is_nat(&m, workers, source.workers) || !is_nat(&m, coords, source.coords) {
            return Ok(None);
        }
        match self.runs(&m, &ctx, run) {
            Ok(true) => {}
            Ok(false) => return Ok(Some(Said::Other)),
            Err(_) => return Ok(Some(Said::Unclear)),
        }
        if let Some(name) = lacks {
            return Ok(Some(Said::Lacks(name)));
        }
        let property = self.property(&m, name, said)?;
        Ok(Some(property.map_or(Said::Other, |property| Said::Property(property, arguments))))
    }

    /// The property at the head of a statement, and its arguments.
    fn head(&self, m: &Machine<'_>, v: &V) -> Res<Option<(&'static str, Vec<V>)>> {
        let mut current = v.clone();
        loop {
            let folded = m.folded(&current)?;
            let Val::Neutral(n) = &*folded else { return Ok(None) };
            let known = |name: &&&str| self.is(n, &format!("std.program.{name}"));
            if let Some(name) = PROPERTIES.iter().find(known) {
                return Ok(Some((name, arguments(n))));
            }
            match &n.unfolded {
                Some(u) => current = u.clone(),
                None => return Ok(None),
            }
        }
    }

    fn is(&self, n: &Neutral, name: &str) -> bool {
        matches!(n.head, Head::Const(id, _) if self.names.get(name) == Some(&id))
    }

    /// Whether a claim's program is this one.
    fn runs(&self, m: &Machine<'_>, ctx: &Ctx, run: &V) -> Res<bool> {
        let sizes = || [nat(self.program.source().workers), nat(self.program.source().coords)];
        let (Some(inputs), Some(value)) = (self.names.get("std.program.Inputs"), self.names.get("std.program.Value"))
        else {
            return Ok(false);
        };
        let ty = Term::new(Node::Pi(apply(constant(*inputs), sizes()), apply(constant(*value), sizes())));
        let (ty, own) = (m.eval(&Env::default(), &ty), m.eval(&Env::default(), &self.meaning.run));
        m.conv(ctx, &ty, run, &own)
    }

    /// A property by its name and what stands between the sizes and the program; nothing where it is one of another operator.
    fn property(&self, m: &Machine<'_>, name: &str, said: &[V]) -> Result<Option<Property>, Refused> {
        let whole = |v: &V| match m.whnf(v).as_deref() {
            Ok(Val::NatLit(n)) => Some(BigInt::from(n.clone())),
            Ok(Val::IntLit(z)) => Some(z.clone()),
            _ => None,
        };
        Ok(Some(match (name, said) {
            ("InHull", []) => Property::InHull,
            ("WithinHonest", [t]) => match whole(t).and_then(|t| u32::try_from(t).ok()) {
                Some(t) => Property::WithinHonest(t),
                None => return Ok(None),
            },
            ("FreeOfOrder", []) => Property::FreeOfOrder,
            ("NeverFalls", []) => Property::NeverFalls,
            ("MovesAlong", []) => Property::MovesAlong,
            ("SumsTo", [unit]) => match whole(unit).and_then(|z| i64::try_from(z).ok()) {
                Some(unit) => Property::SumsTo(unit),
                None => return Ok(None),
            },
            ("SelectsOne", []) => Property::SelectsOne,
            ("SelectsEach", []) => Property::SelectsEach,
            ("FollowsMajority", []) => Property::FollowsMajority,
            ("Near", [f, units, unit, bound]) => return self.near(m, f, units, unit, bound),
            _ => return Ok(None),
        }))
    }

    fn near(&self, m: &Machine<'_>, f: &V, units: &V, unit: &V, bound: &V) -> Result<Option<Property>, Refused> {
        let Ok(folded) = m.folded(f) else { return Ok(None) };
        let Val::Neutral(n) = &*folded else { return Ok(None) };
        if !matches!(n.head, Head::Const(id, _) if id == self.operator) {
            return Ok(None);
        }
        let numbers: Option<Vec<Number>> = arguments(n)
            .iter()
            .map(|v| match m.whnf(v).as_deref() {
                Ok(Val::NatLit(n)) => u64::try_from(n).ok().map(Number::Nat),
                Ok(Val::IntLit(z)) => i64::try_from(z).ok().map(Number::Int),
                Ok(Val::RealLit(_)) => fraction(m, v).map(Number::Real),
                _ => None,
            })
            .collect();
        let count = u64::try_from(self.program.source().inputs.len()).unwrap_or(u64::MAX);
        let of_input = |k: u64| fraction(m, &m.apply(units, m.value(Val::NatLit(k.into()))));
        let units: Option<Vec<Ratio>> = (0..count).map(of_input).collect();
        match (numbers, units, fraction(m, unit), fraction(m, bound)) {
            (Some(arguments), Some(units), Some(unit), Some(bound)) => {
                Ok(Some(Property::Near(Refinement { operator: self.hash, arguments, units, unit, bound })))
            }
            _ => Err(refused("its distance, units or numbers are no fractions of 64 bits at these values")),
        }
    }
}

/// The numbers that an operator takes before its inputs: of workers and of coordinates, which are asked for, and then these. Where it is
/// about one worker more than its first number says, that number is one less.
///
/// # Errors
/// The operator is no function of such numbers and of `Nat -> Fin n -> Fin d -> Real` for these sizes.
pub fn numbers(
    signature: &Signature,
    names: &Names,
    operator: u32,
    (workers, coords): (u32, u32),
    further: &[(String, Ratio)],
    limits: Limits,
) -> Result<Vec<Number>, Refused> {
    let refused_operator = |why: String| Refused::new("an operator", why);
    let fail = |why: String| Err(refused_operator(why));
    let Some(Decl::Def { ty, .. }) = signature.decl(operator) else {
        return fail("it is no definition".to_owned());
    };
    for n in [Some(workers), workers.checked_sub(1)].into_iter().flatten() {
        let m = Machine::new(signature, limits);
        let mut rest = further.iter();
        let mut found = Vec::new();
        let mut current = m.eval(&Env::default(), ty);
        let inputs = loop {
            let whnf = m.whnf(&current);
            let whnf = whnf.map_err(|r| refused_operator(format!("its type cannot be evaluated: {}", r.reason)))?;
            let Val::Pi(domain, result) = &*whnf else { return fail("it takes no outputs of workers".to_owned()) };
            let asked = kind(&m, domain).unwrap_or(Kind::Hypothesis);
            let Kind::Number(_) = asked else { break domain.clone() };
            let next = match found.len() {
                0 => Number::Nat(n.into()),
                1 => Number::Nat(coords.into()),
                _ => match rest.next() {
                    Some((name, q)) => match given(name, asked, &Given::Number(*q))?.0 {
                        Argument::Number(number) => number,
                        Argument::Table(_) | Argument::Holds => {
                            return fail("it takes something else than numbers".to_owned());
                        }
                    },
                    None => {
                        let count = further.len();
                        return fail(format!("after workers and coordinates it takes more numbers than {count}"));
                    }
                },
            };
            found.push(next);
            current = m.inst(result, m.eval(&Env::default(), &next.term()));
        };
        if of_sizes(&m, names, &inputs, workers, coords).unwrap_or(false) {
            return Ok(found);
        }
    }
    fail(format!("it takes no outputs of {workers} workers with {coords} coordinates"))
}

/// Whether a type is `Nat -> Fin n -> Fin d -> Real` for these sizes.
fn of_sizes(m: &Machine<'_>, names: &Names, ty: &V, workers: u32, coords: u32) -> Res<bool> {
    let fin = |n: u32| names.get("std.fin.Fin").map(|id| apply(constant(*id), [nat(n)]));
    let (Some(w), Some(c)) = (fin(workers), fin(coords)) else { return Ok(false) };
    let arrow = |a: Term, b: Term| Term::new(Node::Pi(a, b));
    let wanted = arrow(prim(Prim::Nat), arrow(w, arrow(c, prim(Prim::Real))));
    m.conv_type(&Ctx::default(), ty, &m.eval(&Env::default(), &wanted))
}

/// The names of the properties in `std.program`.
const PROPERTIES: [&str; 10] = [
    "InHull",
    "WithinHonest",
    "FreeOfOrder",
    "NeverFalls",
    "MovesAlong",
    "SumsTo",
    "SelectsOne",
    "SelectsEach",
    "FollowsMajority",
    "Near",
];

fn is_nat(m: &Machine<'_>, v: &V, wanted: u32) -> bool {
    matches!(m.whnf(v).as_deref(), Ok(Val::NatLit(n)) if *n == wanted.into())
}

/// A real number that computes to a fraction of 64 bits.
fn fraction(m: &Machine<'_>, v: &V) -> Option<Ratio> {
    let whnf = m.whnf(v).ok()?;
    let Val::RealLit(q) = &*whnf else { return None };
    Ratio::new(i64::try_from(&q.num).ok()?, i64::try_from(&q.den).ok()?).ok()
}

/// What a variable asks for.
#[derive(Clone, Copy)]
enum Kind {
    Number(Prim),
    Table,
    Hypothesis,
}

fn kind(m: &Machine<'_>, domain: &V) -> Res<Kind> {
    Ok(match &*m.whnf(domain)? {
        Val::Prim(p @ (Prim::Nat | Prim::Int | Prim::Real)) => Kind::Number(*p),
        Val::Pi(from, to) if matches!(&*m.whnf(from)?, Val::Prim(Prim::Nat)) => {
            let some = m.value(Val::NatLit(0_u32.into()));
            match &*m.whnf(&m.inst(to, some))? {
                Val::Prim(Prim::Int) => Kind::Table,
                _ => Kind::Hypothesis,
            }
        }
        _ => Kind::Hypothesis,
    })
}

fn number(n: Number) -> (Argument<'static>, Term) {
    (Argument::Number(n), n.term())
}

/// A value as a variable of this kind asks for it.
fn given<'v>(name: &str, kind: Kind, value: &'v Given) -> Result<(Argument<'v>, Term), Refused> {
    let wrong = |what: &str| Err(refused(format!("its variable {name} asks for {what}")));
    match (kind, value) {
        (Kind::Number(Prim::Nat), Given::Number(q)) => match q.parts() {
            (n, 1) => match u64::try_from(n) {
                Ok(n) => Ok(number(Number::Nat(n))),
                Err(_) => wrong("a natural number"),
            },
            _ => wrong("a natural number"),
        },
        (Kind::Number(Prim::Int), Given::Number(q)) => match q.parts() {
            (z, 1) => Ok(number(Number::Int(z))),
            _ => wrong("a whole number"),
        },
        (Kind::Number(_), Given::Number(q)) => Ok(number(Number::Real(*q))),
        (Kind::Table, Given::Table(entries)) => Ok((Argument::Table(entries), table(entries))),
        (Kind::Number(_), Given::Table(_)) => wrong("a number"),
        (Kind::Table, Given::Number(_)) => wrong("a table"),
        (Kind::Hypothesis, _) => Ok((Argument::Holds, computed())),
    }
}
