//! Goals that are made of every construct: their text elaborates, and functions have the values that their sources say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_goals::{Expected, Goal, inhabit, logic, tip};
use serde_json::{Value, json};

/// Words in parentheses as lists of JSON.
fn lists(text: &str) -> Value {
    let mut stack: Vec<Vec<Value>> = vec![Vec::new()];
    for word in text.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        match word {
            "(" => stack.push(Vec::new()),
            ")" => {
                let all = stack.pop().unwrap();
                stack.last_mut().unwrap().push(Value::Array(all));
            }
            w => stack.last_mut().unwrap().push(json!(w)),
        }
    }
    assert_eq!(stack.len(), 1, "{text}");
    stack[0].pop().unwrap()
}

fn data(name: &str, params: &[&str], cons: &[&str]) -> Value {
    let con = |text: &&str| {
        let all = lists(&format!("({text})"));
        let fields = all.as_array().unwrap()[1..].iter().enumerate();
        let fields: Vec<Value> = fields.map(|(n, t)| json!({ "sel": format!("proj{n}-x"), "type": t })).collect();
        json!({ "name": all[0], "fields": fields })
    };
    json!({ "name": name, "params": params, "ctors": cons.iter().map(con).collect::<Vec<_>>() })
}

/// A function from its name, its type parameters, its arguments, its result and its body.
fn fun(name: &str, params: &[&str], args: &str, ret: &str, body: &str) -> Value {
    json!({ "name": name, "params": params, "args": lists(args), "ret": lists(ret), "body": lists(body) })
}

fn problem(functions: &[Value], params: &[&str], goal: &str) -> String {
    let datatypes = [
        data("list", &["a"], &["nil", "cons a (list a)"]),
        data("Num", &[], &["Z", "S Num"]),
        data("pair", &["a", "b"], &["pair2 a b"]),
        data("E", &[], &["|:+:| E E", "One", "Two"]),
    ];
    json!({ "id": "t", "expect": "theorem", "datatypes": datatypes, "functions": functions, "sorts": [], "decls": [], "asserts": [],
        "goal": { "params": params, "body": lists(goal) } })
    .to_string()
}

fn problems(text: &str) -> Vec<String> {
    let (file, diagnostics) = bfv_syntax::parse(0, text.as_bytes());
    assert!(diagnostics.is_empty(), "{text} {diagnostics:?}");
    let mut session = Session::new();
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 10_000, wish: None, memo: None };
    let out = session.module("m", &file, engines, &|_| String::new());
    out.problems.iter().map(|p| p.message.clone()).collect()
}

/// Evaluation recurses.
fn deep(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 28).spawn(work).unwrap().join().unwrap();
}

/// The goal holds by computing; and with another right side it does not.
fn computes(functions: Vec<Value>, equations: &'static [(&'static str, &'static str, &'static str)]) {
    deep(move || {
        for (left, right, wrong) in equations {
            for (side, holds) in [(right, true), (wrong, false)] {
                let goal = tip(&problem(&functions, &[], &format!("(= {left} {side})"))).unwrap();
                let text = goal.file().replace("claim goal", "theorem goal") + "by refl\n";
                let found = problems(&text);
                assert_eq!(found.is_empty(), holds, "{text}\n{found:?}");
            }
        }
    });
}

fn append() -> Value {
    fun(
        "++",
        &["a"],
        "((x (list a)) (y (list a)))",
        "(list a)",
        "(match x (((nil) y) ((cons z xs) (cons z (++ xs y)))))",
    )
}

fn up_to() -> Value {
    fun("upTo", &[], "((x Int) (y Int))", "(list Int)", "(ite (> x y) (_ nil Int) (cons x (upTo (+ 1 x) y)))")
}

