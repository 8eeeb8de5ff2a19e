//! Which engines this program has.

use bfv_driver::{Frontend, Plugged, Search, from_source, plug};
use bfv_engine_native::{Arith, Asked, Auto, Exhibits, Native, Points};
use bfv_engine_z3::Z3;

const ENGINES: Plugged =
    Plugged { arith: &Arith, auto: &Auto, search: &[&Native], points: &Points, exhibits: &Exhibits };
/// The engines where z3 is asked for.
const WITH_Z3: Plugged = Plugged { search: &[&Native, &Asked(&Z3)], ..ENGINES };

/// The front end alone, for commands that search for nothing.
pub fn frontend() -> Box<dyn Frontend> {
    plug(ENGINES).0
}

/// The front end and the search.
pub fn both() -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug(ENGINES)
}

/// The front end and the search, which asks z3 where the native engine finds nothing.
pub fn with_z3() -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug(WITH_Z3)
}

/// The front end of the gate, which rests on no bundle.
pub fn source_frontend() -> Box<dyn Frontend> {
    from_source(ENGINES)
}
