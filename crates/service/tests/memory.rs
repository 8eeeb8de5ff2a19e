//! What was found before: recalled after a restart, for other names and for special cases, and never believed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_cache::{Cache, Key};
use bfv_driver::Desk;
use bfv_service::memory::Memory;
use bfv_service::pool::STACK;
use bfv_service::solve::Limits;
use bfv_service::tasks;
use bfv_service::wire::Request;
use common::{Server, suggestion, verification};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A path at which nothing is.
fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for old in [path.clone(), path.with_extension("damaged")] {
        if old.exists() {
            std::fs::remove_file(old).unwrap();
        }
    }
    path
}

/// A question about a goal with variables.
fn about(statement: &str, variables: &[(&str, &str)]) -> Value {
    let context: Vec<Value> = variables.iter().map(|(n, ty)| json!({ "var": n, "type": ty })).collect();
    let goal = json!({ "id": "g", "statement": statement, "context": context });
    json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": { "goals": [goal] } })
}

const SUM: &str = "forall (a b : Nat), a + b = b + a";

#[test]
fn what_was_found_is_recalled_after_a_restart() {
    let path = file("restart.cache");
    let flags = ["--cache", path.to_str().unwrap()];
    let server = Server::start(&flags);
    let goals = [SUM, "forall (A B : U 0), Sum A B -> Sum B A", "forall (n : Nat), n * 2 = n"];
    let first: Vec<Value> = goals.iter().map(|g| server.ask(&suggestion(g))).collect();
    assert!(first.iter().all(|a| a["recalled"] == 0), "{first:?}");
    server.terminate();
    assert!(server.wait().0.success());
    let server = Server::start(&flags);
    for (goal, before) in goals.iter().zip(&first) {
        let again = server.ask(&suggestion(goal));
        // A refutation is found again: its point has the names of this question.
        let known = u32::from(before["refuted_goals"][0].is_null());
        assert_eq!(again["recalled"], known, "{again}");
        assert_eq!(again["refuted_goals"], before["refuted_goals"]);
        if let Some(best) = again["suggestions"].get(0) {
            assert_eq!(best["valid"], true, "{again}");
            let checked = server.ask(&verification(goal, "script", &[best["script"].as_str().unwrap()]));
            assert_eq!(checked["valid"], true, "{checked}");
        }
        // The other questions about the goal know it, too.
        let point = server.ask(&json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": goal }));
        assert_eq!(point["verdict"], if before["refuted_goals"][0].is_null() { "proved" } else { "refuted" });
    }
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("bfv_recalled_total{found=\"exact\"} 4"), "{metrics}");
}

