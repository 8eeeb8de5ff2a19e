//! The service as its clients see it: the real program over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod common;

use common::{SLOW, Server, read, suggestion, until, verification};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const PUBLISHED: &str = "forall (n : Nat), n + 0 = n";

#[test]
fn the_published_example_is_suggested_verified_and_completed() {
    let server = Server::start(&[]);
    let found = server.ask(&suggestion(PUBLISHED));
    assert_eq!(found["type"], "PROOF_SUGGESTIONS");
    let all = found["suggestions"].as_array().unwrap();
    let induction = all.iter().find(|s| s["tactic"] == "induction").expect("an induction is suggested");
    assert_eq!((&induction["arguments"], &induction["macro"]), (&json!(["n"]), &json!(true)));
    assert!(all.iter().zip(1..).all(|(s, n)| s["rank"] == json!(n)), "{found}");
    for s in all.iter().filter(|s| s["valid"] == true) {
        // What is said to end the goal does so when the client sends it back.
        let checked = server.ask(&verification(PUBLISHED, "script", &[s["script"].as_str().unwrap()]));
        assert_eq!((&checked["valid"], &checked["formal_verification"]["type_checked"]), (&json!(true), &json!(true)));
        let hash = &checked["formal_verification"]["sctt_certificate"];
        assert_eq!(*hash, s["formal_verification"]["sctt_certificate"], "{checked}");
        let bytes = unhex(checked["formal_verification"]["certificate_bytes"].as_str().unwrap());
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash.as_str().unwrap());
    }
    assert!(all.iter().filter(|s| s["valid"] == true).count() >= 2, "{found}");
    let step = server.ask(&verification(PUBLISHED, "induction", &["n"]));
    assert_eq!((&step["valid"], &step["step_accepted"]), (&json!(false), &json!(true)));
    assert_eq!(step["status"], "step accepted, goals left");
    assert_eq!(step["resulting_goals"].as_array().unwrap().len(), 2, "{step}");
    let sketch = json!({
        "type": "REQUEST_PROOF_COMPLETION", "request_id": "sketch-1",
        "proof_sketch": { "goal": PUBLISHED, "strategy": "induction", "steps": [
            { "step": 1, "tactic": "induction", "arguments": ["n"], "status": "complete" },
            { "step": 2, "tactic": "refl", "status": "complete" },
            { "step": 3, "status": "missing" } ] },
        "max_steps": 10, "timeout_ms": 5000,
    });
    let whole = server.ask(&sketch);
    assert_eq!((&whole["type"], &whole["request_id"]), (&json!("COMPLETED_PROOF"), &json!("sketch-1")));
    assert_eq!(whole["proof"]["formal_verification"]["status"], "proved", "{whole}");
    assert_eq!(whole["proof"]["steps"].as_array().unwrap().len(), 3, "{whole}");
    let again = server.ask(&verification(PUBLISHED, "script", &[whole["proof"]["script"].as_str().unwrap()]));
    assert_eq!(again["valid"], true, "{again}");
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn goals_may_be_types_and_what_logic_alone_does_not_give_has_a_model() {
    let server = Server::start(&[]);
    let ask = |theorem: &str| server.ask(&json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": theorem }));
    // Peirce's law is no theorem without excluded middle, and it is not false.
    let peirce = ask("forall (A B : U 0), ((A -> B) -> A) -> A");
    assert_eq!((&peirce["found"], &peirce["verdict"]), (&json!(false), &json!("unknown")), "{peirce}");
    let worlds = peirce["countermodel"]["worlds"].as_array().unwrap();
    assert_eq!(
        *worlds,
        vec![json!({ "world": 1, "holds": [], "above": [2] }), json!({ "world": 2, "holds": ["A"], "above": [] }),]
    );
    let sentence = peirce["countermodel"]["spoken"].as_str().unwrap();
    assert!(
        sentence.contains("In world 2 this holds: A.") && sentence.ends_with("A model refutes nothing."),
        "{sentence}"
    );
    // What is false is refuted, and has no model beside that.
    let every = ask("forall (A : U 0), A");
    assert!(every["verdict"] != "proved" && every["found"] == (every["verdict"] == "refuted"), "{every}");
    // What follows is proved, and the script says so again.
    for theorem in ["forall (A B : U 0), Sum A B -> Sum B A", "forall (A : U 0) (x y : A), x = y -> y = x"] {
        let sketch = json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": theorem } });
        let whole = server.ask(&sketch);
        let script = whole["proof"]["script"].as_str().unwrap_or_else(|| panic!("{whole}"));
        let again = server.ask(&verification(theorem, "script", &[script]));
        assert_eq!(again["valid"], true, "{again}");
    }
}

#[test]
fn the_theorem_about_groups_is_found() {
    let server = Server::start(&[]);
    let laws = "(assoc : forall (x y z : G), mul (mul x y) z = mul x (mul y z)) (unit : forall (x : G), mul one x = x) (inverse : forall (x : G), mul (inv x) x = one)";
    let goal = format!(
        "forall (G : U 0) (mul : G -> G -> G) (one : G) (inv : G -> G) {laws} (a b : G), inv (mul a b) = mul (inv b) (inv a)"
    );
    let mut asked = suggestion(&goal);
    asked["timeout_ms"] = json!(30_000);
    let found = server.ask(&asked);
    let best = &found["suggestions"][0];
    assert_eq!(best["valid"], true, "{found}");
    assert_eq!(server.ask(&verification(&goal, "script", &[best["script"].as_str().unwrap()]))["valid"], true);
    let sketch = json!({ "goal": { "id": "g", "statement": goal } });
    let said = server.ask(&json!({ "type": "REQUEST_PROOF_COMPLETION", "timeout_ms": 30_000, "proof_sketch": sketch }));
    assert_eq!(said["proof"]["formal_verification"]["status"], "proved", "{said}");
}

#[test]
fn a_universe_is_no_proposition_that_fails() {
    let server = Server::start(&["--workers", "1"]);
    let mut asked = suggestion("U 0");
    asked["declarations"] = json!("theorem pick : U 0 := Nat");
    let said = server.ask(&asked);
    assert_eq!(said["countermodels"], json!([]), "{said}");
    // A goal of nothing but variables has a model, and nothing else is tried.
    let mut asked = suggestion("(p -> q) -> (q -> p)");
    asked["proof_state"]["goals"][0]["context"] = json!([{ "var": "p", "type": "U 0" }, { "var": "q", "type": "U 0" }]);
    let said = server.ask(&asked);
    assert_eq!((&said["suggestions"], said["countermodels"].as_array().unwrap().len()), (&json!([]), 1), "{said}");
}

#[test]
fn the_ill_typed_example_gets_an_error_with_its_place() {
    let server = Server::start(&[]);
    let variable = |name| json!({ "var": name, "type": "Group" });
    let goal = json!({ "id": "g", "statement": "(a * b)^-1 = b^-1 * a^-1", "context": [variable("a"), variable("b")] });
    let answer = server.post("/v1/suggest", &json!({ "proof_state": { "goals": [goal] } }));
    let said = answer.json();
    assert_eq!((answer.status, &said["code"], &said["exit_code"]), (422, &json!("E0201"), &json!(3)));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(
        said["where"]
            .as_str()
            .unwrap()
            .contains("in proof_state, goals, entry 1, context, entry 1, type; there line 1, column 1")
    );
    assert!(said["what"].as_str().unwrap().contains("Group") && !said["mend"].as_str().unwrap().is_empty());
    let state = json!({ "goals": [{ "statement": "n + 0 = true", "context": [{ "var": "n", "type": "Nat" }] }] });
    let said = server.post("/v1/suggest", &json!({ "proof_state": state })).json();
    assert!(said["where"].as_str().unwrap().contains("entry 1, statement; there line 1, column "), "{said}");
}

/// Statements that are false, and some that are true and that no search here proves. Nothing may call them valid.
const NOT_PROVED: [&str; 10] = [
    "forall (n : Nat), n + 1 = n",
    "forall (a b : Nat), a - b + b = a",
    "forall (a b : Real), a * b <= a + b",
    "exists (n : Nat), n + 1 = 0",
    "forall (x : Real), 0 < x * x",
    "0 = 1",
    "forall (a b c : Real), a * (b + c) = a * b + c",
    "forall (n : Nat), n * n = n + n",
    "forall (a b c : Nat), 0 < a -> 0 < b -> a * a * a + b * b * b != c * c * c",
    SLOW,
];

/// Steps of a client that wants to be told that it is right.
const BOLD: [(&str, &[&str]); 14] = [
    ("refl", &[]),
    ("assumption", &[]),
    ("arith", &[]),
    ("auto", &[]),
    ("intro", &["x"]),
    ("exact", &["?hole"]),
    ("exact", &["_"]),
    ("script", &["{ }"]),
    ("script", &["intro x; { refl } } claim other : 0 = 0 by { refl"]),
    ("script", &["refl\n}\nclaim goal2 (n : Nat) : n = n by { refl"]),
    ("script", &["have h : 0 = 1 by { }; exact h"]),
    (
        "script",
        &["refl }\n@[bundle real, reference \"none\"] axiom cheat : 0 = 1\nclaim last : 0 = 1 by { exact cheat"],
    ),
    ("exact", &["goal"]),
    ("exact", &["request.goal"]),
];

#[test]
fn nothing_that_is_not_proved_is_called_valid() {
    let server = Server::start(&[]);
    let mut counterexamples = 0;
    for statement in NOT_PROVED {
        let mut message = suggestion(statement);
        message["timeout_ms"] = json!(400);
        let found = server.ask(&message);
        for s in found["suggestions"].as_array().unwrap() {
            assert_eq!((&s["valid"], &s["formal_verification"]), (&json!(false), &Value::Null), "{statement}: {s}");
        }
        assert_eq!(found["proved_goals"], json!([]), "{statement}");
        for (tactic, arguments) in BOLD {
            let mut message = verification(statement, tactic, arguments);
            message["timeout_ms"] = json!(300);
            let answer = server.post("/v1/message", &message);
            let said = answer.json();
            assert!(matches!(answer.status, 200 | 422), "{statement}, {tactic} {arguments:?}: {said}");
            assert_ne!(said["valid"], json!(true), "{statement}, {tactic} {arguments:?}: {said}");
        }
        let completed =
            json!({ "type": "REQUEST_PROOF_COMPLETION", "proof_sketch": { "goal": statement }, "timeout_ms": 400 });
        assert_eq!(server.ask(&completed)["proof"], Value::Null, "{statement}");
        let asked = json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": statement, "timeout_ms": 3000 });
        let said = server.ask(&asked);
        assert_ne!(said["verdict"], "proved", "{statement}");
        counterexamples += usize::from(said["found"] == true);
        assert_eq!(
            said["found"] == true,
            said["counterexample"]["formal_verification"]["status"] == "refuted",
            "{said}"
        );
    }
    assert!(counterexamples >= 7, "{counterexamples}");
    // What is proved has no counterexample.
    let said = server.ask(&json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": PUBLISHED }));
    assert_eq!((&said["found"], &said["verdict"]), (&json!(false), &json!("proved")));
    let wrong = server.ask(&verification("forall (n : Nat), n + 1 = n", "refl", &[]));
    assert_eq!(wrong["counterexample"]["witness"][0]["var"], "n", "{wrong}");
}

/// Texts that would end the place where they stand.
#[test]
fn no_text_reaches_beyond_its_place() {
    let server = Server::start(&[]);
    let hostile = [
        "0 = 0) (h : 0 = 1",
        "0 = 0 by { refl }",
        "0 = 0\nclaim other : 0 = 1",
        "0 = 0 /- ",
        "Nat) (x : Empty",
        "",
        "0 = 0 refuted at",
    ];
    for text in hostile {
        for goal in
            [json!({ "statement": text }), json!({ "statement": "0 = 0", "context": [{ "var": "n", "type": text }] })]
        {
            let answer = server.post("/v1/suggest", &json!({ "proof_state": { "goals": [goal] } }));
            assert_eq!(answer.status, 422, "{text}: {}", answer.body);
            assert!(
                answer.json()["where"].as_str().unwrap().contains("proof_state, goals, entry 1"),
                "{}",
                answer.body
            );
        }
    }
}

#[test]
fn what_is_no_message_is_refused_with_its_reason() {
    let server = Server::start(&["--body", "4096"]);
    let json_head = "Content-Type: application/json";
    let long = vec![b' '; 5000];
    let deep = "[".repeat(1000);
    let bodies: [(&[u8], u16, &str); 13] = [
        (b"", 400, "usage"),
        (b"{", 400, "usage"),
        (b"\xff\xfe", 400, "usage"),
        (b"[]", 400, "usage"),
        (b"{\"type\":\"REQUEST_PROOF_SUGGESTION\",\"type\":\"REQUEST_COUNTEREXAMPLE\"}", 400, "usage"),
        (b"{\"proof_state\":{}}", 400, "usage"),
        (b"{\"type\":\"REQUEST_EVERYTHING\"}", 400, "usage"),
        (b"{\"type\":\"REQUEST_PROOF_SUGGESTION\"}", 400, "usage"),
        (b"{\"type\":\"REQUEST_PROOF_SUGGESTION\",\"proof_state\":{\"goals\":[]}}", 400, "usage"),
        (b"{\"type\":\"REQUEST_PROOF_SUGGESTION\",\"proof_state\":{\"goals\":[{\"statement\":7}]}}", 400, "usage"),
        (b"{\"type\":\"REQUEST_COUNTEREXAMPLE\",\"theorem\":\"0 = 0\",\"imports\":[\"std.none\"]}", 422, "usage"),
        (deep.as_bytes(), 400, "usage"),
        (&long, 413, "too-long"),
    ];
    for (body, status, code) in bodies {
        let answer = server.send("POST", "/v1/message", &[json_head], body);
        let said = answer.json();
        assert_eq!((answer.status, &said["code"]), (status, &json!(code)), "{}", String::from_utf8_lossy(body));
        for part in ["what", "mend"] {
            assert!(said[part].as_str().unwrap().ends_with('.'), "{said}");
        }
        assert_eq!(said["status"], json!(status));
    }
    let steps = [("fly", vec![]), ("exact", vec![]), ("refl", vec!["x"]), ("script", vec![])];
    for (tactic, arguments) in steps {
        let answer = server.post("/v1/verify", &verification(PUBLISHED, tactic, &arguments));
        assert_eq!(answer.status, 422, "{tactic}: {}", answer.body);
    }
    let other = server.post("/v1/verify", &suggestion(PUBLISHED));
    assert!(other.status == 400 && other.body.contains("another path"), "{}", other.body);
    assert_eq!(server.send("POST", "/v1/message", &[], b"{}").status, 415);
    assert_eq!(server.get("/v1/message").status, 405);
    assert_eq!(server.get("/nothing").status, 404);
    assert_eq!(server.send("DELETE", "/v1/requests/nobody", &[], b"").status, 404);
    let rebound = server.send("POST", "/v1/message", &[json_head, "Host: evil.example"], b"{}");
    assert_eq!(rebound.status, 403);
    let page = server.send("POST", "/v1/message", &[json_head, "Origin: https://evil.example"], b"{}");
    assert_eq!((page.status, &page.json()["code"]), (403, &json!("origin")));
    assert_eq!(server.ask(&suggestion(PUBLISHED))["suggestions"][0]["valid"], true, "it still answers");
}

#[test]
fn a_token_is_asked_for_and_a_client_has_a_budget() {
    let file = std::env::temp_dir().join(format!("bfv-token-{}", std::process::id()));
    std::fs::write(&file, "0123456789abcdef-secret\n").unwrap();
    let server = Server::start(&["--token-file", file.to_str().unwrap(), "--rate", "1", "--burst", "3"]);
    std::fs::remove_file(&file).unwrap();
    let body = suggestion(PUBLISHED).to_string();
    let send = |token: &str| {
        let token = format!("Authorization: Bearer {token}");
        server.send("POST", "/v1/message", &["Content-Type: application/json", &token], body.as_bytes())
    };
    assert_eq!(server.post("/v1/message", &suggestion(PUBLISHED)).status, 401);
    assert_eq!(send("0123456789abcdef-secreT").status, 401);
    let statuses: Vec<u16> = (0..5).map(|_| send("0123456789abcdef-secret").status).collect();
    assert!(statuses.starts_with(&[200, 200, 200]) && statuses.contains(&429), "{statuses:?}");
    let refused = send("0123456789abcdef-secret");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    let open =
        std::process::Command::new(env!("CARGO_BIN_EXE_bfv-serve")).args(["--address", "0.0.0.0"]).output().unwrap();
    assert_eq!(open.status.code(), Some(2));
    assert!(String::from_utf8(open.stderr).unwrap().contains("--token-file"));
}

#[test]
fn events_come_one_by_one_and_end_with_the_answer() {
    let server = Server::start(&[]);
    let heads = ["Content-Type: application/json", "Accept: text/event-stream"];
    let answer = server.send("POST", "/v1/suggest", &heads, suggestion(PUBLISHED).to_string().as_bytes());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    let names: Vec<&str> = answer.body.lines().filter_map(|l| l.strip_prefix("event: ")).collect();
    assert!(names.len() >= 3 && names.ends_with(&["answer"]), "{names:?}");
    assert!(names[..names.len() - 1].iter().all(|n| *n == "suggestion"), "{names:?}");
    let last = answer.body.lines().filter_map(|l| l.strip_prefix("data: ")).next_back().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["suggestions"].as_array().unwrap().len(), names.len() - 1);
    let wrong = server.send("POST", "/v1/suggest", &heads, suggestion("n = n").to_string().as_bytes());
    assert!(wrong.body.starts_with("event: problem\n"), "{}", wrong.body);
}

fn slow(id: &str, ms: u32) -> Value {
    json!({ "type": "REQUEST_PROOF_COMPLETION", "request_id": id, "proof_sketch": { "goal": SLOW }, "timeout_ms": ms })
}

#[test]
fn a_request_is_cancelled_by_its_id_and_by_disconnecting() {
    let server = Server::start(&["--workers", "1"]);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| server.post("/v1/message", &slow("slow-1", 50_000)));
        until("it runs", || server.counter("bfv_running") == 1);
        let twice = server.post("/v1/message", &slow("slow-1", 1000));
        assert_eq!(twice.status, 409, "{}", twice.body);
        let start = Instant::now();
        assert_eq!(server.send("DELETE", "/v1/requests/slow-1", &[], b"").status, 204);
        let answer = asked.join().unwrap();
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("cancelled")));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    });
    let start = Instant::now();
    until("its thread is free", || server.counter("bfv_running") == 0);
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    let before = server.counter("bfv_cancelled_total");
    let mut stream = server.connect();
    let body = slow("slow-2", 50_000).to_string();
    stream
        .write_all(&server.written("POST", "/v1/message", &["Content-Type: application/json"], body.as_bytes()))
        .unwrap();
    until("it runs", || server.counter("bfv_running") == 1);
    drop(stream);
    until("it is cancelled", || server.counter("bfv_cancelled_total") > before);
    until("its thread is free", || server.counter("bfv_running") == 0);
    assert_eq!(server.ask(&suggestion(PUBLISHED))["suggestions"][0]["valid"], true);
}

