//! What was found before: recalled after a restart, for other names and for special cases, and never believed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_cache::{Cache, Key};
use bfv_driver::Desk;
use bfv_format::Stored;
use bfv_service::memory::Memory;
use bfv_service::pool::STACK;
use bfv_service::solve::Limits;
use bfv_service::tasks;
use bfv_service::wire::Request;
use common::{Server, suggestion, verification};
use minicbor::{Decoder, Encoder};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
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
    tasks::answer(desk, tasks::Around { memory, hands: None }, &request, "test", &limits, &mut |_| {})
        .unwrap()
        .value()
        .unwrap()
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

/// An entry with other parts, as the cache would have written it.
fn forged(bytes: &[u8], names: Option<&[&str]>, script: Option<(&str, &str)>, change: impl Fn(&mut Stored)) -> Vec<u8> {
    let mut d = Decoder::new(bytes);
    assert_eq!(d.array().unwrap(), Some(4));
    let own: Vec<&str> = (0..d.array().unwrap().unwrap()).map(|_| d.str().unwrap()).collect();
    let steps: Vec<&str> = (0..d.array().unwrap().unwrap()).map(|_| d.str().unwrap()).collect();
    let (vector, certificate) = (d.bytes().unwrap(), d.bytes().unwrap());
    let mut stored = bfv_format::read(certificate).unwrap();
    change(&mut stored);
    let mut e = Encoder::new(Vec::new());
    let names = names.unwrap_or(&own);
    let steps = script.map_or(steps, |(step, script)| vec![step, script]);
    for all in [names, &steps] {
        if std::ptr::eq(all, names) {
            e.array(4).unwrap();
        }
        e.array(all.len() as u64).unwrap();
        for text in all {
            e.str(text).unwrap();
        }
    }
    e.bytes(vector).unwrap().bytes(&bfv_format::write(&stored)).unwrap();
    e.into_writer()
}

