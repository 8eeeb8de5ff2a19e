//! What the service hands out as evidence: the second checker accepts it, it is explained from its bytes alone, and it serves no other goal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_recheck::{Limits, Verdict, recheck};
use common::{Server, suggestion};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const LISTS: &str = "data List : U 0\n| nil\n| cons (head : Nat) (tail : List)\n\ndef app (ys : List) : List -> List\n| nil => ys\n| cons x xs => cons x (app ys xs)\n";

/// Goals of all kinds, with whether they are proved, refuted, or either.
const GOALS: [(&str, Verdict); 18] = [
    ("forall (A B : U 0), Sum A B -> Sum B A", Verdict::Proved),
    ("forall (A : U 0) (x y : A), x = y -> y = x", Verdict::Proved),
    ("forall (A B C : U 0), (A -> B) -> (B -> C) -> A -> C", Verdict::Proved),
    ("Nat -> Bool -> Nat", Verdict::Proved),
    ("forall (n : Nat), n + 0 = n", Verdict::Proved),
    ("forall (n : Nat), 0 + n = n", Verdict::Proved),
    ("forall (xs : List), app nil xs = xs", Verdict::Proved),
    ("forall (a b : Nat), a + b = b + a", Verdict::Proved),
    ("forall (a b : Nat), a <= b -> a <= b + 1 /\\ a + 0 = a", Verdict::Proved),
    ("forall (a b : Real), a * b = b * a", Verdict::Proved),
    ("forall (x y : Real), 2 * x * y <= x * x + y * y", Verdict::Proved),
    ("forall (a b : Int), a - b = 0 - (b - a)", Verdict::Proved),
    ("forall (n : Nat), n + 1 = n", Verdict::Refuted),
    ("forall (a b : Nat), a - b + b = a", Verdict::Refuted),
    ("forall (x : Real), 0 < x * x", Verdict::Refuted),
    ("0 = 1", Verdict::Refuted),
    ("exists (n : Nat), n + 1 = 0", Verdict::Refuted),
    ("forall (xs : List), app nil xs = nil", Verdict::Refuted),
];

/// Every object in a message that is the word of a formal check.
fn formal<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) if fields.contains_key("certificate_bytes") => out.push(value),
        Value::Object(fields) => fields.values().for_each(|v| formal(v, out)),
        Value::Array(all) => all.iter().for_each(|v| formal(v, out)),
        _ => {}
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Runs the second checker, which needs a deep stack.
fn rechecked(bytes: &[u8]) -> Verdict {
    let bytes = bytes.to_vec();
    let work = move || recheck(&bytes, Limits::default()).map(|r| r.verdict);
    let thread = std::thread::Builder::new().stack_size(bfv_service::pool::STACK).spawn(work).unwrap();
    thread.join().unwrap().unwrap_or_else(|r| panic!("{}: {}", r.reason, r.detail))
}

fn explanation(goal: &str, form: &str, proof: &Value, level: &str) -> Value {
    let preferences = json!({ "explanation_level": level });
    json!({
        "type": "REQUEST_PROOF_EXPLANATION", "theorem": goal, form: proof, "declarations": LISTS,
        "user_preferences": preferences,
    })
}