#[test]
fn the_time_of_a_request_is_kept() {
    let server = Server::start(&[]);
    for ms in [50, 300] {
        let start = Instant::now();
        let said = server.ask(&slow("timed", ms));
        assert_eq!(said["proof"], Value::Null);
        assert!(start.elapsed() < Duration::from_millis(u64::from(ms) + 1500), "{:?}", start.elapsed());
    }
}

#[test]
fn clients_that_break_off_harm_nobody() {
    let server = Server::start(&[]);
    let body = suggestion(PUBLISHED).to_string();
    let whole = server.written("POST", "/v1/message", &["Content-Type: application/json"], body.as_bytes());
    for cut in [1, 10, whole.len() / 2, whole.len() - 1, whole.len()] {
        for _ in 0..5 {
            let mut stream = server.connect();
            stream.write_all(&whole[..cut]).unwrap();
        }
    }
    let mut stream = server.connect();
    stream.write_all(b"\x16\x03\x01 this is no HTTP\r\n\r\n").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(server.ask(&suggestion(PUBLISHED))["suggestions"][0]["valid"], true);
    until("nothing is left", || server.counter("bfv_running") == 0 && server.counter("bfv_waiting") == 0);
}

#[test]
fn two_hundred_clients_at_once_are_all_answered_right() {
    let server = Server::start(&[]);
    let goals = [
        (PUBLISHED, true),
        ("forall (n : Nat), n + 1 = n", false),
        ("forall (a b : Real), a * b = b * a", true),
        ("0 = 1", false),
    ];
    std::thread::scope(|scope| {
        for n in 0..200 {
            let (server, (goal, provable)) = (&server, goals[n % goals.len()]);
            scope.spawn(move || {
                let mut message = suggestion(goal);
                message["request_id"] = json!(format!("client-{n}"));
                let said = server.ask(&message);
                assert_eq!(said["request_id"], json!(format!("client-{n}")));
                let valid = said["suggestions"].as_array().unwrap().iter().any(|s| s["valid"] == true);
                assert_eq!(valid, provable, "{said}");
            });
        }
    });
    assert_eq!(server.counter("bfv_requests_total{kind=\"suggest\"}"), 200);
    assert_eq!(server.counter("bfv_answer_seconds_count"), 200);
}

