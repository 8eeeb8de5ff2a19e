//! The hashes that statements and axioms are known by are those of the library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod library;

use bfv_extract::{AXIOMS, DEFINITIONS, named_hashes};
use bfv_format::{Decl, Hash};
use library::{elaborate, with_stack};
use std::fmt::Write;
use std::path::Path;

/// Modules with every definition and every axiom that is wanted.
const SOURCE: &str = "import std.program\nimport std.softmax\nimport std.root\n";
/// Definitions outside of `std.program` that statements are made with.
const OTHERS: [&str; 3] = ["std.rank.nth", "std.vec.cons", "std.vec.nil"];

/// Names with hashes.
type Pins = Vec<(String, Hash)>;

/// Names and hashes of the definitions of `std.program` that are no lemma's own, and of all axioms.
fn library() -> (Pins, Pins) {
    let elaborated = elaborate(SOURCE);
    let decls: Vec<Decl> = elaborated.signature.decls().cloned().collect();
    let hashes = named_hashes(&decls).unwrap();
    let (mut definitions, mut axioms) = (Vec::new(), Vec::new());
    for (name, id) in elaborated.positions {
        let place = usize::try_from(id).unwrap();
        match decls[place] {
            Decl::Def { .. } if name.starts_with("std.program.") || OTHERS.contains(&name.as_str()) => {
                definitions.push((name, hashes[place]));
            }
            Decl::Axiom { .. } => axioms.push((name, hashes[place])),
            _ => {}
        }
    }
    definitions.sort();
    axioms.sort();
    (definitions, axioms)
}

fn page(definitions: &[(String, Hash)], axioms: &[(String, Hash)]) -> String {
    let mut out = "//! Hashes of what statements are made of, and of what may be assumed. Written by\n\
                   //! `BFV_PIN=1 cargo test --release -p bfv-extract --test pins`; the difference is for people to read.\n"
        .to_owned();
    for (what, name, list) in [
        ("Definitions of the library by their full names", "DEFINITIONS", definitions),
        ("Axioms of the library", "AXIOMS", axioms),
    ] {
        write!(out, "\n/// {what}.\npub const {name}: &[(&str, &str)] = &[\n").unwrap();
        list.iter().for_each(|(n, hash)| writeln!(out, "    (\"{n}\", \"{hash}\"),").unwrap());
        out.push_str("];\n");
    }
    out
}

#[test]
fn the_pins_are_the_hashes_of_the_library() {
    with_stack(|| {
        let (definitions, axioms) = library();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pins.rs");
        let now = page(&definitions, &axioms);
        if std::env::var_os("BFV_PIN").is_some() {
            std::fs::write(&file, &now).unwrap();
            return;
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), now, "see the first lines of the file");
        let same = |pins: &[(&str, &str)], list: &[(String, Hash)]| {
            pins.iter()
                .map(|p| (p.0.to_owned(), p.1.to_owned()))
                .eq(list.iter().map(|p| (p.0.clone(), p.1.to_string())))
        };
        assert!(same(DEFINITIONS, &definitions) && same(AXIOMS, &axioms));
        assert!(axioms.len() == 15 && definitions.len() > 40);
        let mut all: Vec<Hash> = definitions.iter().chain(&axioms).map(|p| p.1).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), definitions.len() + axioms.len(), "two of them cannot be told apart");
    });
}
