// What an exported program computes with: exact fractions, functions, finite types, and statements about them.
// What cannot be computed is an absent value that says why; whatever needs it is absent for the same reason.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[derive(Clone)]
pub enum Value {
    Whole(i128),
    // In lowest terms, with a positive denominator.
    Real(i128, i128),
    Truth(bool),
    Star,
    Pair(Rc<(Value, Value)>),
    // A constructor by its number, with its fields.
    Con(usize, Rc<Vec<Value>>),
    Function(Rc<Function>),
    Type(Rc<Type>),
    Absent(Rc<str>),
}

// A function, and its values at elements of finite types, where vectors are looked up again and again.
pub struct Function {
    rule: Box<dyn Fn(&Value) -> Value>,
    // By the hash of the element, since most elements differ and are long.
    known: RefCell<Vec<(u64, Value, Value)>>,
}

// A type by its elements. A statement is a type too: it is true when it has an element.
pub enum Type {
    Empty,
    Unit,
    Booleans,
    Numbers,
    Statement(Value),
    Equal(Value, Value, Value),
    Forall(Value, Value),
    Exists(Value, Value),
    Data(Vec<Vec<Value>>),
}

type Why = Rc<str>;

const MOST_STEPS: u64 = 200_000;
const MOST_ELEMENTS: usize = 4096;
const MOST_KNOWN: usize = 64;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

// Counts steps from nothing, for another program.
pub fn start() {
    STEPS.with(|s| s.set(0));
}

pub fn absent(why: &str) -> Value {
    Value::Absent(why.into())
}

fn wrong(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Absent(_), _) => a.clone(),
        (_, Value::Absent(_)) => b.clone(),
        _ => absent("values of different kinds meet"),
    }
}

fn large() -> Value {
    absent("a number has more than 38 digits")
}

pub fn whole(n: i128) -> Value {
    Value::Whole(n)
}

fn divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        let rest = a % b;
        a = b;
        b = rest;
    }
    if a < 0 { -a } else { a }
}

pub fn real(n: i128, d: i128) -> Value {
    if d == 0 || n == i128::MIN || d == i128::MIN {
        return large();
    }
    let g = divisor(n, d);
    let g = if d < 0 { -g } else { g };
    Value::Real(n / g, d / g)
}

pub fn truth(b: bool) -> Value {
    Value::Truth(b)
}

pub fn pair(a: Value, b: Value) -> Value {
    Value::Pair(Rc::new((a, b)))
}

pub fn con(number: usize, fields: Vec<Value>) -> Value {
    Value::Con(number, Rc::new(fields))
}

pub fn fun(rule: impl Fn(&Value) -> Value + 'static) -> Value {
    Value::Function(Rc::new(Function { rule: Box::new(rule), known: RefCell::new(Vec::new()) }))
}

// A vector is the function from positions to its items. The first position is constructor 0; constructor 1 is the one after another.
pub fn vector(items: Vec<Value>) -> Value {
    fun(move |at| {
        let mut at = at.clone();
        for item in &items {
            let next = match &at {
                Value::Con(0, _) => return item.clone(),
                Value::Con(_, fields) => fields.first().cloned(),
                Value::Absent(_) => return at,
                _ => None,
            };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        absent("a vector has no such position")
    })
}

pub fn app(f: &Value, x: &Value) -> Value {
    let steps = STEPS.with(|s| {
        s.set(s.get() + 1);
        s.get()
    });
    if steps > MOST_STEPS {
        return absent("there are too many steps");
    }
    match f {
        Value::Function(f) => {
            let key = match x {
                Value::Con(..) => hash(x, 0),
                _ => None,
            };
            if let Some(key) = key {
                let known = f.known.borrow();
                if let Some((_, _, y)) = known.iter().find(|(k, v, _)| *k == key && same(v, x) == Some(true)) {
                    return y.clone();
                }
            }
            let y = (f.rule)(x);
            // A longer list would take longer to look through than the value to compute.
            if let Some(key) = key.filter(|_| f.known.borrow().len() < MOST_KNOWN) {
                f.known.borrow_mut().push((key, x.clone(), y.clone()));
            }
            y
        }
        other => wrong(other, other),
    }
}

pub fn first(p: &Value) -> Value {
    match p {
        Value::Pair(p) => p.0.clone(),
        other => wrong(other, other),
    }
}

pub fn second(p: &Value) -> Value {
    match p {
        Value::Pair(p) => p.1.clone(),
        other => wrong(other, other),
    }
}

fn whole_or_large(n: Option<i128>) -> Value {
    n.map_or_else(large, whole)
}

pub fn add(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Whole(a), Value::Whole(b)) => whole_or_large(a.checked_add(*b)),
        (Value::Real(a, b), Value::Real(c, d)) => sum(*a, *b, *c, *d).unwrap_or_else(large),
        _ => wrong(a, b),
    }
}