#[test]
fn the_service_answers_what_it_accepted_before_it_ends() {
    let server = Server::start(&["--workers", "1"]);
    let body = |n: u32| slow(&format!("last-{n}"), 700).to_string();
    let mut streams: Vec<_> = (0..4)
        .map(|n| {
            let mut stream = server.connect();
            let text = server.written("POST", "/v1/message", &["Content-Type: application/json"], body(n).as_bytes());
            stream.write_all(&text).unwrap();
            stream
        })
        .collect();
    until("all are accepted", || server.counter("bfv_requests_total{kind=\"complete\"}") == 4);
    server.terminate();
    for (n, stream) in streams.iter_mut().enumerate() {
        let answer = read(stream);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.json()["request_id"], json!(format!("last-{n}")));
    }
    let (status, last) = server.wait();
    assert!(status.success());
    assert!(last.contains("bfv-serve has ended. It answered 4 requests."), "{last}");
}

/// A sitting: a statement is mended, a step is made and taken back, and goals beside each other are ended one after another.
#[test]
fn a_sitting_of_several_steps() {
    let server = Server::start(&[]);
    let wrong = server.ask(&suggestion("forall (a b : Nat), a + b = a"));
    assert_eq!(wrong["refuted_goals"][0]["goal"], "g", "{wrong}");
    let goal = "forall (a b : Nat), a <= b -> a <= b + 1 /\\ a + 0 = a";
    let first = server.ask(&suggestion(goal));
    assert_eq!(first["suggestions"][0]["valid"], true, "{first}");
    // The person takes a step of their own, takes it back, and takes another one.
    let bad = server.ask(&verification(goal, "refl", &[]));
    assert_eq!((&bad["step_accepted"], &bad["valid"]), (&json!(false), &json!(false)));
    let step = server.ask(&verification(goal, "script", &["intro a b h; split"]));
    let left = step["resulting_goals"].as_array().unwrap();
    assert_eq!(left.len(), 2, "{step}");
    // Both goals are sent as they came.
    let goals: Vec<Value> = left
        .iter()
        .zip(["left", "right"])
        .map(|(g, id)| json!({ "id": id, "statement": g["statement"], "context": g["context"] }))
        .collect();
    let both = server.ask(&json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": { "goals": goals } }));
    for id in ["left", "right"] {
        let best = both["suggestions"].as_array().unwrap().iter().find(|s| s["target"] == id && s["valid"] == true);
        let script = best.unwrap_or_else(|| panic!("{id}: {both}"))["script"].as_str().unwrap();
        let state = json!({ "goals": goals });
        let checked = server.ask(&json!({
            "type": "REQUEST_PROOF_VERIFICATION", "current_state": state,
            "proof_step": { "tactic": "script", "target": id, "arguments": [script] },
        }));
        assert_eq!(checked["valid"], true, "{checked}");
    }
    let hypotheses = json!([{ "id": "h", "statement": "a <= b" }]);
    let context = json!([{ "var": "a", "type": "Nat" }, { "var": "b", "type": "Nat" }]);
    let state =
        json!({ "goals": [{ "id": "g", "statement": "a <= b", "context": context }], "hypotheses": hypotheses });
    let said = server.ask(&json!({
        "type": "REQUEST_PROOF_VERIFICATION", "current_state": state,
        "proof_step": { "tactic": "assumption" },
    }));
    assert_eq!(said["valid"], true, "{said}");
}

#[test]
fn the_paths_of_the_description_are_there() {
    let server = Server::start(&[]);
    let described = server.get("/openapi.json").json();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let answer = server.send(
                &method.to_uppercase(),
                &path.replace("{id}", "none"),
                &["Content-Type: application/json"],
                b"",
            );
            let responses = described["paths"][path][method]["responses"].as_object().unwrap();
            assert!(responses.contains_key(&answer.status.to_string()), "{method} {path}: {}", answer.status);
            assert_ne!(answer.status, 405, "{method} {path}");
        }
    }
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn a_proof_is_explained_and_nothing_else_is() {
    let server = Server::start(&[]);
    let script = "intro n; induction n { zero => refl | suc m ih => refl }";
    let message = |script: &str, level: &str| {
        json!({
            "type": "REQUEST_PROOF_EXPLANATION", "theorem": PUBLISHED, "script": script,
            "user_preferences": { "explanation_level": level },
        })
    };
    let said = server.ask(&message(script, "full"));
    let told = &said["explanation"];
    assert_eq!(
        (&said["type"], &said["formal_verification"]["status"]),
        (&json!("PROOF_EXPLANATION"), &json!("proved"))
    );
    let text = told["text"].as_str().unwrap();
    assert!(text.starts_with("To prove: for all n of type Nat, n plus 0 equals n. "), "{text}");
    assert!(text.contains("The case suc m ih begins.") && text.ends_with("The kernel accepted this proof."), "{text}");
    assert_eq!(told["levels"]["full"], told["text"]);
    assert!(told["audio_description"].as_str().unwrap().starts_with("<speak "));
    assert_eq!(told["spatial_visualization"]["nodes"].as_array().unwrap().len(), 7, "{told}");
    assert_eq!(told["haptic_hints"]["events"].as_array().unwrap().last().unwrap()["pattern"], "proved");
    for (script, left) in [("intro n", 1), ("intro n; induction n { zero => | suc m ih => refl }", 1)] {
        let said = server.ask(&message(script, "brief"));
        assert_eq!(
            (&said["explanation"], said["resulting_goals"].as_array().unwrap().len()),
            (&Value::Null, left),
            "{said}"
        );
    }
    let wrong = server.post("/v1/explain", &message("intro n; exact n", "brief"));
    assert!(wrong.status == 422 && wrong.json()["where"].as_str().unwrap().ends_with(", in script"), "{}", wrong.body);
    assert_eq!(server.post("/v1/explain", &message(script, "loud")).status, 400);
}

