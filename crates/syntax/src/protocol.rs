//! Protocols: their blocks are found (`blocks`), read (`read`, `item`), checked as far as their names go (`check`), and rewritten
//! into ordinary declarations (`expand`), which the elaborator treats as any others. So a protocol adds nothing to what is trusted,
//! and each of its safety properties is a claim.

pub(crate) mod blocks;
mod check;
mod expand;
pub(crate) mod item;
mod map;
mod read;
mod words;
