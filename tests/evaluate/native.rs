//! The native engine alone, as tests plug it in.

use bfv_driver::Plugged;
use bfv_engine_native::{Arith, Auto, Boxes, Exhibits, Native, Points};

/// The native engine alone, for what is elaborated or replayed in a test.
pub const NATIVE: Plugged = Plugged {
    arith: &Arith,
    auto: &Auto,
    boxes: &Boxes,
    search: &[&Native],
    points: &Points,
    exhibits: &Exhibits,
    statements: &Auto,
};