/// Names, scripts, statements, verdicts and finders in an entry are replaced, under the key of the goal and with a right checksum.
#[test]
fn an_entry_whose_parts_are_replaced_says_nothing_wrong() {
    let work = || {
        let mut desk = Desk::open(bfv_engines::FOR_GOALS, &Request::usual_imports()).unwrap();
        let goals = [("a + b = b + a", true), ("a + b = a", false)];
        let question = |goal: &str| about(goal, &[("a", "Nat"), ("b", "Nat")]);
        let cache = Cache::open(&file("whole.cache"), 1 << 20).unwrap().0;
        let memory = Memory::over(cache).unwrap();
        answer(&mut desk, &memory, &question(goals[0].0));
        memory.flush().unwrap();
        drop(memory);
        let (cache, _) = Cache::open(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("whole.cache"), 1 << 20).unwrap();
        let mut whole = None;
        cache.each(|key, bytes| whole = Some((*key, bytes.to_vec()))).unwrap();
        let (own, bytes) = whole.unwrap();
        let closed = |goal: &str| key(&mut Desk::open(bfv_engines::ENGINES, &Request::usual_imports()).unwrap(), goal);
        let keys = [own, closed("forall (a b : Nat), a + b = a")];
        let scripts = [
            ("refl", "refl"),
            ("arith", "arith"),
            ("exact goal", "exact goal"),
            ("intro n", "intro n; refl"),
            ("refl } claim other : 0 = 1 by { refl", "refl } claim other : 0 = 1 by { refl"),
            (
                "refl",
                "refl\n}\n@[bundle real, reference \"none\"]\naxiom cheat : 0 = 1\nclaim last : 0 = 1 by { exact cheat",
            ),
            ("", ""),
            ("/-", "/- "),
            ("\u{1b}[31m", "\u{0}"),
        ];
        let long = "x".repeat(100_000);
        let names: [&[&str]; 5] = [&["b", "a"], &["refl", "arith"], &["a"], &["", "("], &[&long, "b"]];
        let mut entries: Vec<Vec<u8>> = scripts.iter().map(|s| forged(&bytes, None, Some(*s), |_| {})).collect();
        entries.extend(names.iter().map(|n| forged(&bytes, Some(n), None, |_| {})));
        entries.push(forged(&bytes, None, Some((&long, &long)), |_| {}));
        let refuted = |s: &mut Stored| s.verdict = bfv_format::Outcome::Refuted;
        entries.push(forged(&bytes, None, None, refuted));
        entries.push(forged(&bytes, None, Some(("", "")), |s| s.evidence = s.statement.clone()));
        let renamed = |s: &mut Stored| {
            s.engine = "the kernel itself \u{1b}[31m".to_owned();
            s.witness = vec![("a".to_owned(), "7".to_owned())];
        };
        entries.push(forged(&bytes, None, Some(("", "")), renamed));
        entries.push(forged(&bytes, None, Some(("", "")), |s| s.engine = "the kernel itself".to_owned()));
        let mut finders = 0;
        for (n, (goal, truth)) in goals.iter().enumerate() {
            for entry in &entries {
                let cache = Cache::in_memory(1 << 20).unwrap();
                cache.put(&keys[n], entry).unwrap();
                let memory = Memory::over(cache).unwrap();
                let said = answer(&mut desk, &memory, &question(goal));
                let valid = said["suggestions"].as_array().unwrap().iter().any(|s| s["valid"] == true);
                let proved = valid || said["proved_goals"] != json!([]);
                assert_eq!((proved, said["refuted_goals"] == json!([])), (*truth, *truth), "{said}");
                let context = question(goal)["proof_state"]["goals"][0].clone();
                let point =
                    answer(&mut desk, &memory, &json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": context }));
                assert_eq!(point["verdict"], if *truth { "proved" } else { "refuted" }, "{point}");
                for text in [said.to_string(), point.to_string()] {
                    assert!(!text.contains("the kernel itself") && !text.contains("u001b"), "{text}");
                }
                finders += usize::from(point["formal_verification"]["found_by"] == "cache");
            }
        }
        assert!(finders >= 1, "the entry with a wrong finder was recalled");
    };
    std::thread::Builder::new().stack_size(STACK).spawn(work).unwrap().join().unwrap();
}

/// Goals of which none is a case of another one.
fn numbered(n: u32) -> Value {
    suggestion(&format!("forall (a : Nat), a + {n} = {n} + a"))
}

/// So many entries may be lost: those after the last flush.
const FLUSHED: u32 = 16;

/// The service is killed while it finds and keeps. What was flushed is there when it starts again with the same file, and nothing is wrong.
#[test]
fn a_kill_in_the_middle_of_writes_loses_nothing_that_was_flushed() {
    let path = file("killed.cache");
    let flags = ["--cache", path.to_str().unwrap()];
    let (mut next, mut kept) = (0, Vec::new());
    for round in 0..6_u32 {
        let server = Server::start(&flags);
        for n in &kept {
            let known = server.ask(&numbered(*n));
            assert_eq!(known["recalled"], 1, "round {round}, {n} of {kept:?}: {known}");
            let best = &known["suggestions"][0];
            assert_eq!((&best["valid"], &best["formal_verification"]["status"]), (&json!(true), &json!("proved")));
        }
        let first = next;
        let address = server.address.clone();
        let progress = Arc::new(AtomicU32::new(first));
        let told = Arc::clone(&progress);
        let work = std::thread::spawn(move || {
            let client = bfv_client::Client::new(&format!("http://{address}"), None);
            let mut n = first;
            // Until the service is gone.
            loop {
                let statement = format!("forall (a : Nat), a + {n} = {n} + a");
                let Ok(found) = client.suggest(&bfv_client::State::of(bfv_client::Goal::new("g", &statement))) else {
                    return n;
                };
                assert!(found.best("g").is_some_and(|s| s.valid), "{statement}: {found:?}");
                n += 1;
                told.store(n, Ordering::Relaxed);
            }
        });
        // Somewhere between two flushes, each time elsewhere.
        common::until("enough is found", || progress.load(Ordering::Relaxed) >= first + FLUSHED + 3 * round);
        server.kill();
        next = work.join().unwrap();
        // What was answered is kept, and every so many are on the disk before the last of them is answered.
        kept.extend(first..first + (next - first) / FLUSHED * FLUSHED);
        // What was being asked about is unknown.
        next += 1;
    }
    assert!(kept.len() >= 96, "{} entries were flushed", kept.len());
    let server = Server::start(&flags);
    for n in &kept {
        assert_eq!(server.ask(&numbered(*n))["recalled"], 1, "{n}");
    }
    let wrong = server.ask(&suggestion("forall (a : Nat), a + 1 = 2 + a"));
    assert!(wrong["refuted_goals"] != json!([]) && wrong["recalled"] == 0, "{wrong}");
}