#[test]
fn structural_functions_have_their_values() {
    computes(
        vec![
            append(),
            fun(
                "<2",
                &[],
                "((x Num) (y Num))",
                "Bool",
                "(match y ((Z false) ((S z) (match x ((Z true) ((S w) (<2 w z)))))))",
            ),
            fun("last", &["t"], "((x t) (y (list t)))", "t", "(match y ((nil x) ((cons z ys) (last z ys))))"),
            fun("isOne", &[], "((x E))", "Bool", "(match x ((One true) (_ false)))"),
            fun(
                "map",
                &["a", "b"],
                "((f (=> a b)) (y (list a)))",
                "(list b)",
                "(match y ((nil (_ nil b)) ((cons z xs) (cons (@ f z) (map f xs)))))",
            ),
            fun("twice", &[], "((x Int))", "Int", "(let ((y (+ x x))) (- (* y 1) 0))"),
        ],
        &[
            ("(++ (cons Z (_ nil Num)) (cons (S Z) (_ nil Num)))", "(cons Z (cons (S Z) (_ nil Num)))", "(_ nil Num)"),
            ("(<2 (S Z) (S (S Z)))", "true", "false"),
            ("(<2 (S Z) (S Z))", "false", "true"),
            ("(last 1 (cons 2 (cons 3 (_ nil Int))))", "3", "1"),
            ("(isOne Two)", "false", "true"),
            ("(isOne One)", "true", "false"),
            ("(map (lambda ((x Int)) (twice x)) (cons 2 (_ nil Int)))", "(cons 4 (_ nil Int))", "(cons 2 (_ nil Int))"),
        ],
    );
}

#[test]
fn recursion_by_a_measure_has_its_values() {
    computes(
        vec![
            up_to(),
            fun("bits", &[], "((x Int))", "(list Int)", "(ite (= x 0) (_ nil Int) (cons (mod x 2) (bits (div x 2))))"),
            fun(
                "lean",
                &[],
                "((x E))",
                "E",
                "(match x (((|:+:| y c) (match y (((|:+:| a b) (lean (|:+:| a (|:+:| b c)))) (_ (|:+:| (lean y) (lean c)))))) (_ x)))",
            ),
            fun("even", &[], "((x E))", "Bool", "(match x (((|:+:| a b) (odd b)) (_ true)))"),
            fun("odd", &[], "((x E))", "Bool", "(match x (((|:+:| a b) (even b)) (_ false)))"),
            fun("iter", &["a"], "((n Int) (x a))", "(list a)", "(ite (= n 0) (_ nil a) (cons x (iter (- n 1) x)))"),
        ],
        &[
            ("(upTo 2 4)", "(cons 2 (cons 3 (cons 4 (_ nil Int))))", "(cons 2 (_ nil Int))"),
            ("(upTo 2 1)", "(_ nil Int)", "(cons 2 (_ nil Int))"),
            ("(bits 6)", "(cons 0 (cons 1 (cons 1 (_ nil Int))))", "(_ nil Int)"),
            ("(lean (|:+:| (|:+:| One Two) One))", "(|:+:| One (|:+:| Two One))", "(|:+:| (|:+:| One Two) One)"),
            ("(even (|:+:| One (|:+:| One One)))", "true", "false"),
            ("(odd (|:+:| One (|:+:| One One)))", "false", "true"),
            ("(iter 2 true)", "(cons true (cons true (_ nil Bool)))", "(_ nil Bool)"),
        ],
    );
}

#[test]
fn tests_of_values_are_handed_on() {
    computes(
        vec![
            fun(
                "elem",
                &["a"],
                "((x a) (y (list a)))",
                "Bool",
                "(match y ((nil false) ((cons z xs) (or (= z x) (elem x xs)))))",
            ),
            fun(
                "most",
                &["t"],
                "((x t) (y (list t)))",
                "t",
                "(match y ((nil x) ((cons z ys) (most (ite (<= x z) z x) ys))))",
            ),
            fun("apart", &[], "((x (pair Int Bool)) (y (pair Int Bool)))", "Bool", "(distinct x y)"),
        ],
        &[
            ("(elem 3 (cons 1 (cons 3 (_ nil Int))))", "true", "false"),
            ("(elem (cons true (_ nil Bool)) (cons (_ nil Bool) (_ nil (list Bool))))", "false", "true"),
            ("(most 2 (cons 5 (cons (- 0 7) (_ nil Int))))", "5", "2"),
            ("(apart (pair2 1 true) (pair2 1 false))", "true", "false"),
        ],
    );
}

