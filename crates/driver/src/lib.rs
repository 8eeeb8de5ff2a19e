//! The straight line of check, the proof store and the gate
