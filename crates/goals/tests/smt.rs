//! Goals as text of SMT-LIB: each function once for each choice of types, and what has no such text is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bfv_goals::{logic_smt, tip_smt};
use serde_json::{Value, json};

/// A problem about lists with one function, which has a type parameter, and a goal.
fn problem(body: &Value, goal: &Value) -> String {
    let list = json!({ "name": "list", "params": ["a"], "ctors": [
        { "name": "nil", "fields": [] },
        { "name": "|+cons|", "fields": [{ "sel": "head", "type": "a" }, { "sel": "tail", "type": ["list", "a"] }] } ] });
    let append = json!({ "name": "append", "params": ["b"], "args": [["x", ["list", "b"]], ["y", ["list", "b"]]],
        "ret": ["list", "b"], "body": body });
    json!({ "id": "t", "expect": "theorem", "datatypes": [list], "functions": [append], "sorts": [], "decls": [], "asserts": [],
        "goal": { "params": ["c"], "body": goal } })
    .to_string()
}

fn body() -> Value {
    json!(["match", "x", [["nil", "y"], [["|+cons|", "z", "xs"], ["|+cons|", "z", ["append", "xs", "y"]]]]])
}

#[test]
fn a_function_is_written_for_each_choice_of_types() {
    let same = json!([
        "forall",
        [["p", ["list", "c"]], ["q", ["list", "Int"]]],
        ["=>", ["=", ["append", "q", "q"], "q"], ["=", ["append", "p", ["_", "nil", "c"]], "p"]]
    ]);
    let text = tip_smt(&problem(&body(), &same)).unwrap();
    for part in [
        "(declare-sort |t c| 0)",
        "(|f append 't c'| ((|v x| |t list 't c'|) (|v y| |t list 't c'|)) |t list 't c'|)",
        "(|f append Int| ((|v x| |t list Int|) (|v y| |t list Int|)) |t list Int|)",
        "((|c nil Int|) (|c +cons Int| (|s 0 +cons Int| Int) (|s 1 +cons Int| |t list Int|)))",
        "(as |c nil 't c'| |t list 't c'|)",
        "(match |v x| ((|c nil Int| |v y|) ((|c +cons Int| ",
        "(assert (not (forall ((|v p| |t list 't c'|) (|v q| |t list Int|)) (=> ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let (open, close) = (text.matches('(').count(), text.matches(')').count());
    assert_eq!(open, close, "{text}");
    assert_eq!(text.matches("(|f append Int| ((").count(), 1, "{text}");
}

#[test]
fn what_has_no_such_text_is_refused() {
    let function = json!(["forall", [["f", ["=>", "c", "c"]], ["x", "c"]], ["=", ["@", "f", "x"], "x"]]);
    let fault = tip_smt(&problem(&body(), &function)).unwrap_err();
    assert_eq!((fault.name.as_str(), fault.what.as_str()), ("t", "A function stands as a value in it."));
    assert!(tip_smt("{}").is_err());
}

#[test]
fn propositions_are_asked_as_what_is_denied() {
    let goal = json!([{ "id": "g", "status": "Theorem", "hypotheses": [["imp", ["atom", "p"], ["not", ["atom", "q"]]]],
        "goal": ["or", ["iff", ["atom", "q"], ["false"]], ["and", ["atom", "p"], ["true"]]] }]);
    let all = logic_smt(&goal.to_string()).unwrap();
    let text = "(set-logic QF_UF)\n(declare-const |a p| Bool)\n(declare-const |a q| Bool)\n(assert (=> |a p| (not |a q|)))\n\
                (assert (not (or (= |a q| false) (and |a p| true))))\n(check-sat)\n";
    assert_eq!(all, [("g".to_owned(), text.to_owned())]);
    assert!(logic_smt("[{\"id\": \"g\"}]").is_err());
}