#[test]
fn other_names_more_hypotheses_and_special_cases_are_recalled() {
    let server = Server::start(&[]);
    let nat = |names: &[&'static str]| names.iter().map(|n| (*n, "Nat")).collect::<Vec<_>>();
    let known = server.ask(&about("a + b = b + a", &nat(&["a", "b"])));
    assert_eq!(known["recalled"], 0);
    let mut given = nat(&["u", "v"]);
    given.push(("h", "u < v"));
    for (what, question) in [
        ("other names", about("x + y = y + x", &nat(&["x", "y"]))),
        // A name that the script uses for something else, or that another variable had.
        ("exchanged names", about("b + a = a + b", &nat(&["b", "a"]))),
        ("a variable more", about("u + v = v + u", &nat(&["u", "w", "v"]))),
        ("a hypothesis more", about("u + v = v + u", &given)),
        ("a special case", about("(u * v) + 3 = 3 + (u * v)", &nat(&["u", "v"]))),
    ] {
        let found = server.ask(&question);
        assert_eq!(found["recalled"], 1, "{what}: {found}");
        let best = found["suggestions"].get(0).unwrap_or(&found["proved_goals"][0]);
        assert!(best["valid"] == true || best["proved"]["status"] == "proved", "{what}: {found}");
        if best["valid"] == true {
            let goal = &question["proof_state"]["goals"][0];
            let step = json!({ "tactic": "script", "arguments": [best["script"]] });
            let ask = json!({ "type": "REQUEST_PROOF_VERIFICATION", "current_state": { "goals": [goal] }, "proof_step": step });
            assert_eq!(server.ask(&ask)["valid"], true, "{what}: {found}");
        }
    }
    // What looks alike and is false is not recalled.
    let other = server.ask(&about("a * b = b + a", &nat(&["a", "b"])));
    assert_eq!((&other["recalled"], &other["proved_goals"]), (&json!(0), &json!([])), "{other}");
    assert!(other["suggestions"].as_array().unwrap().iter().all(|s| s["valid"] == false), "{other}");
}

/// What a thread of the service would answer.
fn answer(desk: &mut Desk, memory: &Memory, question: &Value) -> Value {
    let request = Request::read(question.to_string().as_bytes(), None).unwrap_or_else(|e| panic!("{:?}", e.0));
    let limits = Limits { deadline: Instant::now() + Duration::from_secs(60), cancelled: Default::default() };
    tasks::answer(desk, tasks::Around { memory, hands: None }, &request, "test", &limits, &mut |_| {}).unwrap()
}

/// The key of a goal without context.
fn key(desk: &mut Desk, goal: &str) -> Key {
    let typed = if goal.contains("U 0") { "@[type] " } else { "" };
    let statement = desk.statement("goal", &format!("{typed}claim goal :\n{goal}\n"), 10_000).unwrap();
    let general = desk.hash(&bfv_encode::canonical(&statement)).unwrap();
    let own = desk.hash(&statement).unwrap();
    [general.0, own.0].concat().try_into().unwrap()
}

/// Every entry is put under the key of every other one, and each is changed byte by byte, with a right checksum each time. Whatever is
/// answered, what is called valid has evidence that the kernel accepts for this very goal.
#[test]
fn a_poisoned_cache_makes_nothing_valid() {
    let work = || {
        let mut desk = Desk::open(bfv_engines::ENGINES, &Request::usual_imports()).unwrap();
        let truths = [SUM, "forall (n : Nat), n + 0 = n", "forall (A B : U 0), Sum A B -> Sum B A"];
        let lies = ["forall (n : Nat), n + 1 = n", "forall (a b : Nat), a - b = b - a"];
        let goals: Vec<&str> = truths.iter().chain(&lies).copied().collect();
        let mut entries: Vec<(Key, Vec<u8>)> = Vec::new();
        for goal in &goals {
            let path = file("one.cache");
            let (cache, _) = Cache::open(&path, 1 << 20).unwrap();
            let memory = Memory::over(cache).unwrap();
            answer(&mut desk, &memory, &suggestion(goal));
            memory.flush().unwrap();
            drop(memory);
            let (cache, _) = Cache::open(&path, 1 << 20).unwrap();
            cache.each(|key, bytes| entries.push((*key, bytes.to_vec()))).unwrap();
        }
        assert_eq!(entries.len(), truths.len(), "each proof is kept, and no refutation");
        let keys: Vec<Key> = goals.iter().map(|g| key(&mut desk, g)).collect();
        assert!(entries.iter().all(|(k, _)| keys.contains(k)));
        let mut recalled = 0;
        let mut check = |desk: &mut Desk, n: usize, bytes: &[u8]| {
            let cache = Cache::in_memory(1 << 20).unwrap();
            cache.put(&keys[n], bytes).unwrap();
            let memory = Memory::over(cache).unwrap();
            let said = answer(desk, &memory, &suggestion(goals[n]));
            recalled += said["recalled"].as_u64().unwrap();
            let lie = n >= truths.len();
            assert!(said["refuted_goals"].as_array().unwrap().is_empty() || lie, "{said}");
            assert!(said["proved_goals"].as_array().unwrap().is_empty() || !lie, "{said}");
            for s in said["suggestions"].as_array().unwrap().iter().filter(|s| s["valid"] == true) {
                assert!(!lie, "{said}");
                assert_eq!(s["formal_verification"]["status"], "proved");
                if s["script_replayed"] != false {
                    let again =
                        answer(desk, &memory, &verification(goals[n], "script", &[s["script"].as_str().unwrap()]));
                    assert_eq!(again["valid"], true, "{said}");
                }
            }
        };
        for n in 0..goals.len() {
            for (_, bytes) in &entries {
                check(&mut desk, n, bytes);
            }
            let own = entries.get(n).unwrap_or(&entries[0]).1.clone();
            for at in (0..own.len()).step_by(1 + own.len() / 60) {
                let mut changed = own.clone();
                changed[at] = changed[at].wrapping_add(1);
                check(&mut desk, n, &changed);
            }
            check(&mut desk, n, &own[..own.len() / 2]);
            check(&mut desk, n, b"");
        }
        assert!(recalled >= 3, "the whole entries at least are recalled, {recalled}");
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

/// The service is killed while it finds and keeps. Afterwards it starts with the same file and answers right.
#[test]
fn a_kill_in_the_middle_of_writes_loses_nothing_but_time() {
    let path = file("killed.cache");
    let flags = ["--cache", path.to_str().unwrap()];
    for round in 0..3 {
        let server = Server::start(&flags);
        for n in 0..40 {
            let found = server.ask(&suggestion(&format!("forall (a : Nat), a + {} = {} + a", n, n)));
            assert!(found["suggestions"].as_array().unwrap().iter().any(|s| s["valid"] == true), "{round}: {found}");
        }
        server.kill();
    }
    let server = Server::start(&flags);
    let known = server.ask(&suggestion("forall (a : Nat), a + 1 = 1 + a"));
    assert_eq!(known["recalled"], 1, "{known}");
}
