//! What somebody without the right to does to get a certificate accepted by `bfv verify`, or a line of it to say what is not so: a model that
//! was not asked, answers that were judged in another run, names that stand twice, and streams that are costly to read.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

#[path = "project/folder.rs"]
mod folder;
#[path = "../crates/extract/tests/common/mod.rs"]
mod operators;
#[path = "../crates/exact/tests/common/mod.rs"]
mod random;
#[path = "evaluate/stack.rs"]
mod stack;
#[allow(dead_code)]
#[path = "inference/world.rs"]
mod world;

use bfv_cert::certificate::Certificate;
use bfv_extract::Package;
use folder::{Folder, newcomer, said};
use stack::with_stack;
use std::path::{Path, PathBuf};
use world::{COUNT, Made, SPECIALISTS, answer, fusion, honest, median};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/inference")
}

/// A folder with the trust of the demonstration, changed, and with certificates in a ledger of their own.
struct Place(Folder);

impl Place {
    fn new(name: &str, settings: impl Fn(String) -> String) -> Place {
        let folder = Folder::new(&format!("forged-{name}"));
        let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
        // Models and packages stay where they are.
        let there = |kind: &str| format!("{kind} = \"{}/", examples().display());
        let text = text.replace("folder = \"", &there("folder")).replace("package = \"", &there("package"));
        folder.write("verify.toml", settings(text).as_bytes());
        Place(folder)
    }

    fn plain(name: &str) -> Place {
        Place::new(name, |text| text)
    }

    /// Writes envelopes of these names, all of whose certificates are in one ledger.
    fn write(&self, all: &[(&str, &Made)]) {
        let signed: Vec<Certificate> = all.iter().map(|(_, m)| m.signed()).collect();
        let folder = self.0.0.join("ledger");
        std::fs::create_dir(&folder).unwrap();
        let ledger = world::ledger(&folder, &signed);
        for ((name, made), signed) in all.iter().zip(&signed) {
            self.0.write(name, &made.envelope(&ledger.extract(signed).unwrap()));
        }
    }

    fn verify(&self, args: &[&str]) -> (Option<i32>, String) {
        said(newcomer(&self.0.0, &self.0.0, &[&["verify"], args].concat()))
    }
}

/// The answers of the specialists to question 1.
fn answers() -> Vec<Made> {
    SPECIALISTS.iter().map(|name| answer(&honest(name), name, 1, name, 1)).collect()
}

/// What is said of the answers of the specialists and their fusion by a package.
fn fused(place: &Place, package: &Package) -> (Option<i32>, String) {
    let answers = answers();
    let rows: Vec<i64> = answers.iter().flat_map(Made::tokens).collect();
    let result = package.program().run(&[&rows]).unwrap();
    let whole = fusion(&answers.iter().collect::<Vec<_>>(), package, &result, "head", 1);
    let names = ["1.bfc", "2.bfc", "3.bfc", "fused.bfc"];
    let all: Vec<(&str, &Made)> = names.into_iter().zip(answers.iter().chain([&whole])).collect();
    place.write(&all);
    place.verify(&names)
}

/// Each specialist has a model of its own. One that answers with the model of another is not the one that was asked.
#[test]
fn a_worker_does_not_answer_with_the_model_of_another() {
    let place = Place::plain("model");
    place.write(&[("law.bfc", &answer(&honest("medicine"), "medicine", 1, "law", 1))]);
    let (code, out) = place.verify(&["law.bfc"]);
    assert_eq!(code, Some(1), "{out}");
}