fn sum(a: i128, b: i128, c: i128, d: i128) -> Option<Value> {
    let g = divisor(b, d);
    let left = a.checked_mul(d / g)?;
    let right = c.checked_mul(b / g)?;
    Some(real(left.checked_add(right)?, b.checked_mul(d / g)?))
}

pub fn sub(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Whole(a), Value::Whole(b)) => whole_or_large(a.checked_sub(*b)),
        (Value::Real(a, b), Value::Real(c, d)) => {
            c.checked_neg().and_then(|c| sum(*a, *b, c, *d)).unwrap_or_else(large)
        }
        _ => wrong(a, b),
    }
}

pub fn mul(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Whole(a), Value::Whole(b)) => whole_or_large(a.checked_mul(*b)),
        (Value::Real(a, b), Value::Real(c, d)) => {
            let (g, h) = (divisor(*a, *d).max(1), divisor(*c, *b).max(1));
            match ((a / g).checked_mul(c / h), (b / h).checked_mul(d / g)) {
                (Some(n), Some(d)) => real(n, d),
                _ => large(),
            }
        }
        _ => wrong(a, b),
    }
}

// Subtraction of natural numbers stops at 0.
pub fn monus(a: &Value, b: &Value) -> Value {
    match sub(a, b) {
        Value::Whole(n) => whole(n.max(0)),
        other => other,
    }
}

// The inverse of 0 is 0.
pub fn inverse(a: &Value) -> Value {
    match a {
        Value::Real(0, _) => real(0, 1),
        Value::Real(n, d) => real(*d, *n),
        other => wrong(other, other),
    }
}

// The largest whole number that is not above.
pub fn floor(a: &Value) -> Value {
    match a {
        Value::Real(n, d) => whole(n.div_euclid(*d)),
        other => wrong(other, other),
    }
}

pub fn to_real(a: &Value) -> Value {
    match a {
        Value::Whole(n) => real(*n, 1),
        other => wrong(other, other),
    }
}

fn compare(a: &Value, b: &Value) -> Result<std::cmp::Ordering, Value> {
    match sub(a, b) {
        Value::Whole(n) | Value::Real(n, _) => Ok(n.cmp(&0)),
        other => Err(other),
    }
}

pub fn less(a: &Value, b: &Value) -> Value {
    compare(a, b).map_or_else(|e| e, |o| truth(o.is_lt()))
}

pub fn at_most(a: &Value, b: &Value) -> Value {
    compare(a, b).map_or_else(|e| e, |o| truth(o.is_le()))
}

pub fn choose(c: &Value, yes: impl FnOnce() -> Value, no: impl FnOnce() -> Value) -> Value {
    match c {
        Value::Truth(true) => yes(),
        Value::Truth(false) => no(),
        other => wrong(other, other),
    }
}

// The recursor of the natural numbers: from the value at 0, a step for every number below n.
pub fn recurse(zero: &Value, step: &Value, n: &Value) -> Value {
    match n {
        Value::Whole(n) => {
            let mut value = zero.clone();
            let mut k = 0;
            while k < *n {
                value = app(&app(step, &whole(k)), &value);
                if let Value::Absent(_) = value {
                    return value;
                }
                k += 1;
            }
            value
        }
        other => wrong(other, other),
    }
}