const LISTS: &str = "data List : U 0\n| nil\n| cons (head : Nat) (tail : List)\n\ndef app (ys : List) : List -> List\n| nil => ys\n| cons x xs => cons x (app ys xs)\n";

#[test]
fn goals_may_speak_of_what_their_client_declares() {
    let server = Server::start(&["--workers", "1"]);
    let goal = "forall (xs : List), app nil xs = xs";
    let mut message = suggestion(goal);
    message["declarations"] = json!(LISTS);
    let found = server.ask(&message);
    let all = found["suggestions"].as_array().unwrap();
    let proof = all.iter().find(|s| s["valid"] == true).unwrap_or_else(|| panic!("{found}"));
    let mut checked = verification(goal, "script", &[proof["script"].as_str().unwrap()]);
    checked["declarations"] = json!(LISTS);
    assert_eq!(server.ask(&checked)["valid"], true);
    // Nothing of it stays behind.
    let other = server.post("/v1/message", &suggestion(goal));
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("E0201")), "{}", other.body);
    let mut wrong = suggestion("forall (xs : List), app nil xs = nil");
    wrong["declarations"] = json!(LISTS);
    assert!(server.ask(&wrong)["suggestions"].as_array().unwrap().iter().all(|s| s["valid"] == false));
    let hostile = [
        "@[bundle real, reference \"none\"]\naxiom cheat : 0 = 1",
        "axiom cheat : 0 = 1",
        "theorem cheat : 0 = 1 by refl",
        "theorem cheat : 0 = 1 := cheat",
        "def loop : Nat -> Empty\n| n => loop n",
        "data Bad : U 0\n| bad (f : Bad -> Empty)",
        "import std.logic\ndef x : Nat := 0",
        "claim other : 0 = 0",
        "data",
        "module std.nat\ndef x : Nat := 0",
    ];
    for text in hostile {
        let mut message = verification("0 = 1", "exact", &["cheat"]);
        message["declarations"] = json!(text);
        let answer = server.post("/v1/message", &message);
        assert_eq!(answer.status, 422, "{text}: {}", answer.body);
        assert!(answer.json()["where"].as_str().unwrap().contains("in declarations"), "{text}: {}", answer.body);
    }
}
