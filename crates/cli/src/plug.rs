//! Which engines this program has.

use bfv_driver::{Frontend, Plugged, Search, from_source, plug};
use bfv_engine_native::{Arith, Auto, Native, Points};

const ENGINES: Plugged = Plugged { arith: &Arith, auto: &Auto, search: &[&Native], points: &Points };

/// The front end alone, for commands that search for nothing.
pub fn frontend() -> Box<dyn Frontend> {
    plug(ENGINES).0
}

/// The front end and the search.
pub fn both() -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug(ENGINES)
}

/// The front end of the gate, which rests on no bundle.
pub fn source_frontend() -> Box<dyn Frontend> {
    from_source(ENGINES)
}
