//! What the service called proved or refuted, judged again from texts that are made here.

use bfv_driver::{Kind, check_text, plug};
use bfv_format::{Outcome, decl_hashes, read, term_hash};
use bfv_recheck::{Limits, Verdict, recheck};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Claims by what they import and declare: each with the scripts that are said to prove it and the evidence that was sent along.
#[derive(Default)]
pub struct Judged(BTreeMap<(Vec<String>, String), BTreeMap<String, Claimed>>);

/// What was said of a claim.
#[derive(Default)]
struct Claimed {
    scripts: BTreeSet<String>,
    /// Bytes in hexadecimal digits, with the hash of the statement and the verdict.
    evidence: BTreeSet<(String, String, String)>,
    /// It was said to be true, or false, without more.
    said: BTreeSet<bool>,
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A goal as a claim without its name: what is given, and the statement, each on lines of its own.
fn claim(goal: &Value, state: &Value) -> String {
    let mut out = String::new();
    let variables = list(goal, "context").iter().map(|v| (text(v, "var"), text(v, "type")));
    let hypotheses = list(state, "hypotheses").iter().map(|h| (text(h, "id"), text(h, "statement")));
    for (name, ty) in variables.chain(hypotheses) {
        out += &format!(" ({name} :\n{ty}\n)");
    }
    let statement = goal.as_str().unwrap_or_else(|| text(goal, "statement"));
    format!("{out} :\n{statement}\n")
}

impl Judged {
    /// Notes what an answer says as a verdict.
    pub fn note(&mut self, message: &Value, said: &Value) {
        let imports = match message.get("imports") {
            Some(Value::Array(all)) => all.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect(),
            _ => ["std.nat", "std.int", "std.real"].map(str::to_owned).to_vec(),
        };
        let group = self.0.entry((imports, text(message, "declarations").to_owned())).or_default();
        let mut note = |goal: &Value, state: &Value, script: Option<&str>, formal: &Value, truth: bool| {
            let claimed = group.entry(claim(goal, state)).or_default();
            claimed.said.insert(truth);
            claimed.scripts.extend(script.map(str::to_owned));
            if let Some(bytes) = formal.get("certificate_bytes").and_then(Value::as_str) {
                let (hash, status) = (text(formal, "statement_hash"), text(formal, "status"));
                claimed.evidence.insert((bytes.to_owned(), hash.to_owned(), status.to_owned()));
            }
        };
        let null = Value::Null;
        let state = message.get("proof_state").or(message.get("current_state")).unwrap_or(&null);
        // A drawing adds variables.
        if state.get("constructions").is_some() {
            return;
        }
        let goals = list(state, "goals");
        let numbered = |id: &str| {
            let own = |(n, g): (usize, &Value)| match g.get("id") {
                Some(own) => own == id,
                None => (n + 1).to_string() == id,
            };
            goals.iter().enumerate().find(|(n, g)| own((*n, g))).map(|(_, g)| g.clone()).expect("a goal of the message")
        };
        match text(said, "type") {
            "PROOF_SUGGESTIONS" => {
                for s in list(said, "suggestions").iter().filter(|s| s["valid"] == true) {
                    note(&numbered(text(s, "target")), state, s["script"].as_str(), &s["formal_verification"], true);
                }
                for g in list(said, "proved_goals") {
                    note(&numbered(text(g, "goal")), state, None, &g["proved"], true);
                }
                for g in list(said, "refuted_goals") {
                    let formal = &g["refuted"]["formal_verification"];
                    note(&numbered(text(g, "goal")), state, None, formal, false);
                }
            }
            "VERIFICATION_RESULT" => {
                let target = message["proof_step"].get("target").and_then(Value::as_str);
                let known = |t: &&str| {
                    let mut ids =
                        goals.iter().zip(1..).map(|(g, n)| g.get("id").map_or(json!(n.to_string()), Clone::clone));
                    ids.any(|id| id == **t)
                };
                let goal = target.filter(known).map_or_else(|| goals[0].clone(), &numbered);
                if said["valid"] == true {
                    note(&goal, state, said["step"].as_str(), &said["formal_verification"], true);
                }
                if !said["counterexample"].is_null() {
                    note(&goal, state, None, &said["counterexample"]["formal_verification"], false);
                }
            }
            "COMPLETED_PROOF" => {
                let goal = &message["proof_sketch"]["goal"];
                if !said["proof"].is_null() {
                    let formal = &said["proof"]["formal_verification"];
                    note(goal, state, said["proof"]["script"].as_str(), formal, true);
                } else if said.get("counterexample").is_some() {
                    note(goal, state, None, &said["counterexample"]["formal_verification"], false);
                }
            }
            "COUNTEREXAMPLE" => {
                if said["found"] == true {
                    note(&message["theorem"], state, None, &said["counterexample"]["formal_verification"], false);
                } else if said["verdict"] == "proved" {
                    note(&message["theorem"], state, None, &said["formal_verification"], true);
                }
            }
            "PROOF_EXPLANATION" => {
                if !said["explanation"].is_null() {
                    note(&message["theorem"], state, message["script"].as_str(), &said["formal_verification"], true);
                }
            }
            other => panic!("{other} is no answer of the protocol"),
        }
    }

