//! Parts of one proof that are ended by several threads, and goals that are asked again word for word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Server, suggestion, verification};
use serde_json::{Value, json};

const LISTS: &str = "data List : U 0\n| nil\n| cons (head : Nat) (tail : List)\n\n\
    def app : List -> List -> List\n| nil, ys => ys\n| cons x xs, ys => cons x (app xs ys)\n\n\
    def len : List -> Nat\n| nil => 0\n| cons x xs => 1 + len xs\n\n\
    def rev : List -> List\n| nil => nil\n| cons x xs => app (rev xs) (cons x nil)\n";

/// A conjunction of four equations; no lemma proves it as a whole.
fn conjunction(last: &str) -> String {
    format!(
        "forall (xs ys zs : List), rev (rev xs) = xs /\\ len (app xs ys) = len xs + len ys /\\ app (app xs ys) zs = app xs (app ys zs) /\\ {last}"
    )
}

fn completion(goal: &str) -> Value {
    json!({ "type": "REQUEST_PROOF_COMPLETION", "declarations": LISTS, "timeout_ms": 30_000, "proof_sketch": { "goal": { "id": "g", "statement": goal } } })
}

#[test]
fn parts_of_one_proof_are_put_together_and_accepted_as_a_whole() {
    let goal = conjunction("rev (app xs ys) = app (rev ys) (rev xs)");
    let mut scripts = Vec::new();
    for workers in ["1", "3"] {
        let server = Server::start(&["--workers", workers, "--cache-bytes", "0"]);
        // Twice, for a thread that helped before must heed the request at hand, and not that one.
        for _ in 0..2 {
            let said = server.ask(&completion(&goal));
            let proof = &said["proof"];
            assert_eq!(proof["formal_verification"]["status"], "proved", "{said}");
            assert_eq!(said["metadata"]["workers_used"].as_u64().unwrap() > 1, workers != "1", "{said}");
            let steps = proof["steps"].as_array().unwrap();
            assert_eq!(steps.last().unwrap()["resulting_goals"], json!([]), "{said}");
            scripts.push(proof["script"].as_str().unwrap().to_owned());
            let mut checked = verification(&goal, "script", &[scripts.last().unwrap()]);
            checked["declarations"] = json!(LISTS);
            assert_eq!(server.ask(&checked)["valid"], true);
        }
    }
    assert!(scripts.windows(2).all(|w| w[0] == w[1]) && scripts[0].contains("split; auto; split"), "{scripts:?}");
}

#[test]
fn a_part_that_is_false_leaves_the_whole_unproved() {
    let server = Server::start(&["--workers", "3", "--cache-bytes", "0"]);
    let mut asked = completion(&conjunction("app xs ys = app ys xs"));
    asked["timeout_ms"] = json!(3_000);
    let said = server.ask(&asked);
    assert!(said["proof"].is_null() && !said["reason"].as_str().unwrap().is_empty(), "{said}");
}

#[test]
fn what_is_asked_again_word_for_word_is_recalled() {
    let server = Server::start(&[]);
    for goal in ["forall (a b : Nat), a + b = b + a", "forall (n : Nat), n * 2 = n"] {
        let first = server.ask(&suggestion(goal));
        let again = server.ask(&suggestion(goal));
        assert_eq!((&first["recalled"], &again["recalled"]), (&json!(0), &json!(1)), "{again}");
        assert_eq!(first["refuted_goals"], again["refuted_goals"]);
        assert_eq!(first["reason"], again["reason"]);
        assert_eq!(first["suggestions"].get(0), again["suggestions"].get(0));
        // The words are the same, and what they mean is not.
        let mut other = suggestion(goal);
        other["declarations"] = json!("data Nat2 : U 0\n| zero2\n");
        let other = server.ask(&other);
        assert_eq!(
            (&other["recalled"], other["suggestions"].get(0).is_some()),
            (&json!(u8::from(first["suggestions"].get(0).is_some())), first["suggestions"].get(0).is_some()),
            "{other}"
        );
    }
}