// The value at 0, or a function of the number before n.
pub fn by_number(zero: &Value, next: &Value, n: &Value) -> Value {
    match n {
        Value::Whole(0) => zero.clone(),
        Value::Whole(n) => app(next, &whole(n - 1)),
        other => wrong(other, other),
    }
}

pub fn by_sign(positive: &Value, negative: &Value, n: &Value) -> Value {
    match n {
        Value::Whole(n) if *n >= 0 => app(positive, &whole(*n)),
        Value::Whole(n) => app(negative, &whole(-1 - n)),
        other => wrong(other, other),
    }
}

pub fn cases(v: &Value, branch: impl FnOnce(usize, &[Value]) -> Value) -> Value {
    match v {
        Value::Con(number, fields) => branch(*number, fields),
        other => wrong(other, other),
    }
}

fn kind(t: Type) -> Value {
    Value::Type(Rc::new(t))
}

pub fn empty() -> Value {
    kind(Type::Empty)
}

pub fn unit() -> Value {
    kind(Type::Unit)
}

pub fn booleans() -> Value {
    kind(Type::Booleans)
}

pub fn numbers() -> Value {
    kind(Type::Numbers)
}

// The statement that a Boolean is true.
pub fn statement(b: &Value) -> Value {
    kind(Type::Statement(b.clone()))
}

pub fn equal(t: &Value, a: &Value, b: &Value) -> Value {
    kind(Type::Equal(t.clone(), a.clone(), b.clone()))
}

pub fn forall(domain: &Value, rest: &Value) -> Value {
    kind(Type::Forall(domain.clone(), rest.clone()))
}

pub fn exists(domain: &Value, rest: &Value) -> Value {
    kind(Type::Exists(domain.clone(), rest.clone()))
}

pub fn implies(a: &Value, b: &Value) -> Value {
    let b = b.clone();
    forall(a, &fun(move |_| b.clone()))
}

pub fn both(a: &Value, b: &Value) -> Value {
    let b = b.clone();
    exists(a, &fun(move |_| b.clone()))
}

// A data type: the types of the fields of each constructor.
pub fn data(constructors: Vec<Vec<Value>>) -> Value {
    kind(Type::Data(constructors))
}

fn why(v: &Value) -> Why {
    match v {
        Value::Absent(why) => why.clone(),
        _ => "a value is of the wrong kind".into(),
    }
}

