//! The library, elaborated.
#![allow(dead_code)]

use bfv_diag::Sources;
use bfv_driver::{Elaborated, Input, Plugged, load, plug};
use bfv_engine_native::{Arith, Auto, Boxes, Exhibits, Native, Points};
use std::path::PathBuf;

fn elaborated(mut sources: Sources, files: &[Input]) -> Elaborated {
    let engines = Plugged {
        arith: &Arith,
        auto: &Auto,
        boxes: &Boxes,
        search: &[&Native],
        points: &Points,
        exhibits: &Exhibits,
        statements: &Auto,
    };
    let elaborated = plug(engines).0.elaborate(&mut sources, files).unwrap_or_else(|p| panic!("{p:?}"));
    assert_eq!(elaborated.problems, []);
    elaborated
}

/// The declarations of a text and of what it imports.
pub fn elaborate(text: &str) -> Elaborated {
    let mut sources = Sources::new();
    let files = [Input { number: sources.add("input", text.as_bytes()), bytes: text.as_bytes().to_vec() }];
    elaborated(sources, &files)
}

/// The declarations of the programs of certificates.
pub fn operators() -> Elaborated {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/certificates");
    let mut sources = Sources::new();
    let (files, problems) = load(&[folder.join("operators.sctt"), folder.join("softmax.sctt")], &mut sources);
    assert_eq!(problems, []);
    elaborated(sources, &files)
}

/// Elaboration and evaluation recurse on what they are given.
pub fn with_stack<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let worker = std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap();
    worker.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
}
