//! A machine that is not used any more once it has failed, and remembers why.

use crate::kernels::Kernel;
use crate::machine::{Argument, Machine, Start};
use bfv_exact::Refused;
use std::cell::RefCell;

/// A machine, until it fails. Whatever is asked of it afterwards is refused for the same reason, so no result is made of numbers from before and after.
pub struct Watched<'a, M> {
    machine: &'a M,
    failed: RefCell<Option<Refused>>,
}

impl<'a, M: Machine> Watched<'a, M> {
    /// A machine that has not failed.
    pub fn new(machine: &'a M) -> Self {
        Watched { machine, failed: RefCell::new(None) }
    }

    /// Why it has failed, where it has.
    pub fn failed(&self) -> Option<Refused> {
        self.failed.borrow().clone()
    }

    fn ask<T>(&self, run: impl FnOnce(&M) -> Result<T, Refused>) -> Result<T, Refused> {
        if let Some(why) = self.failed() {
            return Err(why);
        }
        run(self.machine).inspect_err(|why| {
            self.failed.replace(Some(why.clone()));
        })
    }
}

impl<M: Machine> Machine for Watched<'_, M> {
    type Memory = M::Memory;

    fn upload(&self, bytes: &[u8]) -> Result<M::Memory, Refused> {
        self.ask(|machine| machine.upload(bytes))
    }

    fn room(&self, bytes: usize) -> Result<M::Memory, Refused> {
        self.ask(|machine| machine.room(bytes))
    }

    fn write(&self, memory: &M::Memory, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.ask(|machine| machine.write(memory, at, bytes))
    }

    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, M::Memory>]) -> Result<(), Refused> {
        self.ask(|machine| machine.start(kernel, start, arguments))
    }

    fn download(&self, memory: &M::Memory) -> Result<Vec<u8>, Refused> {
        self.ask(|machine| machine.download(memory))
    }
}