// A number that is the same for simple values that are the same; nothing for others.
fn hash(v: &Value, start: u64) -> Option<u64> {
    let mix = |h: u64, n: u64| (h ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let number = |h: u64, n: i128| n.to_le_bytes().iter().fold(h, |h, b| mix(h, u64::from(*b)));
    match v {
        Value::Whole(n) => Some(number(mix(start, 1), *n)),
        Value::Real(n, d) => Some(number(number(mix(start, 2), *n), *d)),
        Value::Truth(b) => Some(mix(start, 3 + u64::from(*b))),
        Value::Star => Some(mix(start, 5)),
        Value::Pair(p) => hash(&p.1, hash(&p.0, mix(start, 6))?),
        Value::Con(n, fields) => fields.iter().try_fold(mix(start, 7 + *n as u64), |h, x| hash(x, h)),
        _ => None,
    }
}

// Whether two simple values are the same; nothing for functions and what is absent.
fn same(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Whole(a), Value::Whole(b)) => Some(a == b),
        (Value::Real(a, b), Value::Real(c, d)) => Some(a == c && b == d),
        (Value::Truth(a), Value::Truth(b)) => Some(a == b),
        (Value::Star, Value::Star) => Some(true),
        (Value::Pair(a), Value::Pair(b)) => Some(same(&a.0, &b.0)? && same(&a.1, &b.1)?),
        (Value::Con(m, a), Value::Con(n, b)) => {
            if m != n || a.len() != b.len() {
                return Some(false);
            }
            for (x, y) in a.iter().zip(b.iter()) {
                if !same(x, y)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        _ => None,
    }
}

fn are_equal(t: &Value, a: &Value, b: &Value) -> Result<bool, Why> {
    let t = match t {
        Value::Type(t) => t,
        other => return Err(why(other)),
    };
    match &**t {
        Type::Empty | Type::Unit | Type::Statement(_) | Type::Equal(..) => Ok(true),
        Type::Booleans | Type::Numbers => same(a, b).ok_or_else(|| why(&wrong(a, b))),
        Type::Forall(domain, rest) => {
            for x in elements(domain)? {
                if !are_equal(&app(rest, &x), &app(a, &x), &app(b, &x))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Type::Exists(domain, rest) => {
            let (x, y) = (first(a), first(b));
            Ok(are_equal(domain, &x, &y)? && are_equal(&app(rest, &x), &second(a), &second(b))?)
        }
        Type::Data(constructors) => match (a, b) {
            (Value::Con(m, _), Value::Con(n, _)) if m != n => Ok(false),
            (Value::Con(m, xs), Value::Con(_, ys)) => {
                let types = constructors.get(*m).ok_or_else(|| why(&Value::Star))?;
                for ((t, x), y) in types.iter().zip(xs.iter()).zip(ys.iter()) {
                    if !are_equal(t, x, y)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Err(why(&wrong(a, b))),
        },
    }
}

// Every way to take one of each; nothing is left to choose at the end.
fn choices(options: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, Why> {
    let mut out: Vec<Vec<Value>> = vec![Vec::new()];
    for option in options {
        if out.len().saturating_mul(option.len()) > MOST_ELEMENTS {
            return Err("there are too many elements to go through".into());
        }
        out = out
            .iter()
            .flat_map(|done| option.iter().map(move |x| [done.as_slice(), std::slice::from_ref(x)].concat()))
            .collect();
    }
    Ok(out)
}

// The elements of a finite type. Of a statement, one or none.
fn elements(t: &Value) -> Result<Vec<Value>, Why> {
    let t = match t {
        Value::Type(t) => t,
        other => return Err(why(other)),
    };
    let one = |holds: bool| if holds { vec![Value::Star] } else { Vec::new() };
    Ok(match &**t {
        Type::Empty => Vec::new(),
        Type::Unit => one(true),
        Type::Booleans => vec![truth(true), truth(false)],
        Type::Numbers => return Err("a statement is about infinitely many numbers".into()),
        Type::Statement(Value::Truth(b)) => one(*b),
        Type::Statement(other) => return Err(why(other)),
        Type::Equal(t, a, b) => one(are_equal(t, a, b)?),
        Type::Forall(domain, rest) => {
            let places = elements(domain)?;
            let mut options = Vec::new();
            let mut unclear = None;
            for x in &places {
                match elements(&app(rest, x)) {
                    Ok(option) if option.is_empty() => return Ok(Vec::new()),
                    Ok(option) => options.push(option),
                    Err(why) => unclear = Some(why),
                }
            }
            if let Some(why) = unclear {
                return Err(why);
            }
            let table = |values: Vec<Value>| {
                let places = places.clone();
                fun(move |x| {
                    let at = places.iter().position(|p| same(p, x) == Some(true));
                    at.and_then(|n| values.get(n).cloned()).unwrap_or_else(|| absent("a table has no such place"))
                })
            };
            choices(&options)?.into_iter().map(table).collect()
        }
        Type::Exists(domain, rest) => match elements(domain) {
            Ok(places) => {
                let mut out = Vec::new();
                for x in places {
                    out.extend(elements(&app(rest, &x))?.into_iter().map(|y| pair(x.clone(), y)));
                }
                out
            }
            // Of two statements the second may be false whatever the first is.
            Err(why) => match elements(&app(rest, &Value::Absent(why.clone()))) {
                Ok(none) if none.is_empty() => none,
                _ => return Err(why),
            },
        },
        Type::Data(constructors) => {
            let mut out = Vec::new();
            for (number, fields) in constructors.iter().enumerate() {
                let options = fields.iter().map(elements).collect::<Result<Vec<_>, Why>>()?;
                out.extend(choices(&options)?.into_iter().map(|fields| con(number, fields)));
            }
            out
        }
    })
}

// Whether a statement is true; why that cannot be computed otherwise.
pub fn decide(t: &Value) -> Result<bool, Why> {
    elements(t).map(|all| !all.is_empty())
}
