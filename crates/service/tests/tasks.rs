//! Questions and answers without HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_driver::Desk;
use bfv_service::fault::Fault;
use bfv_service::solve::Limits;
use bfv_service::tasks::answer;
use bfv_service::wire::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn ask(message: Value) -> Result<Value, Fault> {
    let body = message.to_string();
    let worker = std::thread::Builder::new().stack_size(1 << 29).spawn(move || {
        let request = Request::read(body.as_bytes(), None).map_err(|(fault, _)| fault)?;
        let mut desk = Desk::open(bfv_engines::ENGINES, &request.imports).unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let limits = Limits { deadline, cancelled: Arc::default() };
        let start = Instant::now();
        let out = answer(&mut desk, &request, "r1", &limits, &mut |_| {});
        eprintln!("first: {:?}", start.elapsed());
        let start = Instant::now();
        let _ = answer(&mut desk, &request, "r1", &limits, &mut |_| {});
        eprintln!("again: {:?}", start.elapsed());
        out
    });
    worker.unwrap().join().unwrap()
}

#[test]
fn look() {
    let goals = ["forall (n : Nat), n + 0 = n", "forall (n : Nat), n + 1 = n", "forall (a b : Real), a * b = b * a", "forall (a b : Nat), a <= b -> a < b + 1","forall (P Q : U 0), P"];
    for g in goals {
        eprintln!("=== {g}");
        match ask(json!({"type": "REQUEST_PROOF_SUGGESTION", "proof_state": {"goals": [{"id": "g1", "statement": g}]}})) {
            Ok(v) => { for s in v["suggestions"].as_array().unwrap() { eprintln!("{} | closes {} | {} | {}", s["step"], s["closes_goal"], s["script"], s["rationale"]); } eprintln!("{} {}", v["explanation"]["text"], v["refuted_goals"]); }
            Err(f) => eprintln!("{}", f.body(None)),
        }
        match ask(json!({"type": "REQUEST_PROOF_COMPLETION", "proof_sketch": {"goal": g}})) {
            Ok(v) => eprintln!("complete {}", serde_json::to_string(&v).unwrap().chars().take(1500).collect::<String>()),
            Err(f) => eprintln!("{}", f.body(None)),
        }
    }
}