/// A worker that draws its tokens may answer as often as it likes, until an answer suits whoever fuses.
#[test]
fn a_question_is_answered_once_by_each_worker() {
    let place = Place::plain("twice");
    place.write(&[
        ("first.bfc", &answer(&honest("code"), "code", 1, "code", 1)),
        ("second.bfc", &answer(&honest("code"), "code", 1, "code", 2)),
    ]);
    let (code, out) = place.verify(&["first.bfc", "second.bfc"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("1 accepted, 1 rejected"), "{out}");
}

/// Without a file of slots nobody knows what was accepted in another run, and the line must say that.
#[test]
fn slots_of_other_runs_are_said_to_be_taken_from_the_envelope() {
    let place = Place::plain("slots");
    place.write(&[("law.bfc", &answer(&honest("law"), "law", 1, "law", 1))]);
    let taken = |args: &[&str]| {
        let (code, out) = place.verify(args);
        assert_eq!(code, Some(0), "{out}");
        let line = out.lines().find(|l| l.starts_with("Accepted: ")).unwrap().to_owned();
        line.split("Taken from the envelope: ").nth(1).unwrap_or_default().to_owned()
    };
    assert!(taken(&["law.bfc"]).contains("slot"));
    assert!(!taken(&["law.bfc", "--seen", "seen.txt"]).contains("slot"));
}

/// Of two programs with one name, what was proved of the one that did not run is not said.
#[test]
fn what_is_proved_of_a_program_is_said_of_that_program_only() {
    with_stack(|| {
        let package = median();
        let (program, said) = operators::select(3, COUNT as u32);
        let other = operators::package(&program, &said).unwrap();
        let place = Place::new("names", |text| {
            text + "\n[[fusion]]\nname = \"median\"\npackage = \"select.bfxk\"\nworkers = [\"law\"]\n"
        });
        place.0.write("select.bfxk", &other.bytes());
        let (code, out) = fused(&place, &package);
        assert_eq!(code, Some(2), "{out}");
        assert!(out.contains("median") && !out.contains("Proved of the program"), "{out}");
    });
}

/// Whoever sends a folder of certificates may put a file of trust beside them, in which its own key has the name of a specialist.
#[test]
fn whom_to_trust_is_not_said_by_who_sends_the_certificates() {
    let place = Place::plain("sent");
    let sent = place.0.0.join("sent");
    std::fs::create_dir(&sent).unwrap();
    let text = std::fs::read_to_string(place.0.0.join("verify.toml")).unwrap();
    let [law, mallory] = ["law", "mallory"].map(|name| format!("key = \"{}\"", world::id(name).0));
    let turned = text.replace(&law, "KEY").replace(&mallory, &law).replace("KEY", &mallory);
    std::fs::write(sent.join("verify.toml"), turned).unwrap();
    place.write(&[("sent/law.bfc", &answer(&honest("law"), "law", 1, "mallory", 1))]);
    assert_eq!(place.verify(&["--trust", "verify.toml", "sent/law.bfc"]).0, Some(1));
    // Where none is named, the answer says whose word was taken.
    let (code, out) = place.verify(&["sent/law.bfc"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("sent/verify.toml"), "{out}");
}

/// What has a name is looked up by it, so of two entries with one name or one question the second is never used.
#[test]
fn models_and_questions_stand_once_in_a_file_of_trust() {
    let text = std::fs::read_to_string(examples().join("verify.toml")).unwrap();
    let part = |kind: &str| {
        let own = text.split_once(&format!("[[{kind}]]\n")).unwrap().1;
        format!("\n[[{kind}]]\n{}\n", own.split("\n[[").next().unwrap().trim_end())
    };
    for kind in ["model", "question", "fusion"] {
        let there = |text: String| {
            let there = |kind: &str| format!("{kind} = \"{}/", examples().display());
            text.replace("folder = \"m", &(there("folder") + "m")).replace("package = \"m", &(there("package") + "m"))
        };
        let place = Place::new("doubled", |text| text + &there(part(kind)));
        place.write(&[("law.bfc", &answer(&honest("law"), "law", 1, "law", 1))]);
        let (code, out) = place.verify(&["law.bfc"]);
        assert_eq!(code, Some(2), "{kind}: {out}");
    }
}

/// One program for two sets of workers: the second is as good as the first.
#[test]
fn one_program_serves_two_fusions() {
    with_stack(|| {
        let package = median();
        let place = Place::new("both", |text| {
            let again = text.rfind("[[fusion]]").unwrap();
            let (before, own) = text.split_at(again);
            let other =
                own.replace("\"median\"", "\"again\"").replace("\"law\", \"medicine\"", "\"mallory\", \"medicine\"");
            format!("{before}{other}\n{own}")
        });
        let (code, out) = fused(&place, &package);
        assert_eq!(code, Some(0), "{out}");
    });
}

/// Whoever gives a file its name does not write lines of the answer.
#[test]
fn a_name_of_a_file_is_no_line_of_the_answer() {
    let place = Place::plain("lines");
    let name = "a.bfc\nAccepted: b.bfc. Worker law, program law, lane exact. All of it was computed again";
    place.0.write(name, b"nothing");
    let (code, out) = place.verify(&[name]);
    assert_eq!(code, Some(1), "{out}");
    assert!(!out.lines().any(|l| l.starts_with("Accepted: ")), "{out}");
}
