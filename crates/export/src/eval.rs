//! Runs a program here, with the runtime that exported programs in Rust have, so that no program is written that does not do what it says.

use crate::expr::{Expr, Function, Op};
use crate::runtime::{self as r, Value};
use num_bigint::BigInt;
use std::rc::Rc;

/// The value of an expression, where the variables of the first levels have these values.
pub fn eval(e: &Expr, env: &[Value], functions: &Rc<Vec<Function>>) -> Value {
    let go = |e: &Expr| eval(e, env, functions);
    match e {
        Expr::Var(level) => env.get(*level).cloned().unwrap_or_else(|| r::absent("a variable is not bound")),
        Expr::Lam(level, body) => {
            let (outer, body, functions) = (bound(env, *level, &[]), Rc::clone(body), Rc::clone(functions));
            let level = *level;
            r::fun(move |x| eval(&body, &bound(&outer, level, std::slice::from_ref(x)), &functions))
        }
        Expr::App(f, a) => r::app(&go(f), &go(a)),
        Expr::Call(f, args) => match functions.get(*f) {
            Some(function) => eval(&function.body, &args.iter().map(go).collect::<Vec<_>>(), functions),
            None => r::absent("a function is missing"),
        },
        Expr::Whole(n) => number(n).map_or_else(large, r::whole),
        Expr::Real(n, d) => match (number(n), number(d)) {
            (Some(n), Some(d)) => r::real(n, d),
            _ => large(),
        },
        Expr::Truth(b) => r::truth(*b),
        Expr::Star => Value::Star,
        Expr::If(c, yes, no) => r::choose(&go(c), || go(yes), || go(no)),
        Expr::Op(op, args) => operation(*op, &args.iter().map(go).collect::<Vec<_>>()),
        Expr::Vector(items) => r::vector(items.iter().map(go).collect()),
        Expr::Con(number, fields) => r::con(*number, fields.iter().map(go).collect()),
        Expr::Case(s, level, branches) => r::cases(&go(s), |number, fields| match branches.get(number) {
            Some(b) => eval(&b.body, &bound(env, *level, fields), functions),
            None => r::absent("a case is missing"),
        }),
        Expr::Data(all) => r::data(all.iter().map(|types| types.iter().map(go).collect()).collect()),
        Expr::Absent(why) => r::absent(why),
    }
}

fn bound(env: &[Value], level: usize, values: &[Value]) -> Vec<Value> {
    env.iter().take(level).chain(values).cloned().collect()
}

fn number(n: &BigInt) -> Option<i128> {
    i128::try_from(n.clone()).ok()
}

fn large() -> Value {
    r::absent("a number has more than 38 digits")
}

fn operation(op: Op, args: &[Value]) -> Value {
    match (op, args) {
        (Op::Add, [a, b]) => r::add(a, b),
        (Op::Sub, [a, b]) => r::sub(a, b),
        (Op::Mul, [a, b]) => r::mul(a, b),
        (Op::Monus, [a, b]) => r::monus(a, b),
        (Op::Less, [a, b]) => r::less(a, b),
        (Op::AtMost, [a, b]) => r::at_most(a, b),
        (Op::Inverse, [a]) => r::inverse(a),
        (Op::Floor, [a]) => r::floor(a),
        (Op::ToReal, [a]) => r::to_real(a),
        (Op::Pair, [a, b]) => r::pair(a.clone(), b.clone()),
        (Op::First, [a]) => r::first(a),
        (Op::Second, [a]) => r::second(a),
        (Op::Recurse, [a, b, c]) => r::recurse(a, b, c),
        (Op::ByNumber, [a, b, c]) => r::by_number(a, b, c),
        (Op::BySign, [a, b, c]) => r::by_sign(a, b, c),
        (Op::Empty, _) => r::empty(),
        (Op::Unit, _) => r::unit(),
        (Op::Booleans, _) => r::booleans(),
        (Op::Numbers, _) => r::numbers(),
        (Op::Statement, [a]) => r::statement(a),
        (Op::Equal, [a, b, c]) => r::equal(a, b, c),
        (Op::Forall, [a, b]) => r::forall(a, b),
        (Op::Exists, [a, b]) => r::exists(a, b),
        (Op::Implies, [a, b]) => r::implies(a, b),
        (Op::Both, [a, b]) => r::both(a, b),
        _ => r::absent("an operation has other arguments"),
    }
}
