//! The cubical library under both checkers, declaration by declaration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod evaluate;

use bfv_format::{Decl, Node, Outcome, Prim, Stored, write};
use bfv_kernel::{Limits, Signature};
use evaluate::{elaborate, with_stack};
use std::rc::Rc;

/// The modules of the cubical library.
fn modules() -> Vec<&'static str> {
    bfv_driver::modules().filter(|m| m.starts_with("std.cubical.")).collect()
}

/// All declarations that one module brings, those of its imports included.
fn declarations(module: &str) -> Vec<Decl> {
    let dir = std::env::temp_dir().join(format!("bfv-cubical-{}-{module}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("m.sctt");
    std::fs::write(&file, format!("import {module}\n")).unwrap();
    let out = elaborate(&[file]);
    std::fs::remove_dir_all(dir).unwrap();
    out.signature.decls().cloned().collect()
}

#[test]
fn both_checkers_accept_every_declaration() {
    with_stack(|| {
        let modules = modules();
        assert!(modules.len() >= 11, "{} modules", modules.len());
        for module in modules {
            let decls = declarations(module);
            let mut signature = Signature::new();
            for d in &decls {
                signature.add(d.clone(), Limits::default()).unwrap_or_else(|e| panic!("{}: {e:?}", d.name()));
            }
            let prim = |p| Rc::new(Node::Prim(p));
            let stored = Stored {
                decls,
                claim: module.to_owned(),
                statement: prim(Prim::Unit),
                verdict: Outcome::Proved,
                evidence: prim(Prim::Star),
                witness: Vec::new(),
                engine: String::new(),
            };
            let answer = bfv_recheck::recheck(&write(&stored), bfv_recheck::Limits::default());
            assert!(answer.is_ok(), "{module}: {:?}", answer.err());
        }
    });
}
