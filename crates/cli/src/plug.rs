//! Front ends and searches over the engines that this program has.

use bfv_driver::{Frontend, Make, Plugged, Search, from_source, plug, plug_for};
use bfv_engines::ENGINES;

/// The front end alone, for commands that search for nothing.
pub fn frontend() -> Box<dyn Frontend> {
    plug(ENGINES).0
}

/// The front end and the search.
pub fn both() -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug(ENGINES)
}

/// What makes the front end and the search of a thread.
pub fn make(engines: Plugged) -> Box<Make<'static>> {
    Box::new(move |share| plug_for(engines, share))
}

/// The front end of the gate, which rests on no bundle.
pub fn source_frontend() -> Box<dyn Frontend> {
    from_source(ENGINES)
}
