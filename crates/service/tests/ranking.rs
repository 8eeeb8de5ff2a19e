//! The order in which theorems are tried: each one is tried and judged all the same, and weights that are damaged change nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_driver::Desk;
use bfv_service::rank::{Known, Ranking, choose, theorems};
use common::Server;
use serde_json::{Value, json};
use std::process::Command;

/// A goal that a theorem of the library says.
fn message() -> Value {
    let context = [("a", "Nat"), ("b", "Nat"), ("l", "a <= b"), ("g", "b <= a")];
    let context: Vec<Value> = context.iter().map(|(n, ty)| json!({ "var": n, "type": ty })).collect();
    let goal = json!({ "id": "g", "statement": "a = b", "context": context });
    json!({ "type": "REQUEST_PROOF_SUGGESTION", "imports": ["std.nat", "std.order"], "proof_state": { "goals": [goal] } })
}

#[test]
fn every_order_gives_checked_steps() {
    for order in ["overlap", "learned", "plain"] {
        let server = Server::start(&["--ranking", order]);
        let said = server.ask(&message());
        let all = said["suggestions"].as_array().unwrap();
        let valid: Vec<&Value> = all.iter().filter(|s| s["valid"] == true).collect();
        assert!(!valid.is_empty(), "{order}: {said}");
        assert!(valid.iter().all(|s| s["formal_verification"]["status"] == "proved"), "{order}: {said}");
    }
}

#[test]
fn an_order_loses_no_theorem_and_is_the_same_again() {
    let imports = ["std.submodular".to_owned()];
    let asked = |choice: bool| {
        let mut desk = Desk::open(bfv_engines::FOR_GOALS, &imports).unwrap();
        let text = "claim goal (k : Nat) (a b : Bool) (s t : Fin k -> Bool) : union (put a s) (put b t) = put (either a b) (union s t)\nby { }\n";
        let open = desk.open_goals("text", text, 1_000).unwrap();
        let all = desk.fitting(open[0].statement());
        assert!(all.len() > 2, "{all:?}");
        if choice {
            let ranking = Ranking::of(Known::Learned, None).unwrap();
            let ordered = (ranking.order)(&desk, &open[0], all.clone());
            assert_eq!(ordered, (ranking.order)(&desk, &open[0], all.clone()));
            let sorted = |mut fitting: Vec<bfv_elab::Fitting>| {
                fitting.sort_by_key(|f| f.id);
                fitting
            };
            assert_eq!(sorted(ordered), sorted(all));
            // An order of the process is one for all of it.
            assert!(choose(ranking));
            assert!(!choose(Ranking::of(Known::Rare, None).unwrap()));
        }
        theorems(&desk, &open[0])
    };
    let plain = asked(false);
    let learned = asked(true);
    assert!(!plain.is_empty() && plain.len() <= 8 && learned.len() == plain.len(), "{plain:?} {learned:?}");
}

#[test]
fn weights_that_cannot_be_used_are_named() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged.safetensors");
    std::fs::write(&file, b"no weights").unwrap();
    let suggest = |flags: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_bfv-serve"))
            .args(["suggest", "forall (n : Nat), n + 0 = n"])
            .args(flags)
            .output()
            .unwrap();
        (out.status.code(), String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = suggest(&["--ranking", "learned", "--weights", file.to_str().unwrap()]);
    let place = format!("Warning: The weights of the ranking are damaged. Place: the file {}. ", file.display());
    let mend = "To mend it: Name a file that cargo xtask rank-train wrote, or leave out the flag --weights.\n";
    assert!(code == Some(0) && said.starts_with(&place) && said.ends_with(mend), "{code:?} {said}");
    assert_eq!(suggest(&["--ranking", "learned"]), (Some(0), String::new()));
    for (flags, why) in [
        (&["--ranking", "best"][..], "Error: The flag --ranking needs overlap, learned or plain.\n"),
        (
            &["--ranking", "plain", "--weights", "x"],
            "Error: The flag --weights has no use beside --ranking plain. Remove one of the two.\n",
        ),
    ] {
        assert_eq!(suggest(flags), (Some(2), why.to_owned()));
    }
    let (code, said) = suggest(&["--weights", "/no/such/file"]);
    assert!(code == Some(74) && said.starts_with("Error: The file /no/such/file cannot be read: "), "{code:?} {said}");
}