    /// Judges all of it, and says how many claims were proved and how many refuted.
    pub fn judge(self) -> (usize, usize) {
        let work = move || {
            let (mut proved, mut refuted) = (0, 0);
            for ((imports, declarations), claims) in &self.0 {
                let head: String = imports.iter().map(|i| format!("import {i}\n")).collect();
                let head = format!("{head}{declarations}\n");
                for (claim, claimed) in claims {
                    assert_eq!(claimed.said.len(), 1, "both is said of {claim}");
                    proved += usize::from(claimed.said.contains(&true));
                    refuted += usize::from(claimed.said.contains(&false));
                }
                // A goal that is no proposition is a type, of which an element is wanted.
                let mut seen = BTreeSet::new();
                for sort in ["", "@[type] "] {
                    let names = (0..).zip(claims);
                    let mut all = head.clone();
                    for (n, (claim, claimed)) in names.clone() {
                        all += &format!("{sort}claim c{n}{claim}");
                        for (m, script) in claimed.scripts.iter().enumerate() {
                            all += &format!("{sort}claim c{n}_{m}{claim}by {{ {script}\n}}\n");
                        }
                    }
                    seen.extend(same(&all, names));
                }
                for (n, (claim, _)) in (0..).zip(claims) {
                    assert!(seen.contains(&n), "{head}{claim} cannot be read");
                }
            }
            (proved, refuted)
        };
        std::thread::Builder::new().stack_size(bfv_service::pool::STACK).spawn(work).unwrap().join().unwrap()
    }
}

/// Checks a text with claims and compares. Gives the numbers of those that it has.
fn same<'c>(all: &str, claims: impl Iterator<Item = (usize, (&'c String, &'c Claimed))>) -> BTreeSet<usize> {
    let (mut front, mut search) = plug(bfv_engines::ENGINES);
    let (report, _) = check_text("judged", all, 200_000, front.as_mut(), search.as_mut());
    let found: BTreeMap<&str, _> = report.goals.iter().filter_map(|g| Some((g.name.rsplit_once('.')?.1, g))).collect();
    let mut seen = BTreeSet::new();
    for (n, (claim, claimed)) in claims {
        let Some(bare) = found.get(format!("c{n}").as_str()) else { continue };
        seen.insert(n);
        let truth = claimed.said.contains(&true);
        let opposite = if truth { Kind::Refuted } else { Kind::Proved };
        assert_ne!(bare.verdict.kind(), opposite, "{claim}");
        for m in 0..claimed.scripts.len() {
            let one = found.get(format!("c{n}_{m}").as_str());
            let kind = one.map(|g| g.verdict.kind());
            assert_eq!(kind, Some(Kind::Proved), "{claim} by {:?}: {:?}", claimed.scripts, report.problems);
        }
        for (hex, hash, status) in &claimed.evidence {
            let bytes: Vec<u8> =
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
            let stored = read(&bytes).unwrap();
            let own = term_hash(&stored.statement, &decl_hashes(&stored.decls).unwrap()).unwrap().to_string();
            assert_eq!((&own, hash), (&bare.hash, &bare.hash), "the evidence is about another statement than {claim}");
            let verdict = recheck(&bytes, Limits::default()).unwrap_or_else(|r| panic!("{claim}: {r:?}")).verdict;
            let said = if truth { Verdict::Proved } else { Verdict::Refuted };
            assert_eq!(
                (verdict, stored.verdict == Outcome::Proved, status == "proved"),
                (said, truth, truth),
                "{claim}"
            );
        }
    }
    seen
}
