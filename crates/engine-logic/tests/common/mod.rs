//! Types as goals, in a session with the library.

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Term};

/// Evaluation recurses.
pub fn deep<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap()
}

pub fn module(session: &mut Session, name: &str, bytes: &[u8]) {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    let problems: Vec<&String> = out.problems.iter().map(|p| &p.message).collect();
    assert!(problems.is_empty(), "{name}: {problems:?}");
}

/// A session with the library of logic and numbers and with more declarations, and the types that are defined as goals.
pub fn goals(declarations: &str, texts: &[String]) -> (Session, Vec<Term>) {
    goals_over(&[], declarations, texts)
}

/// The same with more modules of the library, in the order in which they need each other.
pub fn goals_over(more: &[&str], declarations: &str, texts: &[String]) -> (Session, Vec<Term>) {
    let mut session = Session::new();
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
    let mut imports = String::new();
    for name in ["logic", "nat", "real"].iter().chain(more) {
        let full = format!("std.{}", name.replace('/', "."));
        module(&mut session, &full, &std::fs::read(format!("{library}{name}.sctt")).unwrap());
        imports += &format!("import {full}\n");
    }
    let defs: String = (0..).zip(texts).map(|(n, t)| format!("def goal{n} : U 2 := {t}\n")).collect();
    module(&mut session, "d", format!("module d\n{imports}{declarations}").as_bytes());
    let before = session.signature.len();
    module(&mut session, "m", format!("module m\n{imports}import d\n{defs}").as_bytes());
    let body = |d: &Decl| match d {
        Decl::Def { body, .. } => Some(body.clone()),
        _ => None,
    };
    let found = session.signature.decls().skip(before as usize).filter_map(body).collect();
    (session, found)
}
