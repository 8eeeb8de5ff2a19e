//! The interpreter of PTX as a machine: the launches and the texts are those of a card.

use bfv_device::kernels::{FILES, Kernel};
use bfv_device::{Argument, Machine, Start};
use bfv_exact::Refused;
use bfv_ptx::{Launch, Memory, Module, launch};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Instructions of one launch, far more than any here takes.
const STEPS: u64 = 1 << 32;

/// The memory of the interpreter: what is there, and which places are free.
#[derive(Default)]
struct All {
    memory: Vec<Memory>,
    free: Vec<usize>,
}

/// A place in the memory of the interpreter, which is free again when this ends.
pub struct Place {
    number: usize,
    all: Rc<RefCell<All>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.all.borrow_mut();
        all.memory[self.number] = Memory::unknown(0);
        all.free.push(self.number);
    }
}

pub struct Interpreter {
    kernels: BTreeMap<&'static str, bfv_ptx::Kernel>,
    all: Rc<RefCell<All>>,
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
        Interpreter { kernels, all: Rc::default(), steps: Cell::new(0) }
    }

    fn place(&self, memory: Memory) -> Place {
        let mut all = self.all.borrow_mut();
        let number = match all.free.pop() {
            Some(number) => {
                all.memory[number] = memory;
                number
            }
            None => {
                all.memory.push(memory);
                all.memory.len() - 1
            }
        };
        Place { number, all: Rc::clone(&self.all) }
    }

    /// The bytes that are taken.
    #[allow(dead_code)]
    pub fn taken(&self) -> usize {
        self.all.borrow().memory.iter().map(Memory::length).sum()
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

    fn write(&self, memory: &Place, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        let written = self.all.borrow_mut().memory[memory.number].write(at, bytes);
        written.map_err(|why| Refused::new("the interpreter", why))
    }

    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, Place>]) -> Result<(), Refused> {
        let arguments = arguments.iter().map(|argument| match argument {
            Argument::Memory(place) => Launch::address(place.number),
            Argument::Nothing => 0,
            Argument::Word(n) => u64::from(*n),
            Argument::Long(n) => *n,
        });
        let how = Launch { grid: start.grid, block: start.block, arguments: arguments.collect(), steps: STEPS };
        let taken = launch(&self.kernels[kernel.name()], &how, &mut self.all.borrow_mut().memory);
        let taken = taken.map_err(|fault| Refused::new("the interpreter", fault.to_string()))?;
        self.steps.set(self.steps.get() + taken);
        Ok(())
    }

    fn download(&self, memory: &Place) -> Result<Vec<u8>, Refused> {
        let all = self.all.borrow();
        let bytes = all.memory[memory.number].bytes();
        bytes.map(<[u8]>::to_vec).ok_or_else(|| Refused::new("the interpreter", "a byte of a result was never written"))
    }
}

/// The interpreter, with what is asked of it counted, and refused once where that is wished for.
pub struct Counted {
    pub inner: Interpreter,
    /// Calls so far.
    pub calls: Cell<u64>,
    /// The call that fails, from 0; those after it do not.
    pub fails: Cell<Option<u64>>,
    /// Bytes that were sent to it.
    pub sent: Cell<usize>,
}

#[allow(dead_code)]
impl Counted {
    pub fn new() -> Counted {
        Counted { inner: Interpreter::new(), calls: Cell::new(0), fails: Cell::new(None), sent: Cell::new(0) }
    }

    /// Lets this call fail, and counts from 0 again.
    pub fn failing(&self, call: Option<u64>) {
        self.fails.set(call);
        self.calls.set(0);
    }

    fn call(&self, sent: usize) -> Result<(), Refused> {
        let own = self.calls.replace(self.calls.get() + 1);
        self.sent.set(self.sent.get() + sent);
        if self.fails.get() == Some(own) { Err(Refused::new("the card", format!("call {own} fails"))) } else { Ok(()) }
    }
}

impl Machine for Counted {
    type Memory = Place;

    fn upload(&self, bytes: &[u8]) -> Result<Place, Refused> {
        self.call(bytes.len())?;
        self.inner.upload(bytes)
    }

    fn room(&self, bytes: usize) -> Result<Place, Refused> {
        self.call(0)?;
        self.inner.room(bytes)
    }

    fn write(&self, memory: &Place, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        self.call(bytes.len())?;
        self.inner.write(memory, at, bytes)
    }

    fn start(&self, kernel: Kernel, start: Start, arguments: &[Argument<'_, Place>]) -> Result<(), Refused> {
        self.call(0)?;
        self.inner.start(kernel, start, arguments)
    }

    fn download(&self, memory: &Place) -> Result<Vec<u8>, Refused> {
        self.call(0)?;
        self.inner.download(memory)
    }
}