#[test]
fn statements_are_propositions_over_variables() {
    deep(|| {
        let whole = problem(
            &[append(), up_to()],
            &["a"],
            "(forall ((x (list a)) (n Int)) (=> (and (<= 0 n) (distinct n 3)) (or (= (++ x x) x) (not (= x x)))))",
        );
        let goal = tip(&whole).unwrap();
        assert!(goal.is_type);
        let names: Vec<&str> = goal.binders.iter().map(|b| b.ty.as_str()).collect();
        assert_eq!(names, ["U 0", "(list A)", "Int", "((0 : Int) <= n) /\\ (not (n = (3 : Int)))"]);
        assert_eq!(problems(&goal.file()), Vec::<String>::new());
    });
}

#[test]
fn what_the_original_says_nothing_of_is_no_part_of_the_goal() {
    let iter = fun("iter", &[], "((n Int))", "(list Int)", "(ite (= n 0) (_ nil Int) (cons n (iter (- n 1))))");
    let goal = tip(&problem(&[iter], &[], "(forall ((n Int) (x (list Int)) (b Bool)) (= (iter n) x))")).unwrap();
    let binders: Vec<&str> = goal.binders.iter().map(|b| b.ty.as_str()).collect();
    assert_eq!(binders, ["Int", "not_negative n2 = true", "(list Int)", "not_negative_list x = true", "Bool"]);
    assert_eq!(problems(&goal.file()), Vec::<String>::new());
}

#[test]
fn what_has_no_translation_is_said_with_the_reason() {
    let refused = |functions: &[Value], goal: &str, why: &str| {
        let fault = tip(&problem(functions, &[], goal)).unwrap_err();
        assert!(fault.what.contains(why), "{fault}");
    };
    // A recursion that may go on forever, an unknown name, a type that does not fit, a test of functions.
    let round = fun("round", &[], "((x Int))", "Int", "(ite (= x 0) 0 (round (+ x 1)))");
    refused(&[round], "(= (round 1) 0)", "no measure was found");
    // It would count down below zero, but has a value there.
    let below = fun("below", &[], "((x Int))", "Int", "(ite (= x 0) 0 (ite (< x 0) 1 (below (- x 1))))");
    refused(std::slice::from_ref(&below), "(= (nothing 1) 0)", "its head is not known");
    assert!(tip(&problem(&[below], &[], "(= (below 1) 0)")).is_ok());
    refused(&[], "(= Z true)", "Two types differ");
    let same = fun("same", &[], "((f (=> Int Int)))", "Bool", "(= f f)");
    refused(&[same], "(same (lambda ((x Int)) x))", "cannot be compared");
    assert!(tip("{}").is_err());
    assert!(tip("[").is_err());
    assert!(tip(&"[".repeat(5_000)).unwrap_err().what.contains("deep"));
}

#[test]
fn formulas_and_types_are_translated() {
    deep(|| {
        let file = json!([
            { "id": "a", "status": "Theorem", "hypotheses": [["atom", "p"]], "goal": ["or", ["atom", "q"], ["atom", "p"]] },
            { "id": "b", "status": "Non-Theorem", "hypotheses": [], "goal": ["iff", ["not", ["not", ["atom", "I"]]], ["and", ["atom", "I"], ["true"]]] },
            { "id": "c", "status": "Open", "hypotheses": [], "goal": ["true"] },
        ]);
        let all = logic(&file.to_string()).unwrap();
        let first = all[0].as_ref().unwrap();
        assert_eq!((first.statement.as_str(), first.expected), ("(Sum q p)", Expected::Proved));
        let second = all[1].as_ref().unwrap();
        assert_eq!(
            (second.statement.as_str(), second.expected),
            ("((not (not I2)) <-> (I2 /\\ Unit))", Expected::Open)
        );
        assert_eq!(problems(&second.file()), Vec::<String>::new());
        assert!(all[2].as_ref().unwrap_err().what.contains("status"));
        let ty = json!({ "id": "d", "type": lists("(pi α (v Type) (pi f (pi x (v α) (v Type)) (pi a' (v α) (app (v f) ((app (lam x (v x)) ((v a'))))))))") });
        let goal: Goal = inhabit(&ty.to_string()).unwrap();
        assert_eq!(goal.statement, "(f ((fun x2 => x2) a_prime))");
        assert!(inhabit("{\"id\": \"e\", \"type\": [\"v\", \"y\"]}").unwrap_err().what.contains("stands for nothing"));
    });
}
