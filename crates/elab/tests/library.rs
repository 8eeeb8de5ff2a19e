//! The library elaborates, and the kernel accepts it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};

fn load(session: &mut Session, path: &str) -> Vec<bfv_elab::Claim> {
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (file, diagnostics) = bfv_syntax::parse(0, &bytes);
    assert!(diagnostics.is_empty(), "{path}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let name = file.module.as_ref().map(|m| m.text.clone()).unwrap();
    let start = std::time::Instant::now();
    let out =
        session.module(&name, &file, engines, &|s| text.get(s.start as usize..s.end as usize).unwrap_or("").to_owned());
    println!("{path}: {:?}", start.elapsed());
    for p in &out.problems {
        let line = text[..p.span.start as usize].lines().count();
        println!("{path}:{line}: {:?}: {} ({:?})", p.kind, p.message, p.fix);
    }
    assert!(out.problems.is_empty(), "{path} has problems");
    out.claims
}

fn with_stack(f: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap().join().unwrap();
}

#[test]
fn library_and_examples() {
    with_stack(|| {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        let mut session = Session::new();
        let names = std::env::var("BFV_MODULES").unwrap_or_else(|_| "logic nat real fin vec".to_owned());
        for m in names.split(' ') {
            load(&mut session, &format!("{root}sctt/{m}.sctt"));
        }
    });
}