/// What every explanation has: one order of ids in all its forms, and sentences that can be read aloud.
fn look_at(told: &Value, verdict: Verdict) {
    let nodes = told["spatial_visualization"]["nodes"].as_array().unwrap();
    let ids: Vec<&str> = nodes.iter().map(|n| n["id"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{told}");
    let touched = told["haptic_hints"]["events"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap());
    assert_eq!(touched.collect::<Vec<_>>(), ids[1..].iter().chain(&ids[..1]).copied().collect::<Vec<_>>(), "{told}");
    let text = told["text"].as_str().unwrap();
    let (begins, ends) = match verdict {
        Verdict::Proved => ("To prove: ", "The kernel accepted this proof."),
        Verdict::Refuted => ("To refute: ", "The kernel accepted this refutation."),
    };
    assert!(text.starts_with(begins) && text.ends_with(ends), "{text}");
    assert_eq!(text.matches(" begins.").count(), text.matches(" ends.").count(), "{text}");
    assert!(told["audio_description"].as_str().unwrap().contains(&text[text.len() - 20..]));
    for level in ["brief", "normal", "full"] {
        assert!(told["levels"][level].as_str().unwrap().starts_with(begins), "{told}");
    }
}

#[test]
fn the_second_checker_accepts_what_is_handed_out_and_it_is_explained_alone() {
    let server = Server::start(&[]);
    let mut all: Vec<(usize, Value)> = Vec::new();
    for (n, (goal, verdict)) in GOALS.iter().enumerate() {
        let mut asked = vec![
            suggestion(goal),
            json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": goal } }),
            json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": goal }),
        ];
        // The second time what is known is recalled.
        asked.push(asked[0].clone());
        let mut own = 0;
        for mut message in asked {
            message["declarations"] = json!(LISTS);
            let said = server.ask(&message);
            let mut found = Vec::new();
            formal(&said, &mut found);
            for f in found {
                let bytes = unhex(f["certificate_bytes"].as_str().unwrap());
                assert_eq!(blake3::hash(&bytes).to_hex().as_str(), f["sctt_certificate"].as_str().unwrap());
                let status = if rechecked(&bytes) == Verdict::Proved { "proved" } else { "refuted" };
                assert_eq!((f["status"].as_str().unwrap(), rechecked(&bytes)), (status, *verdict), "{goal}: {f}");
                own += 1;
                if !all.iter().any(|(_, known)| known == &f["certificate_bytes"]) {
                    all.push((n, f["certificate_bytes"].clone()));
                }
            }
        }
        assert!(own >= 2, "{goal}: {own} certificates");
    }
    assert!(all.len() >= GOALS.len(), "{}", all.len());
    for (n, bytes) in &all {
        let (goal, verdict) = GOALS[*n];
        let said = server.ask(&explanation(goal, "certificate_bytes", bytes, "full"));
        look_at(&said["explanation"], verdict);
        assert_eq!(said["formal_verification"]["found_by"], "certificate", "{said}");
        // For another goal it says nothing.
        let other = GOALS[(n + 1) % GOALS.len()].0;
        let answer = server.post("/v1/explain", &explanation(other, "certificate_bytes", bytes, "brief"));
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (422, &json!("usage")), "{goal} for {other}: {problem}");
        assert!(problem["where"].as_str().unwrap().ends_with("certificate_bytes"), "{problem}");
    }
}

#[test]
fn a_damaged_certificate_is_a_clear_error_and_a_term_is_explained() {
    let server = Server::start(&[]);
    let goal = GOALS[4].0;
    let whole = server.ask(&json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": goal } }));
    let formal = &whole["proof"]["formal_verification"];
    let bytes = unhex(formal["certificate_bytes"].as_str().unwrap());
    let hex = |bytes: &[u8]| json!(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        let answer = server.post("/v1/explain", &explanation(goal, "certificate_bytes", &hex(&changed), "brief"));
        assert_eq!(answer.status, 422, "byte {at}: {}", answer.body);
        assert!(answer.json()["what"].as_str().unwrap().starts_with("The certificate "), "{}", answer.body);
    }
    for (wrong, status) in [(json!("0"), 400), (json!("zz"), 400), (json!(""), 422), (json!(7), 400)] {
        let answer = server.post("/v1/explain", &explanation(goal, "certificate_bytes", &wrong, "brief"));
        assert_eq!(answer.status, status, "{wrong}: {}", answer.body);
    }
    let mut both = explanation(goal, "certificate_bytes", &hex(&bytes), "brief");
    both["script"] = json!("refl");
    let answer = server.post("/v1/explain", &both);
    assert!(answer.status == 400 && answer.body.contains("more than one form"), "{}", answer.body);
    // A library without what the certificate speaks of.
    let mut bare = explanation("forall (xs : List), app nil xs = xs", "certificate_bytes", &hex(&bytes), "brief");
    bare["imports"] = json!(["std.logic"]);
    assert_eq!(server.post("/v1/explain", &bare).status, 422);
    // Terms that are no proofs, and one that is.
    for wrong in ["fun x => x", "x) (y", "refl } claim other : 0 = 1 by { refl", "?", ""] {
        let answer = server.post("/v1/explain", &explanation(goal, "proof_term", &json!(wrong), "brief"));
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.body);
        assert!(answer.json()["where"].as_str().unwrap().contains("proof_term"), "{}", answer.body);
    }
    let said =
        server.ask(&explanation("Nat -> Bool -> Nat", "proof_term", &json!("fun n b => if b then n else 0"), "full"));
    look_at(&said["explanation"], Verdict::Proved);
    let text = said["explanation"]["text"].as_str().unwrap();
    assert!(text.contains("Name what is given:") && text.contains("The case true begins."), "{text}");
}
