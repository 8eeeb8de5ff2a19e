//! Which engines this program has.

use crate::args::Engine;
use bfv_driver::{Frontend, Make, Plugged, Search, from_source, plug, plug_for};
use bfv_engine_egg::Egg;
use bfv_engine_native::{Arith, Asked, Auto, Boxes, Exhibits, Native, Points};
use bfv_engine_z3::Z3;

/// Rewriting; arithmetic and lemmas prove its side conditions.
const EGG: Egg = Egg { side: &Auto };

/// What native leaves open is rewritten.
const ENGINES: Plugged = Plugged {
    arith: &Arith,
    auto: &Auto,
    boxes: &Boxes,
    search: &[&Native, &EGG],
    points: &Points,
    exhibits: &Exhibits,
};
/// The native engine alone.
const NATIVE_ONLY: Plugged = Plugged { search: &[&Native], ..ENGINES };
/// Rewriting alone.
const EGG_ONLY: Plugged = Plugged { search: &[&EGG], ..ENGINES };
/// The engines where z3 is asked for.
const WITH_Z3: Plugged = Plugged { search: &[&Native, &EGG, &Asked(&Z3)], ..ENGINES };

/// The front end alone, for commands that search for nothing.
pub fn frontend() -> Box<dyn Frontend> {
    plug(ENGINES).0
}

/// The front end and the search.
pub fn both() -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug(ENGINES)
}

/// The engines by what is asked for: otherwise native, and rewriting where that finds nothing.
pub fn engines(engine: Option<Engine>) -> Plugged {
    match engine {
        None => ENGINES,
        Some(Engine::Native) => NATIVE_ONLY,
        Some(Engine::Egg) => EGG_ONLY,
        Some(Engine::Z3) => WITH_Z3,
    }
}

/// What makes the front end and the search of a thread.
pub fn make(engine: Option<Engine>) -> Box<Make<'static>> {
    let engines = engines(engine);
    Box::new(move |share| plug_for(engines, share))
}

/// The front end of the gate, which rests on no bundle.
pub fn source_frontend() -> Box<dyn Frontend> {
    from_source(ENGINES)
}
