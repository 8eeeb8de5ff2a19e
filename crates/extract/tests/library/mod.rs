//! The library, elaborated.

use bfv_diag::Sources;
use bfv_driver::{Elaborated, Input, Plugged, plug};
use bfv_engine_native::{Arith, Auto, Boxes, Exhibits, Native, Points};

/// The declarations of a text and of what it imports.
#[allow(dead_code)]
pub fn elaborate(text: &str) -> Elaborated {
    let engines = Plugged {
        arith: &Arith,
        auto: &Auto,
        boxes: &Boxes,
        search: &[&Native],
        points: &Points,
        exhibits: &Exhibits,
        statements: &Auto,
    };
    let mut sources = Sources::new();
    let files = [Input { number: sources.add("input", text.as_bytes()), bytes: text.as_bytes().to_vec() }];
    plug(engines).0.elaborate(&mut sources, &files).unwrap_or_else(|p| panic!("{p:?}"))
}

/// Elaboration and evaluation recurse on what they are given.
pub fn with_stack<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let worker = std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap();
    worker.join().unwrap_or_else(|e| std::panic::resume_unwind(e))
}
