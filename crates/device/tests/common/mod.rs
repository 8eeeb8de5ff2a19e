//! The interpreter of PTX as a machine: the launches and the texts are those of a card.

use bfv_device::kernels::{FILES, Kernel};
use bfv_device::{Argument, Machine, Start};
use bfv_exact::Refused;
use bfv_ptx::{Launch, Memory, Module, launch};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Instructions of one launch, far more than any here takes.
const STEPS: u64 = 1 << 32;

/// A place in the memory of the interpreter.
pub struct Place(usize);

pub struct Interpreter {
    kernels: BTreeMap<&'static str, bfv_ptx::Kernel>,
    memory: RefCell<Vec<Memory>>,
    /// Instructions so far.
    pub steps: Cell<u64>,
}

impl Interpreter {
    pub fn new() -> Interpreter {
        let text = |name: &str| FILES.iter().find(|f| f.name == name).unwrap().ptx.to_owned();
        Interpreter::of(text)
    }

    /// With other texts for the files.
    pub fn of(text: impl Fn(&str) -> String) -> Interpreter {
        let mut kernels = BTreeMap::new();
        for file in FILES {
            let module = Module::read(&text(file.name)).unwrap();
            let names: Vec<&str> = module.kernels().iter().map(bfv_ptx::Kernel::name).collect();
            assert_eq!(names, file.kernels.iter().map(|k| k.name()).collect::<Vec<_>>());
            for kernel in file.kernels {
                kernels.insert(kernel.name(), module.kernel(kernel.name()).unwrap().clone());
            }
        }
        Interpreter { kernels, memory: RefCell::new(Vec::new()), steps: Cell::new(0) }
    }

    fn place(&self, memory: Memory) -> Place {
        let mut all = self.memory.borrow_mut();
        all.push(memory);
        Place(all.len() - 1)
    }

    /// Forgets all memory, which nobody may use afterwards.
    #[allow(dead_code)]
    pub fn forget(&self) {
        self.memory.borrow_mut().clear();
    }
}

impl Machine for Interpreter {
    type Memory = Place;

    fn upload(&self, bytes: &[u8]) -> Result<Place, Refused> {
        Ok(self.place(Memory::new(bytes.to_vec())))
    }

    fn room(&self, bytes: usize) -> Result<Place, Refused> {
        Ok(self.place(Memory::unknown(bytes)))
    }

    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, Place>]) -> Result<(), Refused> {
        let arguments = arguments.iter().map(|argument| match argument {
            Argument::Memory(Place(piece)) => Launch::address(*piece),
            Argument::Nothing => 0,
            Argument::Word(n) => u64::from(*n),
            Argument::Long(n) => *n,
        });
        let how = Launch { grid: start.grid, block: start.block, arguments: arguments.collect(), steps: STEPS };
        let taken = launch(&self.kernels[kernel.name()], &how, &mut self.memory.borrow_mut());
        let taken = taken.map_err(|fault| Refused::new("the interpreter", fault.to_string()))?;
        self.steps.set(self.steps.get() + taken);
        Ok(())
    }

    fn download(&self, memory: &Place) -> Result<Vec<u8>, Refused> {
        let all = self.memory.borrow();
        let bytes = all[memory.0].bytes();
        bytes.map(<[u8]>::to_vec).ok_or_else(|| Refused::new("the interpreter", "a byte of a result was never written"))
    }
}
