//! A bundle gives the same session as the source, and a changed one is refused and leaves the session as it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Library, Node, Prim, read_library, write_library};
use bfv_kernel::Limits;
use std::cell::Cell;
use std::rc::Rc;

const NAMES: [&str; 7] = ["logic", "nat", "real", "fin", "vec", "sum", "fusion"];

fn elaborate(session: &mut Session, name: &str, bytes: &[u8]) -> Vec<bfv_elab::Claim> {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    assert!(out.problems.is_empty(), "{name}: {}", out.problems[0].message);
    out.claims
}

/// The library as far as `fusion`, elaborated, and a bundle of each module, written and read.
fn made() -> (Session, Vec<(String, Library)>) {
    let mut session = Session::new();
    let mut out = Vec::new();
    for name in NAMES {
        let bytes = std::fs::read(format!("{}/../../sctt/{name}.sctt", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let module = format!("std.{name}");
        let from = session.signature.len();
        elaborate(&mut session, &module, &bytes);
        let bundle = session.bundle(&module, from, "0").unwrap();
        assert_eq!(bfv_elab::bundle_key(&bundle), Some("0"));
        let bytes = write_library(&bundle);
        out.push((module, read_library(&bytes).unwrap()));
    }
    (session, out)
}

fn deep(work: fn()) {
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
}

#[test]
fn a_session_from_bundles_is_the_one_from_the_source() {
    deep(|| {
        let (mut elaborated, bundles) = made();
        let mut loaded = Session::new();
        for (module, bundle) in &bundles {
            loaded.load(module, bundle).unwrap();
        }
        assert!(elaborated.signature.decls().eq(loaded.signature.decls()));
        assert_eq!(elaborated.lemmas, loaded.lemmas);
        // Short names, implicit parameters and what is visible are the same too.
        let source = b"module m\nimport std.fusion\n\
            claim c {k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : min x <= weighted_mean w x\n\
            by apply weighted_ge { exact hw } { exact min_le x }\n";
        let (a, b) = (elaborate(&mut elaborated, "m", source), elaborate(&mut loaded, "m", source));
        assert_eq!(a[0].statement, b[0].statement);
        assert_eq!(a[0].given.as_ref().unwrap().term, b[0].given.as_ref().unwrap().term);
    });
}

#[test]
fn a_bundle_can_be_loaded_without_modules_that_it_does_not_name() {
    deep(|| {
        let (_, bundles) = made();
        let mut loaded = Session::new();
        for (module, bundle) in bundles.iter().filter(|(m, _)| m == "std.logic" || m == "std.real") {
            loaded.load(module, bundle).unwrap();
        }
        assert!(loaded.has("std.real") && !loaded.has("std.nat"));
    });
}

#[test]
fn a_changed_bundle_is_refused_and_changes_nothing() {
    deep(|| {
        let (_, bundles) = made();
        let mut session = Session::new();
        let refusals = Cell::new(0);
        for (module, bundle) in &bundles {
            let (before, own) = (session.signature.len(), session.clone());
            let owing = |changed: &Library, name: &str| {
                let mut session = own.clone();
                session.load(module, changed).unwrap();
                let found = (before..).find(|id| session.signature.decl(*id).is_none_or(|d| d.name() == name)).unwrap();
                let Some(Decl::Theorem { ty, .. }) = session.signature.decl(found) else { panic!("{name}") };
                let theorem = Rc::new(Node::Const { id: found, shift: 0 });
                for why in [
                    session.signature.settle(found).unwrap_err(),
                    session.signature.prove(ty, &theorem, Limits::default()).unwrap_err(),
                ] {
                    assert!(why.detail.contains(&format!("`{name}`, whose proof is refused")), "{}", why.detail);
                }
            };
            let mut refused = |changed: &Library, why: &str| {
                let found = session.load(module, changed).unwrap_err();
                assert!(found.contains(why), "{module}: {found}");
                assert_eq!(session.signature.len(), before, "{module}");
                assert!(!session.has(module));
                refusals.set(refusals.get() + 1);
            };
            for n in 0..bundle.decls.len() {
                let mut changed = bundle.clone();
                let star = Rc::new(Node::Prim(Prim::Star));
                match &mut changed.decls[n] {
                    // Its proof is owed, so nothing that rests on it counts.
                    Decl::Theorem { name, proof, .. } => {
                        *proof = star;
                        let name = name.clone();
                        owing(&changed, &name);
                        refusals.set(refusals.get() + 1);
                        continue;
                    }
                    Decl::Def { body, .. } => *body = star,
                    Decl::Axiom { bundle, name, .. } if bundle == "-" => {
                        *name = "std.logic.nothing_of_this_name".to_owned();
                        refused(&changed, "there is no `std.logic.nothing_of_this_name`");
                        continue;
                    }
                    _ => continue,
                }
                // Only a definition of type Unit could be this.
                refused(&changed, "the kernel refuses");
            }
            let meta = String::from_utf8(bundle.meta.clone()).unwrap();
            for (old, new, why) in [
                ("const 0 ", "const 999 ", "means nothing"),
                ("const 0 std.", "const 0 other.", "means nothing"),
                ("key 0", "keys 0 1 2", "means nothing"),
                ("key 0", "import std.nowhere", "is not loaded"),
                ("key 0", "tag std.nowhere x", "there is no"),
            ] {
                if meta.contains(old) {
                    refused(&Library { meta: meta.replacen(old, new, 1).into_bytes(), ..bundle.clone() }, why);
                }
            }
            session.load(module, bundle).unwrap();
            let again = session.clone().load(module, bundle).unwrap_err();
            assert!(again.contains("stands twice"), "{again}");
        }
        assert!(refusals.get() > 100, "{refusals:?}");
    });
}
