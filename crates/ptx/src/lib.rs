//! Kernels in PTX, run on the CPU: thread by thread, one instruction after the other, as the manual of PTX (NVIDIA, Parallel Thread Execution ISA,
//! version 8.0, chapters 9.7.1 to 9.7.14) says what each does.
//!
//! So a kernel that was compiled for a card is compared with its definition on a machine without one. It knows the instructions over integers that kernels here are
//! made of, and refuses every other one when the text is read: nothing is skipped or guessed.
//!
//! It is stricter than a card. A read of what nobody wrote, an access outside of what was allocated or off its alignment, a division by zero, two threads
//! that touch a place without a barrier between them, and an instruction of a warp that not all of its threads reach are refused, with the line of the text.
//! So a run that ends says also that none of these happened on it.
//!
//! It says nothing about time, nor about what a driver makes of the text.
#![forbid(unsafe_code)]

mod fault;
mod instruction;
mod matrix;
mod memory;
mod read;
mod run;
mod value;

pub use fault::Fault;
pub use instruction::{Kernel, Module};
pub use memory::Memory;
pub use run::{Launch, launch};
